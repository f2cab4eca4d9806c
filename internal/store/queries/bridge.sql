-- name: PutBridge :exec
INSERT INTO bridge (token, queue_s, refused, last_end, last, last_at) VALUES (sqlc.arg(token), sqlc.arg(queue_s), 0, '', '', 0)
ON CONFLICT (token) DO UPDATE SET queue_s = excluded.queue_s;

-- name: Bridge :one
SELECT * FROM bridge WHERE token = $1;

-- NoteRefused leaves out a token that is gone.

-- name: NoteRefused :exec
INSERT INTO bridge (token, queue_s, refused, last_end, last, last_at)
SELECT token.id, 0, CAST(sqlc.arg(refused) AS BIGINT), CAST(sqlc.arg(last_end) AS TEXT), CAST(sqlc.arg(last) AS TEXT), CAST(sqlc.arg(last_at) AS BIGINT)
FROM token WHERE token.id = sqlc.arg(token)
ON CONFLICT (token) DO UPDATE SET
    refused = bridge.refused + excluded.refused, last_end = excluded.last_end, last = excluded.last, last_at = excluded.last_at;
