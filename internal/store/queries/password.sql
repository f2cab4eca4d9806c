-- name: Password :one
SELECT hash FROM password WHERE account = $1;

-- name: SetPassword :exec
INSERT INTO password (account, hash, set_at) VALUES (sqlc.arg(account), sqlc.arg(hash), sqlc.arg(at))
ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at;

-- Rehash is for the same password: whoever changed it meanwhile wins.

-- name: Rehash :execrows
UPDATE password SET hash = sqlc.arg(hash) WHERE account = sqlc.arg(account) AND hash = sqlc.arg(old);

-- name: DropPassword :exec
DELETE FROM password WHERE account = $1;
