-- name: Connect :one
INSERT INTO presence (did, online, reason, node, epoch, since)
SELECT d.did, TRUE, CAST(sqlc.arg(reason) AS TEXT), CAST(sqlc.arg(node) AS TEXT), 1, CAST(sqlc.arg(since) AS BIGINT)
FROM device d WHERE d.did = sqlc.arg(did)
ON CONFLICT (did) DO UPDATE
SET online = TRUE, reason = excluded.reason, node = excluded.node, epoch = presence.epoch + 1, since = excluded.since
RETURNING epoch;

-- name: Disconnect :execrows
UPDATE presence SET online = FALSE, reason = sqlc.arg(reason), since = sqlc.arg(since)
WHERE did = sqlc.arg(did) AND epoch = sqlc.arg(epoch) AND online;

-- name: Presence :one
SELECT * FROM presence WHERE did = $1;

-- name: PutPresence :exec
INSERT INTO presence (did, online, reason, node, epoch, since) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (did) DO UPDATE
SET online = excluded.online, reason = excluded.reason, node = excluded.node, epoch = excluded.epoch, since = excluded.since
WHERE excluded.epoch >= presence.epoch;

-- name: LosePresence :many
UPDATE presence SET online = FALSE, reason = sqlc.arg(reason), since = sqlc.arg(since)
WHERE node = sqlc.arg(node) AND online
RETURNING *;
