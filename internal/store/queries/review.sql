-- name: PutDecision :exec
INSERT INTO decision (submission, round, reviewer, kind, evidence, at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (submission, round, reviewer) DO UPDATE
SET kind = excluded.kind, evidence = excluded.evidence, at = excluded.at, body = excluded.body;

-- name: DeleteDecision :execrows
DELETE FROM decision WHERE submission = $1 AND round = $2 AND reviewer = $3;

-- name: Decisions :many
SELECT body FROM decision WHERE submission = $1 ORDER BY at, reviewer;

-- name: InsertReviewEntry :exec
INSERT INTO review_entry (id, submission, round, kind, item, author, at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: ReviewEntries :many
SELECT * FROM review_entry WHERE submission = $1 ORDER BY at, id;

-- name: TiedMembers :many
SELECT account FROM submission_tie WHERE submission = sqlc.arg(submission)
UNION
SELECT account FROM member WHERE org = sqlc.arg(org)
ORDER BY account;

-- name: Reviewers :many
SELECT account_role.account FROM account_role JOIN account ON account.id = account_role.account
WHERE account_role.role = 'reviewer' AND account.blocked_at = 0 ORDER BY account_role.account;

-- name: PutClaim :exec
INSERT INTO review_claim (submission, reviewer, since) VALUES ($1, $2, $3)
ON CONFLICT (submission, reviewer) DO NOTHING;

-- name: DeleteClaim :exec
DELETE FROM review_claim WHERE submission = $1 AND reviewer = $2;

-- name: Claims :many
SELECT * FROM review_claim WHERE submission = $1 ORDER BY since, reviewer;

-- name: WaitingSince :many
SELECT since FROM submission WHERE state = $1 ORDER BY since;

-- Oldest and Newest are the queue in its two orders. An empty argument chooses all.

-- name: Oldest :many
SELECT body, since FROM submission
WHERE state = sqlc.arg(state) AND (since, id) > (CAST(sqlc.arg(after_since) AS BIGINT), CAST(sqlc.arg(after_id) AS TEXT))
  AND (CAST(sqlc.arg(org) AS TEXT) = '' OR org = sqlc.arg(org))
  AND (CAST(sqlc.arg(model) AS TEXT) = '' OR model = sqlc.arg(model))
  AND (CAST(sqlc.arg(any_class) AS BIGINT) = 1 OR class = sqlc.arg(class))
  AND (CAST(sqlc.arg(claimed_by) AS TEXT) = '' OR EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = submission.id AND c.reviewer = sqlc.arg(claimed_by)))
  AND (CAST(sqlc.arg(unclaimed) AS BIGINT) = 0 OR NOT EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = submission.id))
ORDER BY since, id LIMIT sqlc.arg(most);

-- name: Newest :many
SELECT body, since FROM submission
WHERE state = sqlc.arg(state) AND (since, id) < (CAST(sqlc.arg(after_since) AS BIGINT), CAST(sqlc.arg(after_id) AS TEXT))
  AND (CAST(sqlc.arg(org) AS TEXT) = '' OR org = sqlc.arg(org))
  AND (CAST(sqlc.arg(model) AS TEXT) = '' OR model = sqlc.arg(model))
  AND (CAST(sqlc.arg(any_class) AS BIGINT) = 1 OR class = sqlc.arg(class))
  AND (CAST(sqlc.arg(claimed_by) AS TEXT) = '' OR EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = submission.id AND c.reviewer = sqlc.arg(claimed_by)))
  AND (CAST(sqlc.arg(unclaimed) AS BIGINT) = 0 OR NOT EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = submission.id))
ORDER BY since DESC, id DESC LIMIT sqlc.arg(most);
