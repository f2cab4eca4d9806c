-- name: Session :one
SELECT * FROM session WHERE key = $1;

-- name: SeeSession :exec
UPDATE session SET seen_at = sqlc.arg(at) WHERE key = sqlc.arg(key) AND seen_at < sqlc.arg(at);
