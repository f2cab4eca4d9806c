-- +goose Up

-- When the provider is asked about an attempt again, and what a person should look at.
ALTER TABLE payment ADD COLUMN ask_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN flag TEXT NOT NULL DEFAULT '';
UPDATE payment SET ask_at = created_at WHERE state <> 'captured';
CREATE INDEX payment_ask ON payment (ask_at) WHERE ask_at <> 0;
CREATE INDEX payment_flagged ON payment (id) WHERE flag <> '';
DROP INDEX payment_open;
-- One attempt of an order waits for its provider's order at a time: who clicks
-- twice gets the same one.
CREATE UNIQUE INDEX payment_beginning ON payment (order_id) WHERE state = 'created' AND provider_ref = '';

-- A refund is its own place in the queue of what has to be done at the provider:
-- wake_at is when, 0 is never.
ALTER TABLE refund ADD COLUMN wake_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refund ADD COLUMN try INTEGER NOT NULL DEFAULT 1;
ALTER TABLE refund ADD COLUMN by_hand BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE refund SET wake_at = created_at WHERE state IN ('queued', 'sent', 'failed');
CREATE INDEX refund_wake ON refund (wake_at) WHERE wake_at <> 0;
CREATE INDEX refund_provider_ref ON refund (provider_ref) WHERE provider_ref <> '';
CREATE INDEX refund_manual ON refund (id) WHERE state = 'manual';
DELETE FROM job WHERE kind = 'campaigns.refund';

-- The last line: no more goes back than came. Payments are captured, and refunds
-- made, under the lock of their campaign's counter.
-- +goose StatementBegin
CREATE FUNCTION refund_within_capture() RETURNS trigger AS $$
BEGIN
    IF (SELECT COALESCE(SUM(amount), 0) FROM refund WHERE payment_id = NEW.payment_id)
        > (SELECT CASE WHEN state = 'captured' THEN amount ELSE 0 END FROM payment WHERE id = NEW.payment_id) THEN
        RAISE EXCEPTION 'refunds of payment % are more than its capture', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;
-- +goose StatementEnd
CREATE TRIGGER refund_within_capture AFTER INSERT OR UPDATE OF amount, payment_id ON refund FOR EACH ROW EXECUTE FUNCTION refund_within_capture();

-- What providers told, once each, until it was applied and for some time after.
CREATE TABLE payment_event (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    provider    TEXT COLLATE "C" NOT NULL,
    event_id    TEXT COLLATE "C" NOT NULL,
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('received', 'applied', 'stuck')),
    attempts    INTEGER NOT NULL,
    last_error  TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    wake_at     BIGINT NOT NULL,
    applied_at  BIGINT NOT NULL,
    UNIQUE (provider, event_id)
);
CREATE INDEX payment_event_wake ON payment_event (wake_at, id) WHERE wake_at <> 0;
CREATE INDEX payment_event_received ON payment_event (received_at);

-- A campaign whose backers all get their money back.
CREATE TABLE refund_run (
    campaign   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES campaign (id),
    reason     TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    queued_at  BIGINT NOT NULL
);
