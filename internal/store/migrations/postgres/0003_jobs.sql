-- +goose Up

-- wake_at: when to look at it: due_at at first, then its next attempt, and while
-- it runs the end of its lease.
CREATE TABLE job (
    id           TEXT COLLATE "C" PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    payload      BYTEA   NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    due_at       BIGINT  NOT NULL,
    wake_at      BIGINT  NOT NULL,
    attempt      INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    holder       TEXT    NOT NULL,
    last_error   TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    ended_at     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX job_key ON job (kind, key) WHERE key <> '' AND state <> 'dead';
CREATE INDEX job_due ON job (kind, wake_at, id) WHERE state <> 'dead';

-- A named right that one process holds until it runs out.
CREATE TABLE lease (
    name        TEXT COLLATE "C" PRIMARY KEY,
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL
);

-- What happened, committed with the fact itself; jobs.Relay publishes and deletes.
CREATE TABLE outbox (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject    TEXT   NOT NULL,
    data       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);
