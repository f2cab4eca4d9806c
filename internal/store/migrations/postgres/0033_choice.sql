-- +goose Up

-- What a person is not to be mailed about; no row: they are. The key is what stands in
-- the links of their mails: who has it can end a topic, and nothing else.
CREATE TABLE mail_choice (
    account TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    topic   TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (account, topic)
);
CREATE TABLE mail_key (
    account TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES account (id),
    key     TEXT COLLATE "C" NOT NULL UNIQUE,
    at      BIGINT NOT NULL
);

-- Where a mail's topic can be ended; empty: it cannot.
ALTER TABLE mail_message ADD COLUMN unsubscribe TEXT COLLATE "C" NOT NULL DEFAULT '';

-- What the cases of a submission came to, for the reviewers' queue: as long as the
-- submission and its runs are those that were counted, with this release of the suite.
CREATE TABLE review_count (
    submission TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES submission (id),
    rev        BIGINT NOT NULL,
    runs       BIGINT NOT NULL,
    run_revs   BIGINT NOT NULL,
    suite      TEXT COLLATE "C" NOT NULL,
    counts     TEXT COLLATE "C" NOT NULL
);
