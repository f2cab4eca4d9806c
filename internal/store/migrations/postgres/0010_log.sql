-- +goose Up

-- The transparency log. log_head is one row: whoever appends a leaf updates it
-- first, and so waits until the one before has committed. edge: the roots of the
-- complete subtrees, 32 bytes each; signed: the size of the newest checkpoint.
CREATE TABLE log_head (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL,
    size   BIGINT NOT NULL,
    edge   BYTEA NOT NULL,
    signed BIGINT NOT NULL
);
INSERT INTO log_head (id, origin, size, edge, signed) VALUES (1, '', 0, '', 0);

CREATE TABLE log_leaf (
    idx  BIGINT NOT NULL PRIMARY KEY,
    data BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

-- The hashes that the tiles above the lowest are made of.
CREATE TABLE log_node (
    level INTEGER NOT NULL CHECK (level >= 1),
    n     BIGINT NOT NULL,
    hash  BYTEA NOT NULL,
    PRIMARY KEY (level, n)
);

CREATE TABLE log_checkpoint (
    size      BIGINT NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    root      BYTEA NOT NULL,
    note      TEXT NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (size, key_id)
);

CREATE TRIGGER log_leaf_append_only BEFORE UPDATE OR DELETE ON log_leaf FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_leaf_no_truncate BEFORE TRUNCATE ON log_leaf EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_node_append_only BEFORE UPDATE OR DELETE ON log_node FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_node_no_truncate BEFORE TRUNCATE ON log_node EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_append_only BEFORE UPDATE OR DELETE ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_no_truncate BEFORE TRUNCATE ON log_checkpoint EXECUTE FUNCTION refuse_change();

-- The public halves of the keys that sign; the private ones are files. One key
-- per purpose is current: its ended_at is 0.
CREATE TABLE signing_key (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('certificate', 'log', 'status')),
    public     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    reason     TEXT NOT NULL
);
CREATE UNIQUE INDEX signing_key_current ON signing_key (purpose) WHERE ended_at = 0;

CREATE INDEX certificate_intended ON certificate (submission) WHERE state = 'intended';
