-- name: InsertToken :exec
INSERT INTO token (id, account, name, scopes, hash, created_at, expires_at, revoked_at, used_at, home)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: Token :one
SELECT * FROM token WHERE id = $1;

-- name: Tokens :many
SELECT * FROM token WHERE account = $1 ORDER BY id;

-- name: LiveTokens :one
SELECT COUNT(*) FROM token WHERE account = sqlc.arg(account) AND revoked_at = 0 AND (expires_at = 0 OR expires_at > sqlc.arg(at));

-- name: RevokeToken :one
UPDATE token SET revoked_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND revoked_at = 0 RETURNING account;
