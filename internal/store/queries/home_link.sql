-- name: InsertHomeLink :exec
INSERT INTO home_link (id, home, role, ends_at, hash, created_by, created_at, expires_at, used_at, used_by, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', 0);

-- name: HomeLink :one
SELECT * FROM home_link WHERE id = $1;

-- name: HomeLinks :many
SELECT * FROM home_link WHERE home = $1 ORDER BY id;

-- name: CountOpenHomeLinks :one
SELECT COUNT(*) FROM home_link WHERE home = sqlc.arg(home) AND used_at = 0 AND revoked_at = 0 AND expires_at > sqlc.arg(at);

-- name: UseHomeLink :execrows
UPDATE home_link SET used_at = sqlc.arg(at), used_by = sqlc.arg(account)
WHERE id = sqlc.arg(id) AND used_at = 0 AND revoked_at = 0 AND expires_at > sqlc.arg(at) AND (ends_at = 0 OR ends_at > sqlc.arg(at));

-- name: RevokeHomeLink :execrows
UPDATE home_link SET revoked_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND home = sqlc.arg(home) AND used_at = 0 AND revoked_at = 0;
