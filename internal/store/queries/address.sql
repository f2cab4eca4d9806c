-- SaveAddress comes under the lock of the campaign's counter: nothing is handed over meanwhile.

-- name: SaveAddress :execrows
INSERT INTO order_address (order_id, campaign, name, line1, line2, city, state, postcode, country, phone, changed_at)
SELECT o.id, o.campaign, CAST(sqlc.arg(name) AS TEXT), CAST(sqlc.arg(line1) AS TEXT), CAST(sqlc.arg(line2) AS TEXT), CAST(sqlc.arg(city) AS TEXT),
    CAST(sqlc.arg(state) AS TEXT), CAST(sqlc.arg(postcode) AS TEXT), CAST(sqlc.arg(country) AS TEXT), CAST(sqlc.arg(phone) AS TEXT), CAST(sqlc.arg(changed) AS BIGINT)
FROM campaign_order o WHERE o.id = sqlc.arg(order_id) AND o.state IN ('reserved', 'paid', 'allocated')
ON CONFLICT (order_id) DO UPDATE SET name = excluded.name, line1 = excluded.line1, line2 = excluded.line2, city = excluded.city, state = excluded.state,
    postcode = excluded.postcode, country = excluded.country, phone = excluded.phone, changed_at = excluded.changed_at;

-- name: Address :one
SELECT * FROM order_address WHERE order_id = $1;

-- name: AddressesOfBacker :many
SELECT a.* FROM order_address a JOIN campaign_order o ON o.id = a.order_id WHERE o.backer = $1 ORDER BY a.order_id;

-- name: PreparedShipments :many
SELECT * FROM shipment WHERE campaign = sqlc.arg(campaign) AND state = 'prepared' AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: Unaddressed :many
SELECT o.* FROM campaign_order o LEFT JOIN address_reminder r ON r.order_id = o.id
WHERE o.campaign = sqlc.arg(campaign) AND o.paid_at <> 0 AND o.state IN ('paid', 'allocated')
    AND NOT EXISTS (SELECT 1 FROM order_address a WHERE a.order_id = o.id)
    AND COALESCE(r.times, 0) < CAST(sqlc.arg(times) AS BIGINT) AND COALESCE(r.at, 0) <= CAST(sqlc.arg(since) AS BIGINT)
ORDER BY o.paid_at, o.id LIMIT sqlc.arg(most);

-- name: CountUnaddressed :one
SELECT CAST(COUNT(*) AS BIGINT) FROM campaign_order o
WHERE o.campaign = $1 AND o.paid_at <> 0 AND o.state IN ('paid', 'allocated') AND NOT EXISTS (SELECT 1 FROM order_address a WHERE a.order_id = o.id);

-- name: Remind :execrows
INSERT INTO address_reminder (order_id, times, at) VALUES (sqlc.arg(order_id), 1, sqlc.arg(at))
ON CONFLICT (order_id) DO UPDATE SET times = address_reminder.times + 1, at = excluded.at WHERE address_reminder.at < excluded.at;

-- name: ForgetAddresses :exec
DELETE FROM order_address WHERE order_id IN (
    SELECT o.id FROM campaign_order o JOIN order_address a ON a.order_id = o.id
    WHERE o.state IN ('delivered', 'bound', 'returned', 'cancelled', 'refunded', 'expired') AND o.changed_at < sqlc.arg(before_at));

-- name: DropAddresses :exec
DELETE FROM order_address WHERE order_id IN (SELECT id FROM campaign_order WHERE backer = $1);
