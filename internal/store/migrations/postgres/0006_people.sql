-- +goose Up

-- email is in its normal form, empty for the accounts of programs.
ALTER TABLE account
    ADD COLUMN email        TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN blocked_at   BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX account_email ON account (email) WHERE email <> '';

-- In a table of its own, so that nothing that shows accounts reads it.
CREATE TABLE password (
    account TEXT COLLATE "C" PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    hash    TEXT   NOT NULL,
    set_at  BIGINT NOT NULL
);

-- What an operator granted; the other roles follow from facts.
CREATE TABLE account_role (
    account    TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('operator', 'reviewer')),
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (account, role)
);

-- Until now the scope operator made the operator.
INSERT INTO account_role (account, role, granted_at)
SELECT account, 'operator', MIN(created_at) FROM token
WHERE revoked_at = 0 AND ' ' || scopes || ' ' LIKE '% operator %' GROUP BY account;

-- Who a login service says somebody is.
CREATE TABLE identity (
    issuer     TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identity_account ON identity (account);

-- key: the hash of what the cookie holds. account is empty until somebody logged in.
CREATE TABLE session (
    key        TEXT COLLATE "C" PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    data       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address    TEXT   NOT NULL,
    agent      TEXT   NOT NULL
);
CREATE INDEX session_account ON session (account, id) WHERE account <> '';
CREATE INDEX session_expiry ON session (expires_at);

-- What was mailed to somebody to prove that the address is theirs: used once.
CREATE TABLE mailed_code (
    id         TEXT COLLATE "C" PRIMARY KEY,
    account    TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    purpose    TEXT   NOT NULL CHECK (purpose IN ('confirm', 'reset')),
    email      TEXT COLLATE "C" NOT NULL,
    hash       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX mailed_code_account ON mailed_code (account, purpose);
CREATE INDEX mailed_code_expiry ON mailed_code (expires_at);

CREATE TABLE org (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT   NOT NULL,
    legal_name TEXT   NOT NULL,
    country    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    blocked_at BIGINT NOT NULL
);

CREATE TABLE member (
    org     TEXT COLLATE "C" NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role    TEXT   NOT NULL CHECK (role IN ('owner', 'member')),
    since   BIGINT NOT NULL,
    PRIMARY KEY (org, account)
);
CREATE INDEX member_account ON member (account, org);

CREATE TABLE invitation (
    id         TEXT COLLATE "C" PRIMARY KEY,
    org        TEXT COLLATE "C" NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    email      TEXT COLLATE "C" NOT NULL,
    role       TEXT   NOT NULL CHECK (role IN ('owner', 'member')),
    invited_by TEXT COLLATE "C" NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('open', 'accepted', 'revoked')),
    hash       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    CHECK ((state = 'open') = (ended_at = 0))
);
CREATE INDEX invitation_org ON invitation (org, id);
CREATE UNIQUE INDEX invitation_open ON invitation (org, email) WHERE state = 'open';
