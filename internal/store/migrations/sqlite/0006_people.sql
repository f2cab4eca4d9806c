-- +goose Up

-- email is in its normal form, empty for the accounts of programs.
ALTER TABLE account ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN confirmed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN blocked_at INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX account_email ON account (email) WHERE email <> '';

-- In a table of its own, so that nothing that shows accounts reads it.
CREATE TABLE password (
    account TEXT    NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    hash    TEXT    NOT NULL,
    set_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an operator granted; the other roles follow from facts.
CREATE TABLE account_role (
    account    TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL CHECK (role IN ('operator', 'reviewer')),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (account, role)
) STRICT, WITHOUT ROWID;

-- Until now the scope operator made the operator.
INSERT INTO account_role (account, role, granted_at)
SELECT account, 'operator', MIN(created_at) FROM token
WHERE revoked_at = 0 AND ' ' || scopes || ' ' LIKE '% operator %' GROUP BY account;

-- Who a login service says somebody is.
CREATE TABLE identity (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    account    TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_account ON identity (account);

-- key: the hash of what the cookie holds. account is empty until somebody logged in.
CREATE TABLE session (
    key        TEXT    NOT NULL PRIMARY KEY,
    id         TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    data       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account, id) WHERE account <> '';
CREATE INDEX session_expiry ON session (expires_at);

-- What was mailed to somebody to prove that the address is theirs: used once.
CREATE TABLE mailed_code (
    id         TEXT    NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    purpose    TEXT    NOT NULL CHECK (purpose IN ('confirm', 'reset')),
    email      TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mailed_code_account ON mailed_code (account, purpose);
CREATE INDEX mailed_code_expiry ON mailed_code (expires_at);

CREATE TABLE org (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    legal_name TEXT    NOT NULL,
    country    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    blocked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    org     TEXT    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    account TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role    TEXT    NOT NULL CHECK (role IN ('owner', 'member')),
    since   INTEGER NOT NULL,
    PRIMARY KEY (org, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_account ON member (account, org);

CREATE TABLE invitation (
    id         TEXT    NOT NULL PRIMARY KEY,
    org        TEXT    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    email      TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'member')),
    invited_by TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'accepted', 'revoked')),
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    CHECK ((state = 'open') = (ended_at = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_org ON invitation (org, id);
CREATE UNIQUE INDEX invitation_open ON invitation (org, email) WHERE state = 'open';
