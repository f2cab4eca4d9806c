-- +goose Up
-- Of each thing the columns are what is looked for and what a change must find as
-- it was; body is the whole thing as JSON, but for the spec of a submission, which
-- JSON would not keep byte by byte. rev counts the changes.

CREATE TABLE submission (
    id              TEXT NOT NULL PRIMARY KEY,
    org             TEXT NOT NULL,
    model           TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'screening', 'testing', 'review', 'changes-requested',
                        'approved', 'issuing', 'certified', 'rejected', 'withdrawn')),
    round           INTEGER NOT NULL CHECK (round >= 1),
    rev             INTEGER NOT NULL,
    firmware_sha256 TEXT NOT NULL,
    spec_sha256     TEXT NOT NULL,
    previous        TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    submitted_at    INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    spec            BLOB NOT NULL,
    body            TEXT NOT NULL
) STRICT;
CREATE INDEX submission_org ON submission (org, id);
CREATE INDEX submission_state ON submission (state, submitted_at, id);
CREATE INDEX submission_model ON submission (model, id);

CREATE TABLE document (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    submission TEXT NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    media      TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    by_account TEXT NOT NULL,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX document_submission ON document (submission, id) WHERE submission <> '';
CREATE INDEX document_org ON document (org, id);
CREATE INDEX document_sha256 ON document (sha256);

-- One live run per submission and plan. node holds its evidence: the node that runs
-- it, or ran it and has not stored it yet; no other takes it up. cancel_by asks the
-- node to end it.
CREATE TABLE run (
    id          TEXT NOT NULL PRIMARY KEY,
    submission  TEXT NOT NULL REFERENCES submission (id),
    org         TEXT NOT NULL,
    round       INTEGER NOT NULL,
    plan        TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'waiting-for-device', 'running', 'waiting-for-operator', 'interrupted',
                    'finished', 'cancelled')),
    rev         INTEGER NOT NULL,
    node        TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    cancel_by   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    body        TEXT NOT NULL,
    UNIQUE (submission, round, plan, attempt)
) STRICT;
CREATE UNIQUE INDEX run_live ON run (submission, plan) WHERE state NOT IN ('finished', 'cancelled');
CREATE INDEX run_state ON run (state, id);
CREATE INDEX run_org ON run (org, id);

-- What a run asks a person, and what was answered.
CREATE TABLE run_question (
    id          TEXT NOT NULL PRIMARY KEY,
    run         TEXT NOT NULL REFERENCES run (id),
    state       TEXT NOT NULL CHECK (state IN ('open', 'answered', 'expired')),
    asked_at    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    answered_by TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT;
CREATE INDEX run_question_run ON run_question (run, id);

CREATE TABLE decision (
    submission TEXT NOT NULL REFERENCES submission (id),
    round      INTEGER NOT NULL,
    reviewer   TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('approve', 'request-changes', 'reject')),
    evidence   TEXT NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (submission, round, reviewer)
) STRICT;

-- Comments, checklist marks and accepted REVIEW verdicts.
CREATE TABLE review_entry (
    id         TEXT NOT NULL PRIMARY KEY,
    submission TEXT NOT NULL REFERENCES submission (id),
    round      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    item       TEXT NOT NULL,
    author     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX review_entry_submission ON review_entry (submission, id);

CREATE TABLE waiver (
    id          TEXT NOT NULL PRIMARY KEY,
    submission  TEXT NOT NULL REFERENCES submission (id),
    requirement TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused', 'ended')),
    proposed_by TEXT NOT NULL,
    decided_by  TEXT NOT NULL,
    ends_at     INTEGER NOT NULL,
    body        TEXT NOT NULL,
    CHECK (decided_by = '' OR decided_by <> proposed_by)
) STRICT;
CREATE INDEX waiver_submission ON waiver (submission, id);
CREATE INDEX waiver_end ON waiver (ends_at) WHERE state = 'approved';

-- At most one certificate per submission, whatever crashes. While it is only
-- intended, state is 'intended' and it is nobody's certificate.
CREATE TABLE certificate (
    serial     TEXT NOT NULL PRIMARY KEY,
    submission TEXT NOT NULL UNIQUE REFERENCES submission (id),
    org        TEXT NOT NULL,
    model      TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('intended', 'active', 'suspended', 'superseded', 'expired', 'withdrawn', 'revoked')),
    since      INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    log_index  INTEGER NOT NULL,
    payload    TEXT NOT NULL,
    jws        TEXT NOT NULL,
    body       TEXT NOT NULL,
    words      TEXT NOT NULL -- what it is found by, in lower case
) STRICT;
CREATE INDEX certificate_model ON certificate (model, serial);
CREATE INDEX certificate_org ON certificate (org, serial);
CREATE INDEX certificate_expiry ON certificate (expires_at) WHERE state IN ('active', 'suspended');

CREATE TABLE certificate_condition (
    id     TEXT NOT NULL PRIMARY KEY,
    serial TEXT NOT NULL REFERENCES certificate (serial),
    due_at INTEGER NOT NULL,
    met_at INTEGER NOT NULL,
    missed_at INTEGER NOT NULL,
    body   TEXT NOT NULL
) STRICT;
CREATE INDEX certificate_condition_open ON certificate_condition (due_at) WHERE met_at = 0 AND missed_at = 0;

-- What the law of a region asks for: BIS CRS, WPC ETA, CCC, CE/RED, FCC.
CREATE TABLE regulatory_document (
    id                 TEXT NOT NULL PRIMARY KEY,
    org                TEXT NOT NULL,
    region             TEXT NOT NULL,
    scheme             TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('submitted', 'verified', 'refused', 'expired', 'withdrawn')),
    rev                INTEGER NOT NULL,
    issued_at          INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    surveillance_due_at INTEGER NOT NULL,
    body               TEXT NOT NULL
) STRICT;
CREATE INDEX regulatory_document_org ON regulatory_document (org, region, id);
CREATE INDEX regulatory_document_expiry ON regulatory_document (expires_at) WHERE state = 'verified';
