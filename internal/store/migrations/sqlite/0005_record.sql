-- +goose Up

-- What people decided. Rows are only ever added: the triggers see to that.
CREATE TABLE audit_entry (
    id      TEXT NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    org     TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit_entry (subject, id);
CREATE INDEX audit_actor ON audit_entry (actor, id);
CREATE INDEX audit_org ON audit_entry (org, id) WHERE org <> '';

-- The chain over the committed entries, in the order in which they were found.
CREATE TABLE audit_link (
    seq   INTEGER NOT NULL PRIMARY KEY,
    entry TEXT NOT NULL UNIQUE REFERENCES audit_entry (id),
    hash  BLOB NOT NULL
) STRICT;

-- What happened, for those outside: webhooks and mail.
CREATE TABLE notice (
    id      TEXT NOT NULL PRIMARY KEY,
    kind    TEXT NOT NULL,
    org     TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL,
    data    TEXT NOT NULL
) STRICT;
CREATE INDEX notice_subject ON notice (subject, id);
CREATE INDEX notice_org ON notice (org, id) WHERE org <> '';

-- +goose StatementBegin
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN
    SELECT RAISE(ABORT, 'audit_entry is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
BEGIN
    SELECT RAISE(ABORT, 'audit_entry is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_link_no_update BEFORE UPDATE ON audit_link
BEGIN
    SELECT RAISE(ABORT, 'audit_link is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_link_no_delete BEFORE DELETE ON audit_link
BEGIN
    SELECT RAISE(ABORT, 'audit_link is append-only');
END;
-- +goose StatementEnd
