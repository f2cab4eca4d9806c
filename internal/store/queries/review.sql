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
-- counts is empty where what was counted is no longer what is.

-- name: Oldest :many
SELECT s.body, s.since, s.rev,
    (SELECT COUNT(*) FROM run r WHERE r.submission = s.id) AS runs,
    CAST((SELECT COALESCE(SUM(r.rev), 0) FROM run r WHERE r.submission = s.id) AS BIGINT) AS run_revs,
    (SELECT COUNT(*) FROM decision d WHERE d.submission = s.id AND d.round = s.round AND d.kind = 'approve') AS approvals,
    CAST(COALESCE((SELECT c.counts FROM review_count c
        WHERE c.submission = s.id AND c.rev = s.rev AND c.suite = CAST(sqlc.arg(suite) AS TEXT)
          AND c.runs = (SELECT COUNT(*) FROM run r WHERE r.submission = s.id)
          AND c.run_revs = (SELECT COALESCE(SUM(r.rev), 0) FROM run r WHERE r.submission = s.id)), '') AS TEXT) AS counts
FROM submission s
WHERE s.state = sqlc.arg(state) AND (s.since, s.id) > (CAST(sqlc.arg(after_since) AS BIGINT), CAST(sqlc.arg(after_id) AS TEXT))
  AND (CAST(sqlc.arg(org) AS TEXT) = '' OR s.org = sqlc.arg(org))
  AND (CAST(sqlc.arg(model) AS TEXT) = '' OR s.model = sqlc.arg(model))
  AND (CAST(sqlc.arg(any_class) AS BIGINT) = 1 OR s.class = sqlc.arg(class))
  AND (CAST(sqlc.arg(claimed_by) AS TEXT) = '' OR EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = s.id AND c.reviewer = sqlc.arg(claimed_by)))
  AND (CAST(sqlc.arg(unclaimed) AS BIGINT) = 0 OR NOT EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = s.id))
ORDER BY s.since, s.id LIMIT sqlc.arg(most);

-- name: Newest :many
SELECT s.body, s.since, s.rev,
    (SELECT COUNT(*) FROM run r WHERE r.submission = s.id) AS runs,
    CAST((SELECT COALESCE(SUM(r.rev), 0) FROM run r WHERE r.submission = s.id) AS BIGINT) AS run_revs,
    (SELECT COUNT(*) FROM decision d WHERE d.submission = s.id AND d.round = s.round AND d.kind = 'approve') AS approvals,
    CAST(COALESCE((SELECT c.counts FROM review_count c
        WHERE c.submission = s.id AND c.rev = s.rev AND c.suite = CAST(sqlc.arg(suite) AS TEXT)
          AND c.runs = (SELECT COUNT(*) FROM run r WHERE r.submission = s.id)
          AND c.run_revs = (SELECT COALESCE(SUM(r.rev), 0) FROM run r WHERE r.submission = s.id)), '') AS TEXT) AS counts
FROM submission s
WHERE s.state = sqlc.arg(state) AND (s.since, s.id) < (CAST(sqlc.arg(after_since) AS BIGINT), CAST(sqlc.arg(after_id) AS TEXT))
  AND (CAST(sqlc.arg(org) AS TEXT) = '' OR s.org = sqlc.arg(org))
  AND (CAST(sqlc.arg(model) AS TEXT) = '' OR s.model = sqlc.arg(model))
  AND (CAST(sqlc.arg(any_class) AS BIGINT) = 1 OR s.class = sqlc.arg(class))
  AND (CAST(sqlc.arg(claimed_by) AS TEXT) = '' OR EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = s.id AND c.reviewer = sqlc.arg(claimed_by)))
  AND (CAST(sqlc.arg(unclaimed) AS BIGINT) = 0 OR NOT EXISTS (SELECT 1 FROM review_claim c WHERE c.submission = s.id))
ORDER BY s.since DESC, s.id DESC LIMIT sqlc.arg(most);

-- name: ClaimsOfQueue :many
SELECT c.* FROM review_claim c JOIN submission s ON s.id = c.submission
WHERE s.state = sqlc.arg(state) AND s.since >= sqlc.arg(first) AND s.since <= sqlc.arg(last)
ORDER BY c.since, c.reviewer;

-- name: KeepReviewCount :exec
INSERT INTO review_count (submission, rev, runs, run_revs, suite, counts) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (submission) DO UPDATE SET rev = excluded.rev, runs = excluded.runs, run_revs = excluded.run_revs,
    suite = excluded.suite, counts = excluded.counts;
