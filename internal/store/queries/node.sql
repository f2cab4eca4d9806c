-- name: KeepNode :exec
INSERT INTO node (id, started_at, lease_until) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until WHERE excluded.lease_until > node.lease_until;

-- name: LoseNodes :many
DELETE FROM node WHERE lease_until <= $1 RETURNING id;

-- name: ReserveIDs :one
INSERT INTO sequence (name, next) VALUES (sqlc.arg(name), 1 + CAST(sqlc.arg(n) AS BIGINT))
ON CONFLICT (name) DO UPDATE SET next = sequence.next + CAST(sqlc.arg(n) AS BIGINT)
RETURNING next;
