-- name: InsertVendorKey :exec
INSERT INTO vendor_key (id, org, thumbprint, revoked_at, body) VALUES ($1, $2, $3, $4, $5);

-- name: VendorKey :one
SELECT body FROM vendor_key WHERE id = $1;

-- name: VendorKeys :many
SELECT body FROM vendor_key WHERE org = $1 ORDER BY id;

-- name: RevokeVendorKey :execrows
UPDATE vendor_key SET revoked_at = sqlc.arg(revoked_at), body = sqlc.arg(body) WHERE id = sqlc.arg(id) AND revoked_at = 0;
