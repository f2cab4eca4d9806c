-- LockCounter is the lock of all that belongs to a campaign's orders, and keeps
-- the latest time that any process came with.

-- name: LockCounter :one
UPDATE campaign_counter
SET seen_at = CASE WHEN seen_at < sqlc.arg(at) THEN sqlc.arg(at) ELSE seen_at END
WHERE campaign = sqlc.arg(campaign)
RETURNING *;

-- UpdateCounter asks once more, in SQL, what Decide went by: nothing is given out
-- of a campaign that is not open at that time.

-- name: UpdateCounter :execrows
UPDATE campaign_counter
SET reserved = sqlc.arg(reserved), paid = sqlc.arg(paid), cancelled = sqlc.arg(cancelled), backers = sqlc.arg(backers),
    waiting = sqlc.arg(waiting), seen_at = sqlc.arg(at), changes = changes + 1
WHERE campaign = sqlc.arg(campaign) AND changes = sqlc.arg(changes)
    AND (NOT CAST(sqlc.arg(sells) AS BOOLEAN) OR (open AND NOT held AND opens_at <= sqlc.arg(at) AND closes_at > sqlc.arg(at)));

-- name: UpdateVariantCounter :exec
UPDATE variant_counter SET reserved = $2, paid = $3, cancelled = $4, waiting = $5 WHERE variant = $1;

-- name: CampaignFacts :one
SELECT org, number, product_id FROM campaign WHERE id = $1;

-- name: FirstWaiting :many
SELECT * FROM waiting WHERE campaign = sqlc.arg(campaign) AND state = 'waits' ORDER BY id LIMIT sqlc.arg(most);

-- name: LastVoucher :one
SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM voucher WHERE series = $1;

-- name: Order :one
SELECT * FROM campaign_order WHERE id = $1;

-- name: OrdersOfBacker :many
SELECT * FROM campaign_order WHERE backer = sqlc.arg(backer) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- An order whose attempt to pay ends with its window waits until the provider has
-- said what became of it, but not longer than for the grace: after an answer the
-- next question is further away.

-- name: OverdueOrders :many
SELECT id, campaign FROM campaign_order
WHERE state = 'reserved' AND pay_until_at <= sqlc.arg(at) AND (pay_until_at <= sqlc.arg(grace_at) OR NOT EXISTS (
    SELECT 1 FROM payment p WHERE p.order_id = campaign_order.id AND p.ask_at <> 0 AND p.ask_at <= campaign_order.pay_until_at + CAST(sqlc.arg(grace) AS BIGINT)))
ORDER BY pay_until_at LIMIT sqlc.arg(most);

-- name: CampaignsToFeed :many
SELECT campaign FROM campaign_counter
WHERE waiting > 0 AND NOT held AND (NOT open OR closes_at <= sqlc.arg(at) OR stock_limit = 0 OR reserved + paid - cancelled < stock_limit)
ORDER BY campaign;

-- name: WaitingOfBacker :many
SELECT * FROM waiting WHERE backer = sqlc.arg(backer) AND campaign = sqlc.arg(campaign) ORDER BY id;

-- name: WaitingAhead :one
SELECT CAST(COUNT(*) AS BIGINT) FROM waiting WHERE campaign = sqlc.arg(campaign) AND state = 'waits' AND id < sqlc.arg(id);

-- name: InsertPayment :exec
INSERT INTO payment (id, order_id, campaign, backer, provider, provider_ref, payment_ref, method, hint, amount, currency, fee, state, outcome, failure, created_at, changed_at, captured_at, ask_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19);

-- name: Payment :one
SELECT * FROM payment WHERE id = $1;

-- name: Refund :one
SELECT * FROM refund WHERE id = $1;

-- name: OrdersOfCampaign :many
SELECT * FROM campaign_order WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);
