-- +goose Up

-- One row per registry.Chunk; body is written by chunk.go. A partition per UTC
-- day, so that retention drops a table instead of deleting rows (partition.go).
-- No foreign key: 200 lookups per commit are taken once for all in
-- report_postgres.go, and DeleteDevice deletes by did.
CREATE TABLE report (
    did   TEXT COLLATE "C" NOT NULL,
    at    BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    body  TEXT   NOT NULL,
    PRIMARY KEY (did, at, batch)
) PARTITION BY RANGE (at);
CREATE TABLE report_default PARTITION OF report DEFAULT;

-- Every report rewrites twin rows in place: the room left in each page keeps
-- those updates out of the index.
CREATE TABLE twin (
    did         TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    siid        INTEGER NOT NULL,
    piid        INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    received_at BIGINT  NOT NULL,
    quality     TEXT    NOT NULL,
    PRIMARY KEY (did, siid, piid)
) WITH (fillfactor = 50);

CREATE TABLE violation (
    did      TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    day      BIGINT  NOT NULL,
    rule     TEXT COLLATE "C" NOT NULL,
    siid     INTEGER NOT NULL,
    iid      INTEGER NOT NULL,
    firmware TEXT COLLATE "C" NOT NULL,
    count    BIGINT  NOT NULL CHECK (count > 0),
    last_at  BIGINT  NOT NULL,
    last     BYTEA   NOT NULL, -- what a device sent need not be UTF-8
    PRIMARY KEY (did, day, rule, siid, iid, firmware)
);

CREATE TABLE bucket (
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    resolution TEXT COLLATE "C" NOT NULL CHECK (resolution IN ('hour', 'day')),
    start_at   BIGINT  NOT NULL,
    siid       INTEGER NOT NULL,
    piid       INTEGER NOT NULL,
    count      BIGINT  NOT NULL,
    min        DOUBLE PRECISION NOT NULL,
    max        DOUBLE PRECISION NOT NULL,
    mean       DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (did, resolution, start_at, siid, piid)
);

CREATE TABLE rolled_up (
    did  TEXT COLLATE "C" PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    upto BIGINT NOT NULL
);
