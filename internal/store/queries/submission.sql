-- name: InsertSubmission :exec
INSERT INTO submission (id, org, model, state, round, rev, firmware_sha256, spec_sha256, previous, created_at, submitted_at, updated_at, body, since, class)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: Submission :one
SELECT body FROM submission WHERE id = $1;

-- UpdateSubmission finds the submission as the caller saw it, or nothing.

-- name: UpdateSubmission :execrows
UPDATE submission
SET since = CASE WHEN state = sqlc.arg(state) THEN since ELSE sqlc.arg(updated_at) END,
    state = sqlc.arg(state), round = sqlc.arg(round), rev = sqlc.arg(saw) + 1, firmware_sha256 = sqlc.arg(firmware_sha256),
    spec_sha256 = sqlc.arg(spec_sha256), previous = sqlc.arg(previous), class = sqlc.arg(class), submitted_at = sqlc.arg(submitted_at),
    updated_at = sqlc.arg(updated_at), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- TieMembers writes down who is a member of the vendor now.

-- name: TieMembers :exec
INSERT INTO submission_tie (submission, account)
SELECT submission.id, member.account FROM submission JOIN member ON member.org = submission.org WHERE submission.id = sqlc.arg(id)
ON CONFLICT (submission, account) DO NOTHING;
