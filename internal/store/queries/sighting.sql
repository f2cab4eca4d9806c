-- name: InsertSighting :exec
INSERT INTO sighting (did, at, epoch, boot_at, mac, origin, contested) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (did, epoch) DO NOTHING;

-- name: Sightings :many
SELECT * FROM sighting WHERE did = $1 AND at >= sqlc.arg(since_at) ORDER BY epoch;

-- name: DeleteSightings :exec
DELETE FROM sighting WHERE did = $1;

-- name: ForgetSightings :exec
DELETE FROM sighting WHERE at < sqlc.arg(at);
