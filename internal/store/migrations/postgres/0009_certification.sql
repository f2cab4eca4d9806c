-- +goose Up
-- Of each thing the columns are what is looked for and what a change must find as
-- it was; body is the whole thing as JSON, but for the spec of a submission, which
-- JSON would not keep byte by byte. rev counts the changes.

CREATE TABLE submission (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    org             TEXT COLLATE "C" NOT NULL,
    model           TEXT COLLATE "C" NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'screening', 'testing', 'review', 'changes-requested',
                        'approved', 'issuing', 'certified', 'rejected', 'withdrawn')),
    round           INTEGER NOT NULL CHECK (round >= 1),
    rev             BIGINT NOT NULL,
    firmware_sha256 TEXT NOT NULL,
    spec_sha256     TEXT NOT NULL,
    previous        TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    submitted_at    BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    spec            BYTEA NOT NULL,
    body            TEXT NOT NULL
);
CREATE INDEX submission_org ON submission (org, id);
CREATE INDEX submission_state ON submission (state, submitted_at, id);
CREATE INDEX submission_model ON submission (model, id);

CREATE TABLE document (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    org        TEXT COLLATE "C" NOT NULL,
    submission TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    media      TEXT NOT NULL,
    size       BIGINT NOT NULL,
    sha256     TEXT NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX document_submission ON document (submission, id) WHERE submission <> '';
CREATE INDEX document_org ON document (org, id);
CREATE INDEX document_sha256 ON document (sha256);

-- One live run per submission and plan. node holds its evidence: the node that runs
-- it, or ran it and has not stored it yet; no other takes it up. cancel_by asks the
-- node to end it.
CREATE TABLE run (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    submission  TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    org         TEXT COLLATE "C" NOT NULL,
    round       INTEGER NOT NULL,
    plan        TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'waiting-for-device', 'running', 'waiting-for-operator', 'interrupted',
                    'finished', 'cancelled')),
    rev         BIGINT NOT NULL,
    node        TEXT COLLATE "C" NOT NULL,
    lease_until BIGINT NOT NULL,
    cancel_by   TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    body        TEXT NOT NULL,
    UNIQUE (submission, round, plan, attempt)
);
CREATE UNIQUE INDEX run_live ON run (submission, plan) WHERE state NOT IN ('finished', 'cancelled');
CREATE INDEX run_state ON run (state, id);
CREATE INDEX run_org ON run (org, id);

-- What a run asks a person, and what was answered.
CREATE TABLE run_question (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    run         TEXT COLLATE "C" NOT NULL REFERENCES run (id),
    state       TEXT NOT NULL CHECK (state IN ('open', 'answered', 'expired')),
    asked_at    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    answered_by TEXT COLLATE "C" NOT NULL,
    body        TEXT NOT NULL
);
CREATE INDEX run_question_run ON run_question (run, id);

CREATE TABLE decision (
    submission TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    round      INTEGER NOT NULL,
    reviewer   TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('approve', 'request-changes', 'reject')),
    evidence   TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (submission, round, reviewer)
);

-- Comments, checklist marks and accepted REVIEW verdicts.
CREATE TABLE review_entry (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    submission TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    round      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    item       TEXT COLLATE "C" NOT NULL,
    author     TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX review_entry_submission ON review_entry (submission, id);

CREATE TABLE waiver (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    submission  TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
    requirement TEXT COLLATE "C" NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused', 'ended')),
    proposed_by TEXT COLLATE "C" NOT NULL,
    decided_by  TEXT COLLATE "C" NOT NULL,
    ends_at     BIGINT NOT NULL,
    body        TEXT NOT NULL,
    CHECK (decided_by = '' OR decided_by <> proposed_by)
);
CREATE INDEX waiver_submission ON waiver (submission, id);
CREATE INDEX waiver_end ON waiver (ends_at) WHERE state = 'approved';

-- At most one certificate per submission, whatever crashes. While it is only
-- intended, state is 'intended' and it is nobody's certificate.
CREATE TABLE certificate (
    serial     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    submission TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES submission (id),
    org        TEXT COLLATE "C" NOT NULL,
    model      TEXT COLLATE "C" NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('intended', 'active', 'suspended', 'superseded', 'expired', 'withdrawn', 'revoked')),
    since      BIGINT NOT NULL,
    rev        BIGINT NOT NULL,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    log_index  BIGINT NOT NULL,
    payload    TEXT NOT NULL,
    jws        TEXT NOT NULL,
    body       TEXT NOT NULL,
    words      TEXT NOT NULL -- what it is found by, in lower case
);
CREATE INDEX certificate_model ON certificate (model, serial);
CREATE INDEX certificate_org ON certificate (org, serial);
CREATE INDEX certificate_expiry ON certificate (expires_at) WHERE state IN ('active', 'suspended');

CREATE TABLE certificate_condition (
    id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    serial TEXT COLLATE "C" NOT NULL REFERENCES certificate (serial),
    due_at BIGINT NOT NULL,
    met_at BIGINT NOT NULL,
    missed_at BIGINT NOT NULL,
    body   TEXT NOT NULL
);
CREATE INDEX certificate_condition_open ON certificate_condition (due_at) WHERE met_at = 0 AND missed_at = 0;

-- What the law of a region asks for: BIS CRS, WPC ETA, CCC, CE/RED, FCC.
CREATE TABLE regulatory_document (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    org                TEXT COLLATE "C" NOT NULL,
    region             TEXT COLLATE "C" NOT NULL,
    scheme             TEXT COLLATE "C" NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('submitted', 'verified', 'refused', 'expired', 'withdrawn')),
    rev                BIGINT NOT NULL,
    issued_at          BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    surveillance_due_at BIGINT NOT NULL,
    body               TEXT NOT NULL
);
CREATE INDEX regulatory_document_org ON regulatory_document (org, region, id);
CREATE INDEX regulatory_document_expiry ON regulatory_document (expires_at) WHERE state = 'verified';
