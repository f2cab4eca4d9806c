-- +goose Up

-- One row per registry.Chunk; body is written by chunk.go. No foreign key:
-- DeleteDevice deletes by did, and InsertReport looks for the device itself.
-- With a rowid, although the others are without: rows are then appended, and only
-- the small key goes to the device's place. Clustered by device, each of the 200
-- rows of a commit dirties a page of its own, which cost 70 % in throughput.
CREATE TABLE report (
    did   TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    body  TEXT    NOT NULL,
    PRIMARY KEY (did, at, batch)
) STRICT;

CREATE TABLE twin (
    did         TEXT    NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    siid        INTEGER NOT NULL,
    piid        INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    quality     TEXT    NOT NULL,
    PRIMARY KEY (did, siid, piid)
) STRICT, WITHOUT ROWID;

CREATE TABLE violation (
    did      TEXT    NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    day      INTEGER NOT NULL,
    rule     TEXT    NOT NULL,
    siid     INTEGER NOT NULL,
    iid      INTEGER NOT NULL,
    firmware TEXT    NOT NULL,
    count    INTEGER NOT NULL CHECK (count > 0),
    last_at  INTEGER NOT NULL,
    last     BLOB    NOT NULL, -- what a device sent need not be UTF-8
    PRIMARY KEY (did, day, rule, siid, iid, firmware)
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket (
    did        TEXT    NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    resolution TEXT    NOT NULL CHECK (resolution IN ('hour', 'day')),
    start_at   INTEGER NOT NULL,
    siid       INTEGER NOT NULL,
    piid       INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    min        REAL    NOT NULL,
    max        REAL    NOT NULL,
    mean       REAL    NOT NULL,
    PRIMARY KEY (did, resolution, start_at, siid, piid)
) STRICT, WITHOUT ROWID;

CREATE TABLE rolled_up (
    did  TEXT    PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    upto INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
