-- name: InsertCode :exec
INSERT INTO mailed_code (id, account, purpose, email, hash, created_at, expires_at, used_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0);

-- name: Code :one
SELECT * FROM mailed_code WHERE id = $1;

-- name: UseCode :execrows
UPDATE mailed_code SET used_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND used_at = 0 AND expires_at > sqlc.arg(at);

-- DropCodes forgets what was mailed before: only the newest mail counts.

-- name: DropCodes :exec
DELETE FROM mailed_code WHERE account = $1 AND purpose = $2 AND used_at = 0;

-- name: DeleteOldCodes :exec
DELETE FROM mailed_code WHERE expires_at < sqlc.arg(at);
