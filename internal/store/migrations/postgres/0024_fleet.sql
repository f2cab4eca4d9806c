-- +goose Up

-- What a delivered device did, per rule: one row per device and rule, that of its
-- last day, so that a device counts once a day however many nodes saw it. The
-- rule '' says that it was there: one trial of every rule. Rewritten in place
-- once a day and device, hence the room.
CREATE TABLE field_device (
    did      TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    rule     TEXT COLLATE "C" NOT NULL,
    product  TEXT COLLATE "C" NOT NULL,
    firmware TEXT COLLATE "C" NOT NULL,
    day      BIGINT  NOT NULL,
    siid     INTEGER NOT NULL,
    iid      INTEGER NOT NULL,
    count    BIGINT  NOT NULL,
    last_at  BIGINT  NOT NULL,
    last     BYTEA   NOT NULL, -- what a device sent need not be UTF-8
    PRIMARY KEY (did, rule)
) WITH (fillfactor = 80);
CREATE INDEX field_device_cell ON field_device (product, firmware, rule, day);

-- Device-days of a product, firmware and rule, and how often it happened.
CREATE TABLE field_count (
    product  TEXT COLLATE "C" NOT NULL,
    firmware TEXT COLLATE "C" NOT NULL,
    rule     TEXT COLLATE "C" NOT NULL,
    day      BIGINT NOT NULL,
    devices  BIGINT NOT NULL,
    events   BIGINT NOT NULL,
    PRIMARY KEY (product, day, firmware, rule)
);

-- By what name a startup knows a device whose owner did not consent.
CREATE TABLE field_alias (
    did   TEXT COLLATE "C" PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    alias TEXT COLLATE "C" NOT NULL UNIQUE
);

-- The owner who lets the maker see which device it is; it ends with the ownership.
CREATE TABLE field_consent (
    did     TEXT COLLATE "C" PRIMARY KEY REFERENCES device (did) ON DELETE CASCADE,
    account TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL
);

CREATE TABLE field_flag (
    id       TEXT COLLATE "C" PRIMARY KEY,
    product  TEXT COLLATE "C" NOT NULL,
    model    TEXT COLLATE "C" NOT NULL,
    firmware TEXT COLLATE "C" NOT NULL,
    rule     TEXT COLLATE "C" NOT NULL,
    org      TEXT COLLATE "C" NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('open', 'dismissed', 'upheld')),
    rev      BIGINT NOT NULL,
    body     TEXT   NOT NULL
);
CREATE UNIQUE INDEX field_flag_open ON field_flag (product, firmware, rule) WHERE state = 'open';
CREATE INDEX field_flag_product ON field_flag (product, id);
CREATE INDEX field_flag_state ON field_flag (state, id);

-- Images of a product. What is announced has a signed statement and no bytes yet.
CREATE TABLE firmware (
    id      TEXT COLLATE "C" PRIMARY KEY,
    product TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    version TEXT COLLATE "C" NOT NULL,
    sha256  TEXT COLLATE "C" NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('announced', 'stored', 'revoked')),
    rev     BIGINT NOT NULL,
    body    TEXT   NOT NULL,
    UNIQUE (product, version),
    UNIQUE (product, sha256)
);

CREATE TABLE rollout (
    id       TEXT COLLATE "C" PRIMARY KEY,
    product  TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    firmware TEXT COLLATE "C" NOT NULL REFERENCES firmware (id),
    state    TEXT   NOT NULL CHECK (state IN ('preparing', 'running', 'paused', 'stopped', 'done')),
    rev      BIGINT NOT NULL,
    body     TEXT   NOT NULL
);
CREATE UNIQUE INDEX rollout_live ON rollout (product) WHERE state IN ('preparing', 'running', 'paused');
CREATE INDEX rollout_product ON rollout (product, id);
CREATE INDEX rollout_state ON rollout (state, id);

CREATE TABLE rollout_device (
    rollout    TEXT COLLATE "C" NOT NULL REFERENCES rollout (id),
    did        TEXT COLLATE "C" NOT NULL REFERENCES device (did) ON DELETE CASCADE,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'offered', 'done', 'failed')),
    cohort     INTEGER NOT NULL, -- 0 to 9999: the wave that reaches it
    attempt    INTEGER NOT NULL,
    refusals   INTEGER NOT NULL, -- how often it said that it is busy since the last attempt
    due_at     BIGINT  NOT NULL,
    offered_at BIGINT  NOT NULL,
    token      TEXT COLLATE "C" NOT NULL, -- SHA-256 of what the URL names
    progress   INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    before     TEXT    NOT NULL, -- the firmware it had
    PRIMARY KEY (rollout, did)
) WITH (fillfactor = 80);
CREATE INDEX rollout_device_due ON rollout_device (rollout, state, due_at);
CREATE INDEX rollout_device_did ON rollout_device (did);
CREATE UNIQUE INDEX rollout_device_token ON rollout_device (token) WHERE token <> '';
