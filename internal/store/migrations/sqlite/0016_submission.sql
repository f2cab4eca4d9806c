-- +goose Up

-- Whose the model is: the first organisation that registers it; empty: nobody's,
-- which an operator may give away.
ALTER TABLE product ADD COLUMN org TEXT NOT NULL DEFAULT '';
CREATE INDEX product_org ON product (org, id) WHERE org <> '';

-- What screening found, at each time that a submission was screened.
CREATE TABLE screening (
    submission TEXT NOT NULL REFERENCES submission (id),
    rev        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (submission, rev)
) STRICT;

-- Keys with which organisations sign change statements.
CREATE TABLE vendor_key (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    thumbprint TEXT NOT NULL UNIQUE,
    revoked_at INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX vendor_key_org ON vendor_key (org, id);
