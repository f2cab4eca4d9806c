-- name: InsertDesired :exec
INSERT INTO desired (id, did, siid, piid, value, state, reason, created_at, expires_at, ended_at, account)
VALUES ($1, $2, $3, $4, $5, 'open', '', $6, $7, 0, $8);

-- name: ReplaceDesired :exec
UPDATE desired SET state = 'replaced', ended_at = sqlc.arg(at)
WHERE did = sqlc.arg(did) AND siid = sqlc.arg(siid) AND piid = sqlc.arg(piid) AND state = 'open';

-- name: Desired :one
SELECT * FROM desired WHERE id = $1;

-- name: OpenDesired :many
SELECT * FROM desired WHERE did = $1 AND state = 'open' ORDER BY id;

-- name: EndDesired :execrows
UPDATE desired SET state = sqlc.arg(state), reason = sqlc.arg(reason), ended_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND state = 'open';

-- name: ExpireDesired :execrows
UPDATE desired SET state = 'expired', ended_at = sqlc.arg(at)
WHERE state = 'open' AND expires_at > 0 AND expires_at <= sqlc.arg(at);
