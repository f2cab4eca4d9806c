-- +goose Up

CREATE TABLE home (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    discovery  INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id         TEXT NOT NULL PRIMARY KEY,
    home       TEXT NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (home, name)
) STRICT, WITHOUT ROWID;

-- ends_at: of a guest; 0 for the others.
CREATE TABLE home_member (
    home       TEXT NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    account    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'member', 'guest')),
    ends_at    INTEGER NOT NULL CHECK ((role = 'guest') = (ends_at <> 0)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (home, account)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX home_owner ON home_member (home) WHERE role = 'owner';
CREATE INDEX home_member_account ON home_member (account, home);

CREATE TABLE home_link (
    id         TEXT NOT NULL PRIMARY KEY,
    home       TEXT NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('member', 'guest')),
    ends_at    INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    used_by    TEXT NOT NULL,
    revoked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX home_link_home ON home_link (home, id);

-- reset_at: it asked in with its factory key after that was replaced.
ALTER TABLE device ADD COLUMN home TEXT REFERENCES home (id);
ALTER TABLE device ADD COLUMN room TEXT REFERENCES room (id) ON DELETE SET NULL;
ALTER TABLE device ADD COLUMN quarantined_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN quarantine TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN reset_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX device_home ON device (home, did) WHERE home IS NOT NULL;

-- kind: '' is a secret made here, factory the one that outlives a reset, key the SHA-256 of a certificate's public key.
ALTER TABLE credential ADD COLUMN kind TEXT NOT NULL DEFAULT '' CHECK (kind IN ('', 'factory', 'key'));

-- home: the one that a bridge's token is bound to. Never a foreign key: a token that lost its home must not reach further.
ALTER TABLE token ADD COLUMN home TEXT NOT NULL DEFAULT '';

CREATE TABLE claim_code (
    did        TEXT NOT NULL PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    salt       BLOB NOT NULL,
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    wrong      INTEGER NOT NULL,
    wrong_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE claim (
    id         TEXT NOT NULL PRIMARY KEY,
    did        TEXT NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    account    TEXT NOT NULL,
    home       TEXT NOT NULL,
    basis      TEXT NOT NULL CHECK (basis IN ('order', 'gift', 'retail', 'grey')),
    reason     TEXT NOT NULL,
    order_id   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    ended      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX claim_live ON claim (did) WHERE ended_at = 0;
CREATE INDEX claim_device ON claim (did, id);
CREATE INDEX claim_grey ON claim (id) WHERE basis = 'grey';

CREATE TABLE handover (
    id         TEXT NOT NULL PRIMARY KEY,
    did        TEXT NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    giver      TEXT NOT NULL,
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    used_by    TEXT NOT NULL,
    revoked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_device ON handover (did, id);

-- How many units of a product operators allowed, and how many were made.
CREATE TABLE factory_quota (
    product_id TEXT NOT NULL PRIMARY KEY REFERENCES product (id),
    granted    INTEGER NOT NULL,
    made       INTEGER NOT NULL CHECK (made >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE factory_grant (
    id         TEXT NOT NULL PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES product (id),
    units      INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX factory_grant_product ON factory_grant (product_id, id);

-- sealed: the manifest, encrypted to the factory; empty once it was handed over.
CREATE TABLE factory_batch (
    id           TEXT NOT NULL PRIMARY KEY,
    product_id   TEXT NOT NULL REFERENCES product (id),
    certificate  TEXT NOT NULL,
    units        INTEGER NOT NULL,
    recipient    TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('made', 'delivered', 'revoked', 'imported')),
    sealed       BLOB NOT NULL,
    sha256       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX factory_batch_product ON factory_batch (product_id, id);

CREATE TABLE factory_unit (
    did   TEXT NOT NULL PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    batch TEXT NOT NULL REFERENCES factory_batch (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX factory_unit_batch ON factory_unit (batch, did);

-- Connections of devices that connect often: what tells a clone.
CREATE TABLE sighting (
    did     TEXT NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    boot_at INTEGER NOT NULL,
    mac     TEXT NOT NULL,
    origin  TEXT NOT NULL,
    contested INTEGER NOT NULL,
    PRIMARY KEY (did, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX sighting_at ON sighting (at);
