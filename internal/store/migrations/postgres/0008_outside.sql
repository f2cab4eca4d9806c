-- +goose Up

-- Who else wants to hear. org is empty for the operators' endpoints, which hear
-- everything. kinds: words separated by one space. secret and former are sealed
-- (internal/webhook); nonce and earlier are the last two challenges. lane_holder
-- has a request to the endpoint under way until lane_free_at.
CREATE TABLE webhook_endpoint (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    org          TEXT COLLATE "C" NOT NULL,
    url          TEXT   NOT NULL,
    kinds        TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('pending', 'active', 'disabled')),
    reason       TEXT   NOT NULL,
    created_by   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    secret       BYTEA  NOT NULL,
    former       BYTEA  NOT NULL,
    former_ends_at BIGINT NOT NULL,
    nonce        TEXT   NOT NULL,
    earlier      TEXT   NOT NULL,
    issued_at    BIGINT NOT NULL,
    sequence     BIGINT NOT NULL,
    failing_at   BIGINT NOT NULL,
    lane_holder  TEXT   NOT NULL,
    lane_free_at   BIGINT NOT NULL
);
CREATE INDEX webhook_endpoint_org ON webhook_endpoint (org, id);

-- One notice on its way to one endpoint. due_at: of the next attempt while it waits.
CREATE TABLE webhook_delivery (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    endpoint   TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    notice     TEXT COLLATE "C" NOT NULL,
    kind       TEXT    NOT NULL,
    sequence   BIGINT  NOT NULL,
    body       BYTEA   NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts   INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    due_at     BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    ended_at   BIGINT  NOT NULL,
    UNIQUE (endpoint, notice),
    UNIQUE (endpoint, sequence)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint, due_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_old ON webhook_delivery (created_at);

CREATE TABLE webhook_attempt (
    delivery TEXT COLLATE "C" NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    at       BIGINT  NOT NULL,
    took     BIGINT  NOT NULL,
    status   INTEGER NOT NULL,
    error    TEXT    NOT NULL,
    response TEXT    NOT NULL,
    PRIMARY KEY (delivery, number)
);

-- Mail, before and after it was sent. The text is emptied after 30 days.
CREATE TABLE mail_message (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    key        TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    recipient  TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'kept')),
    attempts   INTEGER NOT NULL,
    last_error TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    sent_at    BIGINT  NOT NULL
);
CREATE UNIQUE INDEX mail_message_key ON mail_message (key) WHERE key <> '';
CREATE INDEX mail_message_account ON mail_message (account, id);
CREATE INDEX mail_message_old ON mail_message (created_at) WHERE body <> '';
