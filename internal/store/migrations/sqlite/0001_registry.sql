-- +goose Up

CREATE TABLE product (
    id         TEXT    NOT NULL PRIMARY KEY,
    model      TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE spec_version (
    id         TEXT    NOT NULL PRIMARY KEY,
    product_id TEXT    NOT NULL REFERENCES product (id),
    version    INTEGER NOT NULL CHECK (version >= 1),
    urn        TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    document   BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (product_id, version),
    UNIQUE (product_id, id)
) STRICT;

-- A device's spec version is always one of its own product's.
CREATE TABLE device (
    did           TEXT    PRIMARY KEY,
    product_id    TEXT    NOT NULL REFERENCES product (id),
    spec_id       TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    parent        TEXT    REFERENCES device (did),
    name          TEXT    NOT NULL,
    info_model    TEXT    NOT NULL,
    info_firmware TEXT    NOT NULL,
    info_hardware TEXT    NOT NULL,
    info_raw      TEXT    NOT NULL,
    info_at       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    FOREIGN KEY (product_id, spec_id) REFERENCES spec_version (product_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_product ON device (product_id, did);
CREATE INDEX device_account ON device (account, did) WHERE account <> '';
CREATE INDEX device_parent ON device (parent, did) WHERE parent IS NOT NULL;

CREATE TABLE credential (
    id         TEXT    NOT NULL PRIMARY KEY,
    did        TEXT    NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    salt       BLOB    NOT NULL,
    hash       BLOB    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('active', 'retiring', 'revoked')),
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    CHECK ((state = 'revoked') = (revoked_at <> 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_device ON credential (did, id);

CREATE TABLE presence (
    did    TEXT    PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    online INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    node   TEXT    NOT NULL,
    epoch  INTEGER NOT NULL,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX presence_node ON presence (node) WHERE online;

CREATE TABLE node (
    id          TEXT    PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sequence (
    name TEXT    PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE desired (
    id         TEXT    NOT NULL PRIMARY KEY,
    did        TEXT    NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    siid       INTEGER NOT NULL,
    piid       INTEGER NOT NULL,
    value      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'met', 'overridden', 'expired', 'refused', 'replaced')),
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    CHECK ((state = 'open') = (ended_at = 0))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX desired_open ON desired (did, siid, piid) WHERE state = 'open';
CREATE INDEX desired_device ON desired (did);
CREATE INDEX desired_expiry ON desired (expires_at) WHERE state = 'open';

CREATE TABLE command (
    id         TEXT    NOT NULL PRIMARY KEY,
    did        TEXT    NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    method     TEXT    NOT NULL,
    params     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'done', 'rejected', 'expired')),
    result     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    CHECK ((state IN ('queued', 'sent')) = (ended_at = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX command_device ON command (did, created_at, id);
CREATE INDEX command_expiry ON command (expires_at) WHERE state IN ('queued', 'sent');
