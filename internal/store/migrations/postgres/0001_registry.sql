-- +goose Up
-- Texts that are keys compare byte by byte (COLLATE "C"): as SQLite does, and
-- faster than any language's order.

CREATE TABLE product (
    id         TEXT COLLATE "C" PRIMARY KEY,
    model      TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE spec_version (
    id         TEXT COLLATE "C" PRIMARY KEY,
    product_id TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    version    INTEGER NOT NULL CHECK (version >= 1),
    urn        TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    document   BYTEA   NOT NULL,
    created_at BIGINT  NOT NULL,
    UNIQUE (product_id, version),
    UNIQUE (product_id, id)
);

-- A device's spec version is always one of its own product's.
CREATE TABLE device (
    did           TEXT COLLATE "C" PRIMARY KEY,
    product_id    TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    spec_id       TEXT COLLATE "C" NOT NULL,
    account       TEXT COLLATE "C" NOT NULL,
    parent        TEXT COLLATE "C" REFERENCES device (did),
    name          TEXT   NOT NULL,
    info_model    TEXT   NOT NULL,
    info_firmware TEXT   NOT NULL,
    info_hardware TEXT   NOT NULL,
    info_raw      TEXT   NOT NULL,
    info_at       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    FOREIGN KEY (product_id, spec_id) REFERENCES spec_version (product_id, id)
);
CREATE INDEX device_product ON device (product_id, did);
CREATE INDEX device_account ON device (account, did) WHERE account <> '';
CREATE INDEX device_parent ON device (parent, did) WHERE parent IS NOT NULL;

CREATE TABLE credential (
    id         TEXT COLLATE "C" PRIMARY KEY,
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    salt       BYTEA  NOT NULL,
    hash       BYTEA  NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('active', 'retiring', 'revoked')),
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    CHECK ((state = 'revoked') = (revoked_at <> 0))
);
CREATE INDEX credential_device ON credential (did, id);

CREATE TABLE presence (
    did    TEXT COLLATE "C" PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    online BOOLEAN NOT NULL,
    reason TEXT    NOT NULL,
    node   TEXT COLLATE "C" NOT NULL,
    epoch  BIGINT  NOT NULL,
    since  BIGINT  NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX presence_node ON presence (node) WHERE online;

CREATE TABLE node (
    id          TEXT COLLATE "C" PRIMARY KEY,
    started_at  BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
);

CREATE TABLE sequence (
    name TEXT COLLATE "C" PRIMARY KEY,
    next BIGINT NOT NULL
);

CREATE TABLE desired (
    id         TEXT COLLATE "C" PRIMARY KEY,
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    siid       INTEGER NOT NULL,
    piid       INTEGER NOT NULL,
    value      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'met', 'overridden', 'expired', 'refused', 'replaced')),
    reason     TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    ended_at   BIGINT  NOT NULL,
    CHECK ((state = 'open') = (ended_at = 0))
);
CREATE UNIQUE INDEX desired_open ON desired (did, siid, piid) WHERE state = 'open';
CREATE INDEX desired_device ON desired (did);
CREATE INDEX desired_expiry ON desired (expires_at) WHERE state = 'open';

CREATE TABLE command (
    id         TEXT COLLATE "C" PRIMARY KEY,
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    method     TEXT   NOT NULL,
    params     TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('queued', 'sent', 'done', 'rejected', 'expired')),
    result     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    CHECK ((state IN ('queued', 'sent')) = (ended_at = 0))
);
CREATE INDEX command_device ON command (did, created_at, id);
CREATE INDEX command_expiry ON command (expires_at) WHERE state IN ('queued', 'sent');
