-- +goose Up

-- Whose the model is: the first organisation that registers it; empty: nobody's,
-- which an operator may give away.
ALTER TABLE product ADD COLUMN org TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX product_org ON product (org, id) WHERE org <> '';

-- What screening found, at each time that a submission was screened.
CREATE TABLE screening (
    submission TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    rev        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (submission, rev)
);

-- Keys with which organisations sign change statements.
CREATE TABLE vendor_key (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    org        TEXT COLLATE "C" NOT NULL,
    thumbprint TEXT NOT NULL UNIQUE,
    revoked_at BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX vendor_key_org ON vendor_key (org, id);
