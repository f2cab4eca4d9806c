-- +goose Up

-- Since when a submission is in its state, and its class, for the queue.
ALTER TABLE submission
    ADD COLUMN since BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN class TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE submission SET since = updated_at;
CREATE INDEX submission_since ON submission (state, since, id);

-- Who was a member of the vendor at any time since a submission left its draft:
-- they never judge it.
CREATE TABLE submission_tie (
    submission TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    account    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (submission, account)
);

-- Who looks at what. It keeps nobody out.
CREATE TABLE review_claim (
    submission TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    reviewer   TEXT COLLATE "C" NOT NULL,
    since      BIGINT NOT NULL,
    PRIMARY KEY (submission, reviewer)
);
CREATE INDEX review_claim_reviewer ON review_claim (reviewer, submission);
