-- +goose Up
-- The results that stand in the transcripts of a run, as JSON: what has ended so far.
CREATE TABLE run_result (
    run  TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES run (id),
    at   BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- A file that answers a question of a run.
CREATE TABLE run_file (
    run        TEXT COLLATE "C" NOT NULL REFERENCES run (id),
    sha256     TEXT NOT NULL,
    name       TEXT NOT NULL,
    media      TEXT NOT NULL,
    size       BIGINT NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (run, sha256)
);

-- Somebody wanted a run judged again, and what came of it.
CREATE TABLE run_judgement (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    run        TEXT COLLATE "C" NOT NULL REFERENCES run (id),
    by_account TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX run_judgement_run ON run_judgement (run, id);

-- How often the secret of a submission's bench was changed. The secret itself is
-- nowhere: it follows from this and from the key of the bench.
CREATE TABLE bench_secret (
    submission TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES submission (id),
    version    INTEGER NOT NULL,
    rotated_by TEXT COLLATE "C" NOT NULL,
    rotated_at BIGINT NOT NULL
);

-- Which keys the benches of this installation use: public keys of transcripts, and
-- the fingerprint of the key that secrets are made with, one for all nodes.
CREATE TABLE bench_key (
    kind    TEXT NOT NULL CHECK (kind IN ('transcript', 'secret')),
    name    TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Whoever begins or takes a run counts this first, so that limits hold exactly.
CREATE TABLE run_turn (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    taken BIGINT NOT NULL
);
INSERT INTO run_turn (id, taken) VALUES (1, 0);
