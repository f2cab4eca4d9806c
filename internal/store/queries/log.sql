-- GrowLog takes the next n places in the log; on PostgreSQL it waits for whoever
-- took those before.

-- name: GrowLog :one
UPDATE log_head SET size = size + CAST(sqlc.arg(n) AS BIGINT) WHERE id = 1 RETURNING size, edge;

-- name: SetLogEdge :exec
UPDATE log_head SET edge = sqlc.arg(edge) WHERE id = 1;

-- name: InsertLogLeaf :exec
INSERT INTO log_leaf (idx, data, hash) VALUES (sqlc.arg(idx), sqlc.arg(data), sqlc.arg(hash));

-- name: InsertLogNode :exec
INSERT INTO log_node (level, n, hash) VALUES (sqlc.arg(level), sqlc.arg(n), sqlc.arg(hash));

-- name: LogHead :one
SELECT size, edge FROM log_head WHERE id = 1;

-- name: NameLog :exec
UPDATE log_head SET origin = sqlc.arg(origin) WHERE id = 1 AND origin = '';

-- name: LogOrigin :one
SELECT origin FROM log_head WHERE id = 1;

-- name: LogLeaves :many
SELECT data FROM log_leaf WHERE idx >= sqlc.arg(first) AND idx < sqlc.arg(past) ORDER BY idx;

-- name: LogLeafHashes :many
SELECT hash FROM log_leaf WHERE idx >= sqlc.arg(first) AND idx < sqlc.arg(past) ORDER BY idx;

-- name: LogNodes :many
SELECT hash FROM log_node WHERE level = sqlc.arg(level) AND n >= sqlc.arg(first) AND n < sqlc.arg(past) ORDER BY n;

-- name: LogCheckpoint :one
SELECT * FROM log_checkpoint ORDER BY size DESC, signed_at DESC LIMIT 1;

-- name: RaiseSigned :execrows
UPDATE log_head SET signed = sqlc.arg(size) WHERE id = 1 AND signed <= sqlc.arg(size);

-- name: InsertLogCheckpoint :exec
INSERT INTO log_checkpoint (size, key_id, root, note, signed_at)
VALUES (sqlc.arg(size), sqlc.arg(key_id), sqlc.arg(root), sqlc.arg(note), sqlc.arg(signed_at))
ON CONFLICT (size, key_id) DO NOTHING;
