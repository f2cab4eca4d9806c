-- +goose Up

-- What a person is not to be mailed about; no row: they are. The key is what stands in
-- the links of their mails: who has it can end a topic, and nothing else.
CREATE TABLE mail_choice (
    account TEXT    NOT NULL REFERENCES account (id),
    topic   TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, topic)
) STRICT, WITHOUT ROWID;
CREATE TABLE mail_key (
    account TEXT    NOT NULL PRIMARY KEY REFERENCES account (id),
    key     TEXT    NOT NULL UNIQUE,
    at      INTEGER NOT NULL
) STRICT;

-- Where a mail's topic can be ended; empty: it cannot.
ALTER TABLE mail_message ADD COLUMN unsubscribe TEXT NOT NULL DEFAULT '';

-- What the cases of a submission came to, for the reviewers' queue: as long as the
-- submission and its runs are those that were counted, with this release of the suite.
CREATE TABLE review_count (
    submission TEXT    NOT NULL PRIMARY KEY REFERENCES submission (id),
    rev        INTEGER NOT NULL,
    runs       INTEGER NOT NULL,
    run_revs   INTEGER NOT NULL,
    suite      TEXT    NOT NULL,
    counts     TEXT    NOT NULL
) STRICT;
