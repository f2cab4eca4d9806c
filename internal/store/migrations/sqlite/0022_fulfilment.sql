-- +goose Up

-- Units that came back after the hand-over, and when the backer was told that the
-- promised ship date was missed.
ALTER TABLE campaign_order ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaign_order ADD COLUMN missed_at INTEGER NOT NULL DEFAULT 0;

-- Whose shipment a unit is in. A did, or a serial number of the maker, is in one
-- shipment of its product; it leaves with a shipment that is dropped or comes back.
CREATE TABLE shipment_unit (
    product_id  TEXT NOT NULL,
    serial      TEXT NOT NULL,
    shipment_id TEXT NOT NULL REFERENCES shipment (id),
    PRIMARY KEY (product_id, serial)
) STRICT;
CREATE INDEX shipment_unit_shipment ON shipment_unit (shipment_id);

-- What a startup is paid: proposed by one operator, paid by another.
CREATE TABLE payout (
    id          TEXT NOT NULL PRIMARY KEY,
    campaign    TEXT NOT NULL REFERENCES campaign (id),
    earned      INTEGER NOT NULL,
    costs       INTEGER NOT NULL,
    fee         INTEGER NOT NULL,
    payable     INTEGER NOT NULL CHECK (payable > 0),
    state       TEXT NOT NULL CHECK (state IN ('proposed', 'paid', 'withdrawn')),
    proposed_by TEXT NOT NULL,
    ended_by    TEXT NOT NULL,
    bank_ref    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    CHECK (state <> 'paid' OR ended_by <> proposed_by)
) STRICT;
CREATE UNIQUE INDEX payout_proposed ON payout (campaign) WHERE state = 'proposed';
CREATE INDEX payout_campaign ON payout (campaign, id);
