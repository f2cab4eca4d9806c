-- +goose Up

-- What people decided. Rows are only ever added: the triggers see to that.
CREATE TABLE audit_entry (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    org     TEXT COLLATE "C" NOT NULL,
    detail  TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit_entry (subject, id);
CREATE INDEX audit_actor ON audit_entry (actor, id);
CREATE INDEX audit_org ON audit_entry (org, id) WHERE org <> '';

-- The chain over the committed entries, in the order in which they were found.
CREATE TABLE audit_link (
    seq   BIGINT NOT NULL PRIMARY KEY,
    entry TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES audit_entry (id),
    hash  BYTEA NOT NULL
);

-- What happened, for those outside: webhooks and mail.
CREATE TABLE notice (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind    TEXT COLLATE "C" NOT NULL,
    org     TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    data    TEXT NOT NULL
);
CREATE INDEX notice_subject ON notice (subject, id);
CREATE INDEX notice_org ON notice (org, id) WHERE org <> '';

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23514';
END $$;
-- +goose StatementEnd

CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE ON audit_link FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_no_truncate BEFORE TRUNCATE ON audit_link EXECUTE FUNCTION refuse_change();
