-- +goose Up

-- Since when a submission is in its state, and its class, for the queue.
ALTER TABLE submission ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submission ADD COLUMN class TEXT NOT NULL DEFAULT '';
UPDATE submission SET since = updated_at;
CREATE INDEX submission_since ON submission (state, since, id);

-- Who was a member of the vendor at any time since a submission left its draft:
-- they never judge it.
CREATE TABLE submission_tie (
    submission TEXT NOT NULL REFERENCES submission (id),
    account    TEXT NOT NULL,
    PRIMARY KEY (submission, account)
) STRICT, WITHOUT ROWID;

-- Who looks at what. It keeps nobody out.
CREATE TABLE review_claim (
    submission TEXT    NOT NULL REFERENCES submission (id),
    reviewer   TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    PRIMARY KEY (submission, reviewer)
) STRICT, WITHOUT ROWID;
CREATE INDEX review_claim_reviewer ON review_claim (reviewer, submission);
