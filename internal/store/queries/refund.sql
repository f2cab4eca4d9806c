-- name: RefundsOfOrder :many
SELECT * FROM refund WHERE order_id = $1 ORDER BY id;

-- name: DueRefunds :many
SELECT sqlc.embed(r), p.provider, p.payment_ref FROM refund r JOIN payment p ON p.id = r.payment_id
WHERE r.wake_at <> 0 AND r.wake_at <= sqlc.arg(at) ORDER BY r.wake_at, r.id LIMIT sqlc.arg(most);

-- name: RefundsInState :many
SELECT * FROM refund WHERE state = sqlc.arg(state) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: SumRefundsOfCampaign :many
SELECT state, COUNT(*) AS refunds, CAST(SUM(amount) AS BIGINT) AS amount, CAST(MIN(created_at) AS BIGINT) AS oldest_at,
    CAST(SUM(CASE WHEN last_error <> '' THEN 1 ELSE 0 END) AS BIGINT) AS troubled
FROM refund WHERE campaign = $1 GROUP BY state;

-- name: SumToCancel :one
SELECT COUNT(*) AS orders, CAST(COALESCE(SUM((units - cancelled) * price), 0) AS BIGINT) AS amount
FROM campaign_order WHERE campaign = $1 AND paid_at <> 0 AND state IN ('paid', 'allocated');

-- PaidToCancel goes on after an order, in the order of payment.

-- name: PaidToCancel :many
SELECT id, paid_at FROM campaign_order
WHERE campaign = sqlc.arg(campaign) AND paid_at <> 0 AND state IN ('paid', 'allocated')
    AND paid_at >= sqlc.arg(after_at) AND (paid_at > sqlc.arg(after_at) OR id > sqlc.arg(after))
ORDER BY paid_at, id LIMIT sqlc.arg(most);

-- name: ReservedToCancel :many
SELECT id FROM campaign_order WHERE campaign = sqlc.arg(campaign) AND state = 'reserved' ORDER BY id LIMIT sqlc.arg(most);

-- name: BeginRefundRun :execrows
INSERT INTO refund_run (campaign, reason, started_at, queued_at) VALUES ($1, $2, $3, 0) ON CONFLICT (campaign) DO NOTHING;

-- name: RefundRun :one
SELECT * FROM refund_run WHERE campaign = $1;

-- name: EndRefundRun :exec
UPDATE refund_run SET queued_at = sqlc.arg(at) WHERE campaign = sqlc.arg(campaign) AND queued_at = 0;

-- name: CountRefunds :many
SELECT state, COUNT(*) AS refunds, CAST(SUM(amount) AS BIGINT) AS amount, CAST(MIN(created_at) AS BIGINT) AS oldest_at FROM refund GROUP BY state;
