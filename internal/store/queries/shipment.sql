-- name: Shipment :one
SELECT * FROM shipment WHERE id = $1;

-- name: ShipmentsOfOrder :many
SELECT * FROM shipment WHERE order_id = $1 ORDER BY id;

-- name: ShipmentsOfCampaign :many
SELECT * FROM shipment WHERE campaign = sqlc.arg(campaign) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: ShipmentOfSerial :one
SELECT s.* FROM shipment s JOIN shipment_unit u ON u.shipment_id = s.id WHERE u.product_id = $1 AND u.serial = $2;

-- PaidOrders goes on after an order, in the order of payment: that is the order of allocation.

-- name: PaidOrders :many
SELECT * FROM campaign_order
WHERE campaign = sqlc.arg(campaign) AND paid_at <> 0 AND (CAST(sqlc.arg(state) AS TEXT) = '' OR state = sqlc.arg(state))
    AND paid_at >= sqlc.arg(after_at) AND (paid_at > sqlc.arg(after_at) OR id > sqlc.arg(after))
ORDER BY paid_at, id LIMIT sqlc.arg(most);

-- name: UnshippedOrders :many
SELECT * FROM campaign_order
WHERE campaign = sqlc.arg(campaign) AND paid_at <> 0 AND missed_at = 0 AND state IN ('paid', 'allocated')
ORDER BY paid_at, id;

-- name: CampaignsInFulfilment :many
SELECT id FROM campaign WHERE state IN ('succeeded', 'fulfilling') ORDER BY id;

-- name: OpenWork :one
SELECT CAST(COALESCE(SUM(CASE WHEN state IN ('paid', 'allocated', 'shipped', 'refund_due') THEN 1 ELSE 0 END), 0) AS BIGINT) AS open,
    CAST(COALESCE(SUM(CASE WHEN state IN ('shipped', 'delivered', 'bound', 'returned') THEN 1 ELSE 0 END), 0) AS BIGINT) AS handed
FROM campaign_order WHERE campaign = $1 AND paid_at <> 0;

-- name: SumReturned :one
SELECT CAST(COALESCE(SUM(returned), 0) AS BIGINT) FROM campaign_order WHERE campaign = $1 AND paid_at <> 0;

-- name: FundedOfModel :one
SELECT CAST(COALESCE(SUM(n.paid - n.cancelled + c.spares), 0) AS BIGINT) FROM campaign c JOIN campaign_counter n ON n.campaign = c.id
WHERE c.org = $1 AND c.model = $2 AND c.state IN ('succeeded', 'fulfilling', 'completed');
