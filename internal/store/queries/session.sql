-- name: Session :one
SELECT * FROM session WHERE key = $1;

-- name: Sessions :many
SELECT * FROM session WHERE account = $1 AND account <> '' ORDER BY id;

-- name: InsertSession :exec
INSERT INTO session (key, id, account, data, created_at, seen_at, expires_at, address, agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- SaveSession keeps what pages put into a session. One that was ended meanwhile
-- comes back as nobody's.

-- name: SaveSession :exec
INSERT INTO session (key, id, account, data, created_at, seen_at, expires_at, address, agent)
VALUES (sqlc.arg(key), '', '', sqlc.arg(data), sqlc.arg(at), sqlc.arg(at), sqlc.arg(expires_at), '', '')
ON CONFLICT (key) DO UPDATE SET data = excluded.data;

-- name: DeleteSession :one
DELETE FROM session WHERE key = $1 RETURNING account;

-- name: EndSession :execrows
DELETE FROM session WHERE account = $1 AND account <> '' AND id = $2;

-- name: EndSessions :execrows
DELETE FROM session WHERE account = sqlc.arg(account) AND account <> '' AND id <> sqlc.arg(but);

-- name: DeleteOldSessions :exec
DELETE FROM session WHERE expires_at < sqlc.arg(at) OR seen_at < sqlc.arg(idle_at);
