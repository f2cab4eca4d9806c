-- name: InsertSubmission :exec
INSERT INTO submission (id, org, model, state, round, rev, firmware_sha256, spec_sha256, previous, created_at, submitted_at, updated_at, spec, body, since, class)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: Submission :one
SELECT spec, body FROM submission WHERE id = $1;

-- UpdateSubmission finds the submission as the caller saw it, or nothing.

-- name: UpdateSubmission :execrows
UPDATE submission
SET since = CASE WHEN state = sqlc.arg(state) THEN since ELSE sqlc.arg(updated_at) END,
    model = sqlc.arg(model), state = sqlc.arg(state), round = sqlc.arg(round), rev = sqlc.arg(saw) + 1,
    firmware_sha256 = sqlc.arg(firmware_sha256), spec_sha256 = sqlc.arg(spec_sha256), previous = sqlc.arg(previous),
    class = sqlc.arg(class), submitted_at = sqlc.arg(submitted_at), updated_at = sqlc.arg(updated_at), spec = sqlc.arg(spec), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- name: Submissions :many
SELECT body FROM submission
WHERE id > sqlc.arg(after) AND (org = sqlc.arg(org) OR sqlc.arg(org) = '')
  AND (state = sqlc.arg(state) OR sqlc.arg(state) = '') AND (model = sqlc.arg(model) OR sqlc.arg(model) = '')
ORDER BY id LIMIT sqlc.arg(most);

-- name: InsertScreening :exec
INSERT INTO screening (submission, rev, at, body) VALUES ($1, $2, $3, $4);

-- name: Screening :one
SELECT body FROM screening WHERE submission = $1 ORDER BY rev DESC LIMIT 1;

-- name: InsertDocument :exec
INSERT INTO document (id, org, submission, kind, name, media, size, sha256, by_account, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: DeleteDocument :execrows
DELETE FROM document WHERE id = sqlc.arg(id) AND submission = sqlc.arg(submission);

-- name: Document :one
SELECT * FROM document WHERE id = $1;

-- name: Documents :many
SELECT * FROM document WHERE submission = $1 AND submission <> '' ORDER BY id;

-- TieMembers writes down who is a member of the vendor now.

-- name: TieMembers :exec
INSERT INTO submission_tie (submission, account)
SELECT submission.id, member.account FROM submission JOIN member ON member.org = submission.org WHERE submission.id = sqlc.arg(id)
ON CONFLICT (submission, account) DO NOTHING;
