-- +goose Up

-- The transparency log. log_head is one row. edge: the roots of the complete
-- subtrees, 32 bytes each; signed: the size of the newest checkpoint.
CREATE TABLE log_head (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT    NOT NULL,
    size   INTEGER NOT NULL,
    edge   BLOB    NOT NULL,
    signed INTEGER NOT NULL
) STRICT;
INSERT INTO log_head (id, origin, size, edge, signed) VALUES (1, '', 0, x'', 0);

CREATE TABLE log_leaf (
    idx  INTEGER NOT NULL PRIMARY KEY,
    data BLOB    NOT NULL,
    hash BLOB    NOT NULL
) STRICT;

-- The hashes that the tiles above the lowest are made of.
CREATE TABLE log_node (
    level INTEGER NOT NULL CHECK (level >= 1),
    n     INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_checkpoint (
    size      INTEGER NOT NULL,
    key_id    TEXT    NOT NULL,
    root      BLOB    NOT NULL,
    note      TEXT    NOT NULL,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (size, key_id)
) STRICT;

-- The public halves of the keys that sign; the private ones are files. One key
-- per purpose is current: its ended_at is 0.
CREATE TABLE signing_key (
    id         TEXT    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL CHECK (purpose IN ('certificate', 'log', 'status')),
    public     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    reason     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_key_current ON signing_key (purpose) WHERE ended_at = 0;

-- +goose StatementBegin
CREATE TRIGGER log_leaf_no_update BEFORE UPDATE ON log_leaf
BEGIN
    SELECT RAISE(ABORT, 'log_leaf is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_leaf_no_delete BEFORE DELETE ON log_leaf
BEGIN
    SELECT RAISE(ABORT, 'log_leaf is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_node_no_update BEFORE UPDATE ON log_node
BEGIN
    SELECT RAISE(ABORT, 'log_node is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_node_no_delete BEFORE DELETE ON log_node
BEGIN
    SELECT RAISE(ABORT, 'log_node is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_checkpoint_no_update BEFORE UPDATE ON log_checkpoint
BEGIN
    SELECT RAISE(ABORT, 'log_checkpoint is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_checkpoint_no_delete BEFORE DELETE ON log_checkpoint
BEGIN
    SELECT RAISE(ABORT, 'log_checkpoint is append-only');
END;
-- +goose StatementEnd

CREATE INDEX certificate_intended ON certificate (submission) WHERE state = 'intended';
