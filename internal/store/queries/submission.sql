-- name: InsertSubmission :exec
INSERT INTO submission (id, org, model, state, round, rev, firmware_sha256, spec_sha256, previous, created_at, submitted_at, updated_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: Submission :one
SELECT body FROM submission WHERE id = $1;

-- UpdateSubmission finds the submission as the caller saw it, or nothing.

-- name: UpdateSubmission :execrows
UPDATE submission
SET state = sqlc.arg(state), round = sqlc.arg(round), rev = sqlc.arg(saw) + 1, firmware_sha256 = sqlc.arg(firmware_sha256),
    spec_sha256 = sqlc.arg(spec_sha256), previous = sqlc.arg(previous), submitted_at = sqlc.arg(submitted_at),
    updated_at = sqlc.arg(updated_at), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);
