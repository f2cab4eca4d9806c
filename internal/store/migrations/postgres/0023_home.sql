-- +goose Up

CREATE TABLE home (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT    NOT NULL,
    discovery  BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE room (
    id         TEXT COLLATE "C" PRIMARY KEY,
    home       TEXT COLLATE "C" NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (home, name)
);

-- ends_at: of a guest; 0 for the others.
CREATE TABLE home_member (
    home       TEXT COLLATE "C" NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    account    TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'member', 'guest')),
    ends_at    BIGINT NOT NULL CHECK ((role = 'guest') = (ends_at <> 0)),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (home, account)
);
CREATE UNIQUE INDEX home_owner ON home_member (home) WHERE role = 'owner';
CREATE INDEX home_member_account ON home_member (account, home);

CREATE TABLE home_link (
    id         TEXT COLLATE "C" PRIMARY KEY,
    home       TEXT COLLATE "C" NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('member', 'guest')),
    ends_at    BIGINT NOT NULL,
    hash       BYTEA  NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    used_by    TEXT COLLATE "C" NOT NULL,
    revoked_at BIGINT NOT NULL
);
CREATE INDEX home_link_home ON home_link (home, id);

-- reset_at: it asked in with its factory key after that was replaced.
ALTER TABLE device
    ADD COLUMN home           TEXT COLLATE "C" REFERENCES home (id),
    ADD COLUMN room           TEXT COLLATE "C" REFERENCES room (id) ON DELETE SET NULL,
    ADD COLUMN quarantined_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN quarantine     TEXT   NOT NULL DEFAULT '',
    ADD COLUMN reset_at       BIGINT NOT NULL DEFAULT 0;
CREATE INDEX device_home ON device (home, did) WHERE home IS NOT NULL;

-- kind: '' is a secret made here, factory the one that outlives a reset, key the SHA-256 of a certificate's public key.
ALTER TABLE credential
    ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (kind IN ('', 'factory', 'key'));

-- home: the one that a bridge's token is bound to. Never a foreign key: a token that lost its home must not reach further.
ALTER TABLE token
    ADD COLUMN home TEXT COLLATE "C" NOT NULL DEFAULT '';

CREATE TABLE claim_code (
    did        TEXT COLLATE "C" PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    salt       BYTEA  NOT NULL,
    hash       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    wrong      BIGINT NOT NULL,
    wrong_at   BIGINT NOT NULL
);

CREATE TABLE claim (
    id         TEXT COLLATE "C" PRIMARY KEY,
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    account    TEXT COLLATE "C" NOT NULL,
    home       TEXT COLLATE "C" NOT NULL,
    basis      TEXT COLLATE "C" NOT NULL CHECK (basis IN ('order', 'gift', 'retail', 'grey')),
    reason     TEXT   NOT NULL,
    order_id   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    ended      TEXT   NOT NULL
);
CREATE UNIQUE INDEX claim_live ON claim (did) WHERE ended_at = 0;
CREATE INDEX claim_device ON claim (did, id);
CREATE INDEX claim_grey ON claim (id) WHERE basis = 'grey';

CREATE TABLE handover (
    id         TEXT COLLATE "C" PRIMARY KEY,
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    giver      TEXT COLLATE "C" NOT NULL,
    hash       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    used_by    TEXT COLLATE "C" NOT NULL,
    revoked_at BIGINT NOT NULL
);
CREATE INDEX handover_device ON handover (did, id);

-- How many units of a product operators allowed, and how many were made.
CREATE TABLE factory_quota (
    product_id TEXT COLLATE "C" PRIMARY KEY REFERENCES product (id),
    granted    BIGINT NOT NULL,
    made       BIGINT NOT NULL CHECK (made >= 0)
);

CREATE TABLE factory_grant (
    id         TEXT COLLATE "C" PRIMARY KEY,
    product_id TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    units      BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    granted_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX factory_grant_product ON factory_grant (product_id, id);

-- sealed: the manifest, encrypted to the factory; empty once it was handed over.
CREATE TABLE factory_batch (
    id           TEXT COLLATE "C" PRIMARY KEY,
    product_id   TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    certificate  TEXT COLLATE "C" NOT NULL,
    units        BIGINT NOT NULL,
    recipient    TEXT   NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('made', 'delivered', 'revoked', 'imported')),
    sealed       BYTEA  NOT NULL,
    sha256       TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL
);
CREATE INDEX factory_batch_product ON factory_batch (product_id, id);

CREATE TABLE factory_unit (
    did   TEXT COLLATE "C" PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    batch TEXT COLLATE "C" NOT NULL REFERENCES factory_batch (id)
);
CREATE INDEX factory_unit_batch ON factory_unit (batch, did);

-- Connections of devices that connect often: what tells a clone.
CREATE TABLE sighting (
    did     TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    at      BIGINT NOT NULL,
    epoch   BIGINT NOT NULL,
    boot_at BIGINT NOT NULL,
    mac     TEXT   NOT NULL,
    origin  TEXT   NOT NULL,
    contested BOOLEAN NOT NULL,
    PRIMARY KEY (did, epoch)
);
CREATE INDEX sighting_at ON sighting (at);
