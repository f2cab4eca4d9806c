-- name: Buckets :many
SELECT * FROM bucket
WHERE did = $1 AND resolution = $2 AND start_at >= sqlc.arg(since) AND start_at < sqlc.arg(until)
  AND siid = sqlc.arg(siid) AND piid = sqlc.arg(piid)
ORDER BY start_at;

-- name: DeleteBuckets :exec
DELETE FROM bucket
WHERE did = $1 AND resolution IN ('hour', 'day') AND start_at >= sqlc.arg(since) AND start_at < sqlc.arg(until);

-- name: InsertBucket :exec
INSERT INTO bucket (did, resolution, start_at, siid, piid, count, min, max, mean)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: SetRolledUp :exec
INSERT INTO rolled_up (did, upto) VALUES ($1, $2)
ON CONFLICT (did) DO UPDATE SET upto = excluded.upto WHERE excluded.upto > rolled_up.upto;

-- name: RolledUpTo :one
SELECT upto FROM rolled_up WHERE did = $1;
