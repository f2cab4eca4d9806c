-- +goose Up

-- How a person pays back a refund that no provider could do: one operator proposes
-- it, another confirms it. What was paid by hand before has no proposal.
ALTER TABLE refund ADD COLUMN hand TEXT NOT NULL DEFAULT '';
ALTER TABLE refund ADD COLUMN hand_ref TEXT NOT NULL DEFAULT '';
ALTER TABLE refund ADD COLUMN hand_paid_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refund ADD COLUMN hand_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE refund ADD COLUMN proposed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE refund ADD COLUMN proposed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refund ADD COLUMN confirmed_by TEXT NOT NULL DEFAULT ''
    CHECK (CASE WHEN confirmed_by <> '' THEN by_hand AND hand <> '' AND confirmed_by <> proposed_by ELSE NOT by_hand OR hand = '' END);
