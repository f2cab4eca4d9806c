-- +goose Up

-- wake_at: when to look at it: due_at at first, then its next attempt, and while
-- it runs the end of its lease.
CREATE TABLE job (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    payload      BLOB    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    due_at       INTEGER NOT NULL,
    wake_at      INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    holder       TEXT    NOT NULL,
    last_error   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_key ON job (kind, key) WHERE key <> '' AND state <> 'dead';
CREATE INDEX job_due ON job (kind, wake_at, id) WHERE state <> 'dead';

-- A named right that one process holds until it runs out.
CREATE TABLE lease (
    name        TEXT    PRIMARY KEY,
    holder      TEXT    NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, committed with the fact itself; jobs.Relay publishes and deletes.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    subject    TEXT    NOT NULL,
    data       BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
