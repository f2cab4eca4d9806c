-- +goose Up

-- Units that came back after the hand-over, and when the backer was told that the
-- promised ship date was missed.
ALTER TABLE campaign_order ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign_order ADD COLUMN missed_at BIGINT NOT NULL DEFAULT 0;

-- Whose shipment a unit is in. A did, or a serial number of the maker, is in one
-- shipment of its product; it leaves with a shipment that is dropped or comes back.
CREATE TABLE shipment_unit (
    product_id  TEXT COLLATE "C" NOT NULL,
    serial      TEXT COLLATE "C" NOT NULL,
    shipment_id TEXT COLLATE "C" NOT NULL REFERENCES shipment (id),
    PRIMARY KEY (product_id, serial)
);
CREATE INDEX shipment_unit_shipment ON shipment_unit (shipment_id);

-- What a startup is paid: proposed by one operator, paid by another.
CREATE TABLE payout (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign    TEXT COLLATE "C" NOT NULL REFERENCES campaign (id),
    earned      BIGINT NOT NULL,
    costs       BIGINT NOT NULL,
    fee         BIGINT NOT NULL,
    payable     BIGINT NOT NULL CHECK (payable > 0),
    state       TEXT NOT NULL CHECK (state IN ('proposed', 'paid', 'withdrawn')),
    proposed_by TEXT COLLATE "C" NOT NULL,
    ended_by    TEXT COLLATE "C" NOT NULL,
    bank_ref    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    CHECK (state <> 'paid' OR ended_by <> proposed_by)
);
CREATE UNIQUE INDEX payout_proposed ON payout (campaign) WHERE state = 'proposed';
CREATE INDEX payout_campaign ON payout (campaign, id);
