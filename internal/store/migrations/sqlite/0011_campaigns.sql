-- +goose Up

-- A campaign as it was written; what changes with every order is in campaign_counter.
CREATE TABLE campaign (
    id               TEXT NOT NULL PRIMARY KEY,
    number           INTEGER NOT NULL UNIQUE,
    org              TEXT NOT NULL,
    author           TEXT NOT NULL,
    product_id       TEXT NOT NULL REFERENCES product (id),
    model            TEXT NOT NULL,
    certificate      TEXT NOT NULL,
    regions          TEXT NOT NULL,
    title            TEXT NOT NULL,
    page             TEXT NOT NULL,
    price            INTEGER NOT NULL CHECK (price > 0),
    retail_price     INTEGER NOT NULL CHECK (retail_price >= 0),
    currency         TEXT NOT NULL,
    target_units     INTEGER NOT NULL CHECK (target_units > 0),
    stock_limit      INTEGER NOT NULL CHECK (stock_limit = 0 OR stock_limit >= target_units),
    per_backer_limit INTEGER NOT NULL CHECK (per_backer_limit >= 0),
    opens_at         INTEGER NOT NULL,
    closes_at        INTEGER NOT NULL CHECK (closes_at > opens_at),
    ship_kind        TEXT NOT NULL CHECK (ship_kind IN ('date', 'success', 'order')),
    ship_by_at       INTEGER NOT NULL,
    ship_days        INTEGER NOT NULL,
    schedule         TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('draft', 'in_review', 'scheduled', 'live', 'closing', 'succeeded', 'failed', 'fulfilling', 'completed', 'cancelled')),
    held             INTEGER NOT NULL,
    held_reason      TEXT NOT NULL,
    held_at          INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    decided_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX campaign_state ON campaign (state, id);
CREATE INDEX campaign_org ON campaign (org, id);
CREATE INDEX campaign_certificate ON campaign (certificate) WHERE certificate <> '';

CREATE TABLE campaign_variant (
    id          TEXT NOT NULL PRIMARY KEY,
    campaign    TEXT NOT NULL REFERENCES campaign (id),
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    stock_limit INTEGER NOT NULL CHECK (stock_limit >= 0)
) STRICT;
CREATE INDEX campaign_variant_campaign ON campaign_variant (campaign, position);

-- The hot row. Whoever changes the state of an order updates it first: that is
-- the lock of all that belongs to the campaign's orders.
CREATE TABLE campaign_counter (
    campaign         TEXT NOT NULL PRIMARY KEY REFERENCES campaign (id),
    open             INTEGER NOT NULL,
    held             INTEGER NOT NULL,
    opens_at         INTEGER NOT NULL,
    closes_at        INTEGER NOT NULL,
    seen_at          INTEGER NOT NULL,
    price            INTEGER NOT NULL,
    currency         TEXT NOT NULL,
    stock_limit      INTEGER NOT NULL,
    per_backer_limit INTEGER NOT NULL,
    reserved         INTEGER NOT NULL CHECK (reserved >= 0),
    paid             INTEGER NOT NULL CHECK (paid >= 0),
    cancelled        INTEGER NOT NULL CHECK (cancelled BETWEEN 0 AND paid),
    backers          INTEGER NOT NULL CHECK (backers >= 0),
    waiting          INTEGER NOT NULL CHECK (waiting >= 0),
    changes          INTEGER NOT NULL,
    CHECK (stock_limit = 0 OR reserved + paid - cancelled <= stock_limit)
) STRICT, WITHOUT ROWID;

CREATE TABLE variant_counter (
    variant     TEXT NOT NULL PRIMARY KEY REFERENCES campaign_variant (id),
    campaign    TEXT NOT NULL,
    stock_limit INTEGER NOT NULL,
    reserved    INTEGER NOT NULL CHECK (reserved >= 0),
    paid        INTEGER NOT NULL CHECK (paid >= 0),
    cancelled   INTEGER NOT NULL CHECK (cancelled BETWEEN 0 AND paid),
    waiting     INTEGER NOT NULL CHECK (waiting >= 0),
    CHECK (stock_limit = 0 OR reserved + paid - cancelled <= stock_limit)
) STRICT, WITHOUT ROWID;
CREATE INDEX variant_counter_campaign ON variant_counter (campaign);

-- How many units a backer has of a campaign, for its limit and for the number of
-- backers: units that are reserved, and those paid and not cancelled.
CREATE TABLE campaign_backer (
    campaign TEXT NOT NULL,
    backer   TEXT NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    paid     INTEGER NOT NULL CHECK (paid >= 0),
    PRIMARY KEY (campaign, backer)
) STRICT, WITHOUT ROWID;

