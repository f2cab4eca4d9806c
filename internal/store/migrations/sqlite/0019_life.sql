-- +goose Up

-- The newest signed status list; each node serves it from memory.
CREATE TABLE status_list (
    name      TEXT NOT NULL PRIMARY KEY,
    issued_at INTEGER NOT NULL,
    log_size  INTEGER NOT NULL,
    jws       TEXT NOT NULL
) STRICT;

-- The leaves of the log by the certificate that they tell of.
CREATE TABLE certificate_event (
    idx    INTEGER NOT NULL PRIMARY KEY REFERENCES log_leaf (idx),
    serial TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    region TEXT    NOT NULL
) STRICT;
CREATE INDEX certificate_event_serial ON certificate_event (serial, idx);
