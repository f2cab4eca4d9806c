-- name: InsertRegulatory :exec
INSERT INTO regulatory_document (id, org, region, scheme, state, rev, issued_at, expires_at, surveillance_due_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: Regulatory :one
SELECT body FROM regulatory_document WHERE id = $1;

-- name: RegulatoryOf :many
SELECT body FROM regulatory_document
WHERE (CAST(sqlc.arg(org) AS TEXT) = '' OR org = sqlc.arg(org)) AND (CAST(sqlc.arg(state) AS TEXT) = '' OR state = sqlc.arg(state))
ORDER BY id;

-- name: RegulatoryDue :many
SELECT body FROM regulatory_document
WHERE state IN ('submitted', 'verified')
  AND ((expires_at > 0 AND expires_at <= sqlc.arg(at)) OR (surveillance_due_at > 0 AND surveillance_due_at <= sqlc.arg(at)))
ORDER BY id;

-- name: UpdateRegulatory :execrows
UPDATE regulatory_document
SET state = sqlc.arg(state), rev = sqlc.arg(saw) + 1, expires_at = sqlc.arg(expires_at),
    surveillance_due_at = sqlc.arg(surveillance_due_at), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);
