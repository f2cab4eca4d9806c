-- +goose Up

-- A campaign as it was written; what changes with every order is in campaign_counter.
CREATE TABLE campaign (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number           BIGINT NOT NULL UNIQUE,
    org              TEXT COLLATE "C" NOT NULL,
    author           TEXT COLLATE "C" NOT NULL,
    product_id       TEXT COLLATE "C" NOT NULL REFERENCES product (id),
    model            TEXT COLLATE "C" NOT NULL,
    certificate      TEXT COLLATE "C" NOT NULL,
    regions          TEXT NOT NULL,
    title            TEXT NOT NULL,
    page             TEXT NOT NULL,
    price            BIGINT NOT NULL CHECK (price > 0),
    retail_price     BIGINT NOT NULL CHECK (retail_price >= 0),
    currency         TEXT NOT NULL,
    target_units     BIGINT NOT NULL CHECK (target_units > 0),
    stock_limit      BIGINT NOT NULL CHECK (stock_limit = 0 OR stock_limit >= target_units),
    per_backer_limit BIGINT NOT NULL CHECK (per_backer_limit >= 0),
    opens_at         BIGINT NOT NULL,
    closes_at        BIGINT NOT NULL CHECK (closes_at > opens_at),
    ship_kind        TEXT NOT NULL CHECK (ship_kind IN ('date', 'success', 'order')),
    ship_by_at       BIGINT NOT NULL,
    ship_days        INTEGER NOT NULL,
    schedule         TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('draft', 'in_review', 'scheduled', 'live', 'closing', 'succeeded', 'failed', 'fulfilling', 'completed', 'cancelled')),
    held             BOOLEAN NOT NULL,
    held_reason      TEXT NOT NULL,
    held_at          BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    decided_at       BIGINT NOT NULL
);
CREATE INDEX campaign_state ON campaign (state, id);
CREATE INDEX campaign_org ON campaign (org, id);
CREATE INDEX campaign_certificate ON campaign (certificate) WHERE certificate <> '';

CREATE TABLE campaign_variant (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign    TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    stock_limit BIGINT NOT NULL CHECK (stock_limit >= 0)
);
CREATE INDEX campaign_variant_campaign ON campaign_variant (campaign, position);

-- The hot row. Whoever changes the state of an order updates it first: that is
-- the lock of all that belongs to the campaign's orders.
CREATE TABLE campaign_counter (
    campaign         TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES campaign (id),
    open             BOOLEAN NOT NULL,
    held             BOOLEAN NOT NULL,
    opens_at         BIGINT NOT NULL,
    closes_at        BIGINT NOT NULL,
    seen_at          BIGINT NOT NULL,
    price            BIGINT NOT NULL,
    currency         TEXT NOT NULL,
    stock_limit      BIGINT NOT NULL,
    per_backer_limit BIGINT NOT NULL,
    reserved         BIGINT NOT NULL CHECK (reserved >= 0),
    paid             BIGINT NOT NULL CHECK (paid >= 0),
    cancelled        BIGINT NOT NULL CHECK (cancelled BETWEEN 0 AND paid),
    backers          BIGINT NOT NULL CHECK (backers >= 0),
    waiting          BIGINT NOT NULL CHECK (waiting >= 0),
    changes          BIGINT NOT NULL,
    CHECK (stock_limit = 0 OR reserved + paid - cancelled <= stock_limit)
) WITH (fillfactor = 50);

CREATE TABLE variant_counter (
    variant     TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES campaign_variant (id),
    campaign    TEXT COLLATE "C" NOT NULL,
    stock_limit BIGINT NOT NULL,
    reserved    BIGINT NOT NULL CHECK (reserved >= 0),
    paid        BIGINT NOT NULL CHECK (paid >= 0),
    cancelled   BIGINT NOT NULL CHECK (cancelled BETWEEN 0 AND paid),
    waiting     BIGINT NOT NULL CHECK (waiting >= 0),
    CHECK (stock_limit = 0 OR reserved + paid - cancelled <= stock_limit)
) WITH (fillfactor = 50);
CREATE INDEX variant_counter_campaign ON variant_counter (campaign);

-- How many units a backer has of a campaign, for its limit and for the number of
-- backers: units that are reserved, and those paid and not cancelled.
CREATE TABLE campaign_backer (
    campaign TEXT COLLATE "C" NOT NULL,
    backer   TEXT COLLATE "C" NOT NULL,
    reserved BIGINT NOT NULL CHECK (reserved >= 0),
    paid     BIGINT NOT NULL CHECK (paid >= 0),
    PRIMARY KEY (campaign, backer)
) WITH (fillfactor = 50);

