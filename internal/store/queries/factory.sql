-- name: InsertGrant :exec
INSERT INTO factory_grant (id, product_id, units, reason, granted_by, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: Grants :many
SELECT * FROM factory_grant WHERE product_id = $1 ORDER BY id;

-- name: OpenQuota :exec
INSERT INTO factory_quota (product_id, granted, made) VALUES ($1, 0, 0) ON CONFLICT (product_id) DO NOTHING;

-- name: AddGranted :execrows
UPDATE factory_quota SET granted = granted + sqlc.arg(units) WHERE product_id = sqlc.arg(product_id) AND granted + sqlc.arg(units) >= 0;

-- name: TakeQuota :execrows
UPDATE factory_quota SET made = made + sqlc.arg(units)
WHERE product_id = sqlc.arg(product_id) AND made + sqlc.arg(units) <= granted + CAST(sqlc.arg(funded) AS BIGINT);

-- name: GiveQuotaBack :execrows
UPDATE factory_quota SET made = made - sqlc.arg(units) WHERE product_id = sqlc.arg(product_id) AND made >= sqlc.arg(units);

-- name: Quota :one
SELECT * FROM factory_quota WHERE product_id = $1;

-- name: InsertBatch :exec
INSERT INTO factory_batch (id, product_id, certificate, units, recipient, state, sealed, sha256, reason, created_by, created_at, delivered_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0);

-- name: InsertUnit :exec
INSERT INTO factory_unit (did, batch) VALUES ($1, $2);

-- name: Batch :one
SELECT id, product_id, certificate, units, recipient, state, sha256, reason, created_by, created_at, delivered_at, revoked_at
FROM factory_batch WHERE id = $1;

-- name: Batches :many
SELECT id, product_id, certificate, units, recipient, state, sha256, reason, created_by, created_at, delivered_at, revoked_at
FROM factory_batch WHERE product_id = $1 ORDER BY id;

-- name: SealedManifest :one
SELECT sealed FROM factory_batch WHERE id = $1 AND state = 'made';

-- name: DeliverBatch :execrows
UPDATE factory_batch SET state = 'delivered', delivered_at = sqlc.arg(at), sealed = sqlc.arg(nothing) WHERE id = sqlc.arg(id) AND state = 'made';

-- name: RevokeBatch :execrows
UPDATE factory_batch SET state = 'revoked', revoked_at = sqlc.arg(at), reason = sqlc.arg(reason), sealed = sqlc.arg(nothing)
WHERE id = sqlc.arg(id) AND state <> 'revoked';

-- name: OwnedInBatch :one
SELECT COUNT(*) FROM factory_unit JOIN device ON device.did = factory_unit.did
WHERE factory_unit.batch = sqlc.arg(batch) AND device.account <> '';

-- name: UnitsOfBatch :many
SELECT did FROM factory_unit WHERE batch = $1 ORDER BY did;
