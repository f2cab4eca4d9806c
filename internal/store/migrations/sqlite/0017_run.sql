-- +goose Up
-- The results that stand in the transcripts of a run, as JSON: what has ended so far.
CREATE TABLE run_result (
    run  TEXT NOT NULL PRIMARY KEY REFERENCES run (id),
    at   INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- A file that answers a question of a run.
CREATE TABLE run_file (
    run        TEXT NOT NULL REFERENCES run (id),
    sha256     TEXT NOT NULL,
    name       TEXT NOT NULL,
    media      TEXT NOT NULL,
    size       INTEGER NOT NULL,
    by_account TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (run, sha256)
) STRICT;

-- Somebody wanted a run judged again, and what came of it.
CREATE TABLE run_judgement (
    id         TEXT NOT NULL PRIMARY KEY,
    run        TEXT NOT NULL REFERENCES run (id),
    by_account TEXT NOT NULL,
    at         INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX run_judgement_run ON run_judgement (run, id);

-- How often the secret of a submission's bench was changed. The secret itself is
-- nowhere: it follows from this and from the key of the bench.
CREATE TABLE bench_secret (
    submission TEXT NOT NULL PRIMARY KEY REFERENCES submission (id),
    version    INTEGER NOT NULL,
    rotated_by TEXT NOT NULL,
    rotated_at INTEGER NOT NULL
) STRICT;

-- Which keys the benches of this installation use: public keys of transcripts, and
-- the fingerprint of the key that secrets are made with, one for all nodes.
CREATE TABLE bench_key (
    kind    TEXT NOT NULL CHECK (kind IN ('transcript', 'secret')),
    name    TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;

-- Whoever begins or takes a run counts this first, so that limits hold exactly.
CREATE TABLE run_turn (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    taken INTEGER NOT NULL
) STRICT;
INSERT INTO run_turn (id, taken) VALUES (1, 0);
