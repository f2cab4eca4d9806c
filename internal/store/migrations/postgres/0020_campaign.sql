-- +goose Up

-- What a campaign has beside what sells: docs/campaigns.md.
ALTER TABLE campaign ADD COLUMN category TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN spares BIGINT NOT NULL DEFAULT 0 CHECK (spares >= 0);
ALTER TABLE campaign ADD COLUMN reviewer TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN text_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE campaign ADD COLUMN published_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN words TEXT NOT NULL DEFAULT '';
CREATE INDEX campaign_model ON campaign (org, model);

-- A text as it was before it was changed, from the day of its publication on.
CREATE TABLE campaign_text (
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    version  BIGINT NOT NULL,
    author   TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    title    TEXT NOT NULL,
    category TEXT NOT NULL,
    page     TEXT NOT NULL,
    PRIMARY KEY (campaign, version)
);

-- Who belonged to the startup when it submitted: none of them reviews it, even if
-- he leaves before.
CREATE TABLE campaign_tie (
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    account  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (campaign, account)
);

CREATE TABLE campaign_update (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    number   BIGINT NOT NULL,
    author   TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    title    TEXT NOT NULL,
    body     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    UNIQUE (campaign, number),
    UNIQUE (author, campaign, key)
);

CREATE TABLE campaign_comment (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign  TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    thread    TEXT COLLATE "C" NOT NULL,
    author    TEXT COLLATE "C" NOT NULL,
    role      TEXT NOT NULL CHECK (role IN ('backer', 'startup')),
    key       TEXT COLLATE "C" NOT NULL,
    body      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    hidden_by TEXT COLLATE "C" NOT NULL,
    hidden_at BIGINT NOT NULL,
    reason    TEXT NOT NULL,
    UNIQUE (author, campaign, key)
);
CREATE INDEX campaign_comment_thread ON campaign_comment (campaign, thread, id);

-- Who wants to know when a campaign opens: an account, or an address.
CREATE TABLE campaign_interest (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    account  TEXT COLLATE "C" NOT NULL,
    email    TEXT NOT NULL,
    at       BIGINT NOT NULL,
    CHECK ((account = '') <> (email = '')),
    UNIQUE (campaign, account, email)
);

-- That an operator has seen who a startup is.
CREATE TABLE startup_identity (
    org          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    legal_name   TEXT NOT NULL,
    registration TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    verified_by  TEXT COLLATE "C" NOT NULL,
    verified_at  BIGINT NOT NULL,
    withdrawn_at BIGINT NOT NULL,
    reason       TEXT NOT NULL
);
