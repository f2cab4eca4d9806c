-- +goose Up

-- The newest signed status list; each node serves it from memory.
CREATE TABLE status_list (
    name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    issued_at BIGINT NOT NULL,
    log_size  BIGINT NOT NULL,
    jws       TEXT NOT NULL
);

-- The leaves of the log by the certificate that they tell of.
CREATE TABLE certificate_event (
    idx    BIGINT NOT NULL PRIMARY KEY REFERENCES log_leaf (idx),
    serial TEXT COLLATE "C" NOT NULL,
    kind   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    reason TEXT   NOT NULL,
    region TEXT   NOT NULL
);
CREATE INDEX certificate_event_serial ON certificate_event (serial, idx);