-- No foreign keys here: the campaign's counter is locked, and is never deleted.
CREATE TABLE campaign_order (
    id           TEXT NOT NULL PRIMARY KEY,
    campaign     TEXT NOT NULL,
    backer       TEXT NOT NULL,
    key          TEXT NOT NULL,
    variant      TEXT NOT NULL,
    units        INTEGER NOT NULL CHECK (units > 0),
    cancelled    INTEGER NOT NULL CHECK (cancelled BETWEEN 0 AND units),
    price        INTEGER NOT NULL CHECK (price > 0),
    currency     TEXT NOT NULL,
    advanced     INTEGER NOT NULL CHECK (advanced >= 0),
    state        TEXT NOT NULL CHECK (state IN ('reserved', 'paid', 'allocated', 'shipped', 'delivered', 'bound', 'expired', 'cancelled', 'refund_due', 'refunded', 'returned')),
    entry        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    pay_until_at INTEGER NOT NULL,
    paid_at      INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    UNIQUE (backer, key)
) STRICT, WITHOUT ROWID;
-- What the expiry looks for; small, since most orders are not reserved for long.
CREATE INDEX campaign_order_reserved ON campaign_order (pay_until_at) WHERE state = 'reserved';
CREATE INDEX campaign_order_paid ON campaign_order (campaign, paid_at, id) WHERE paid_at <> 0;

CREATE TABLE waiting (
    id         TEXT NOT NULL PRIMARY KEY,
    campaign   TEXT NOT NULL,
    variant    TEXT NOT NULL,
    backer     TEXT NOT NULL,
    units      INTEGER NOT NULL CHECK (units > 0),
    state      TEXT NOT NULL CHECK (state IN ('waits', 'offered', 'left', 'ended')),
    order_id   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX waiting_campaign ON waiting (campaign, id) WHERE state = 'waits';
CREATE UNIQUE INDEX waiting_once ON waiting (backer, campaign, variant) WHERE state = 'waits';

-- An attempt to pay an order.
CREATE TABLE payment (
    id           TEXT NOT NULL PRIMARY KEY,
    order_id     TEXT NOT NULL REFERENCES campaign_order (id),
    campaign     TEXT NOT NULL,
    backer       TEXT NOT NULL,
    provider     TEXT NOT NULL,
    provider_ref TEXT NOT NULL,
    payment_ref  TEXT NOT NULL,
    method       TEXT NOT NULL,
    hint         TEXT NOT NULL,
    amount       INTEGER NOT NULL CHECK (amount > 0),
    currency     TEXT NOT NULL,
    fee          INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('created', 'pending', 'authorized', 'captured', 'failed')),
    outcome      TEXT NOT NULL CHECK (outcome IN ('', 'paid', 'readmitted', 'orphan')),
    failure      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    captured_at  INTEGER NOT NULL,
    CHECK ((state = 'captured') = (captured_at <> 0)),
    CHECK ((outcome = '') = (captured_at = 0))
) STRICT;
CREATE INDEX payment_order ON payment (order_id, id);
CREATE UNIQUE INDEX payment_provider_ref ON payment (provider, provider_ref) WHERE provider_ref <> '';
CREATE UNIQUE INDEX payment_payment_ref ON payment (provider, payment_ref) WHERE payment_ref <> '';
CREATE INDEX payment_open ON payment (changed_at) WHERE state IN ('created', 'pending', 'authorized');
-- An order is paid once.
CREATE UNIQUE INDEX payment_paid ON payment (order_id) WHERE outcome IN ('paid', 'readmitted');

CREATE TABLE refund (
    id           TEXT NOT NULL PRIMARY KEY,
    payment_id   TEXT NOT NULL REFERENCES payment (id),
    order_id     TEXT NOT NULL,
    campaign     TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('full', 'partial', 'orphan', 'surplus')),
    units        INTEGER NOT NULL CHECK (units >= 0),
    amount       INTEGER NOT NULL CHECK (amount > 0),
    currency     TEXT NOT NULL,
    reason       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'processed', 'failed', 'manual')),
    provider_ref TEXT NOT NULL,
    bank_ref     TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    last_error   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    processed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX refund_whole ON refund (payment_id) WHERE kind IN ('full', 'orphan');
CREATE INDEX refund_payment ON refund (payment_id, id);
CREATE INDEX refund_order ON refund (order_id, id);
CREATE INDEX refund_campaign ON refund (campaign, state, id);

CREATE TABLE shipment (
    id           TEXT NOT NULL PRIMARY KEY,
    order_id     TEXT NOT NULL REFERENCES campaign_order (id),
    campaign     TEXT NOT NULL,
    units        INTEGER NOT NULL CHECK (units > 0),
    carrier      TEXT NOT NULL,
    tracking     TEXT NOT NULL,
    serials      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('prepared', 'handed_over', 'delivered', 'returned', 'dropped')),
    created_at   INTEGER NOT NULL,
    handed_at    INTEGER NOT NULL,
    delivered_at INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX shipment_order ON shipment (order_id, id);
CREATE INDEX shipment_campaign ON shipment (campaign, state, id);
