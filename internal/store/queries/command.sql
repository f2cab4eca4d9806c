-- name: InsertCommand :exec
INSERT INTO command (id, did, method, params, state, result, created_at, expires_at, ended_at, account)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: Command :one
SELECT * FROM command WHERE id = $1;

-- name: QueuedCommands :many
SELECT * FROM command WHERE did = $1 AND state = 'queued' ORDER BY created_at, id;

-- name: MoveCommand :execrows
UPDATE command SET state = sqlc.arg(state), result = sqlc.arg(result), ended_at = sqlc.arg(ended_at)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- name: ExpireCommands :execrows
UPDATE command SET state = 'expired', ended_at = sqlc.arg(at)
WHERE state IN ('queued', 'sent') AND expires_at > 0 AND expires_at <= sqlc.arg(at);
