-- name: SigningKeys :many
SELECT * FROM signing_key ORDER BY purpose, created_at, id;

-- name: CurrentSigningKey :one
SELECT * FROM signing_key WHERE purpose = sqlc.arg(purpose) AND ended_at = 0;

-- name: InsertSigningKey :exec
INSERT INTO signing_key (id, purpose, public, created_at, ended_at, revoked_at, reason)
VALUES (sqlc.arg(id), sqlc.arg(purpose), sqlc.arg(public), sqlc.arg(created_at), 0, 0, '');

-- name: EndSigningKey :execrows
UPDATE signing_key SET ended_at = sqlc.arg(ended_at), revoked_at = sqlc.arg(revoked_at), reason = sqlc.arg(reason)
WHERE id = sqlc.arg(id) AND purpose = sqlc.arg(purpose) AND ended_at = 0;