-- No foreign keys here: the campaign's counter is locked, and is never deleted.
CREATE TABLE campaign_order (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign     TEXT COLLATE "C" NOT NULL,
    backer       TEXT COLLATE "C" NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    variant      TEXT COLLATE "C" NOT NULL,
    units        BIGINT NOT NULL CHECK (units > 0),
    cancelled    BIGINT NOT NULL CHECK (cancelled BETWEEN 0 AND units),
    price        BIGINT NOT NULL CHECK (price > 0),
    currency     TEXT NOT NULL,
    advanced     BIGINT NOT NULL CHECK (advanced >= 0),
    state        TEXT NOT NULL CHECK (state IN ('reserved', 'paid', 'allocated', 'shipped', 'delivered', 'bound', 'expired', 'cancelled', 'refund_due', 'refunded', 'returned')),
    entry        TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    pay_until_at BIGINT NOT NULL,
    paid_at      BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    UNIQUE (backer, key)
);
-- What the expiry looks for; small, since most orders are not reserved for long.
CREATE INDEX campaign_order_reserved ON campaign_order (pay_until_at) WHERE state = 'reserved';
CREATE INDEX campaign_order_paid ON campaign_order (campaign, paid_at, id) WHERE paid_at <> 0;

CREATE TABLE waiting (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign   TEXT COLLATE "C" NOT NULL,
    variant    TEXT COLLATE "C" NOT NULL,
    backer     TEXT COLLATE "C" NOT NULL,
    units      BIGINT NOT NULL CHECK (units > 0),
    state      TEXT NOT NULL CHECK (state IN ('waits', 'offered', 'left', 'ended')),
    order_id   TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX waiting_campaign ON waiting (campaign, id) WHERE state = 'waits';
CREATE UNIQUE INDEX waiting_once ON waiting (backer, campaign, variant) WHERE state = 'waits';

-- An attempt to pay an order.
CREATE TABLE payment (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    order_id     TEXT COLLATE "C" NOT NULL REFERENCES campaign_order (id),
    campaign     TEXT COLLATE "C" NOT NULL,
    backer       TEXT COLLATE "C" NOT NULL,
    provider     TEXT COLLATE "C" NOT NULL,
    provider_ref TEXT COLLATE "C" NOT NULL,
    payment_ref  TEXT COLLATE "C" NOT NULL,
    method       TEXT NOT NULL,
    hint         TEXT NOT NULL,
    amount       BIGINT NOT NULL CHECK (amount > 0),
    currency     TEXT NOT NULL,
    fee          BIGINT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('created', 'pending', 'authorized', 'captured', 'failed')),
    outcome      TEXT NOT NULL CHECK (outcome IN ('', 'paid', 'readmitted', 'orphan')),
    failure      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    captured_at  BIGINT NOT NULL,
    CHECK ((state = 'captured') = (captured_at <> 0)),
    CHECK ((outcome = '') = (captured_at = 0))
);
CREATE INDEX payment_order ON payment (order_id, id);
CREATE UNIQUE INDEX payment_provider_ref ON payment (provider, provider_ref) WHERE provider_ref <> '';
CREATE UNIQUE INDEX payment_payment_ref ON payment (provider, payment_ref) WHERE payment_ref <> '';
CREATE INDEX payment_open ON payment (changed_at) WHERE state IN ('created', 'pending', 'authorized');
-- An order is paid once.
CREATE UNIQUE INDEX payment_paid ON payment (order_id) WHERE outcome IN ('paid', 'readmitted');

CREATE TABLE refund (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id   TEXT COLLATE "C" NOT NULL REFERENCES payment (id),
    order_id     TEXT COLLATE "C" NOT NULL,
    campaign     TEXT COLLATE "C" NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('full', 'partial', 'orphan', 'surplus')),
    units        BIGINT NOT NULL CHECK (units >= 0),
    amount       BIGINT NOT NULL CHECK (amount > 0),
    currency     TEXT NOT NULL,
    reason       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'processed', 'failed', 'manual')),
    provider_ref TEXT COLLATE "C" NOT NULL,
    bank_ref     TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    last_error   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    processed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX refund_whole ON refund (payment_id) WHERE kind IN ('full', 'orphan');
CREATE INDEX refund_payment ON refund (payment_id, id);
CREATE INDEX refund_order ON refund (order_id, id);
CREATE INDEX refund_campaign ON refund (campaign, state, id);

CREATE TABLE shipment (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    order_id     TEXT COLLATE "C" NOT NULL REFERENCES campaign_order (id),
    campaign     TEXT COLLATE "C" NOT NULL,
    units        BIGINT NOT NULL CHECK (units > 0),
    carrier      TEXT NOT NULL,
    tracking     TEXT NOT NULL,
    serials      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('prepared', 'handed_over', 'delivered', 'returned', 'dropped')),
    created_at   BIGINT NOT NULL,
    handed_at    BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL
);
CREATE INDEX shipment_order ON shipment (order_id, id);
CREATE INDEX shipment_campaign ON shipment (campaign, state, id);
