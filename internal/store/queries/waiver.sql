-- name: InsertWaiver :exec
INSERT INTO waiver (id, submission, requirement, state, proposed_by, decided_by, ends_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- UpdateWaiver finds the waiver in the state in which the caller saw it, or nothing.

-- name: UpdateWaiver :execrows
UPDATE waiver SET state = sqlc.arg(state), decided_by = sqlc.arg(decided_by), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- name: Waiver :one
SELECT body FROM waiver WHERE id = $1;

-- name: Waivers :many
SELECT body FROM waiver WHERE submission = $1 ORDER BY id;
