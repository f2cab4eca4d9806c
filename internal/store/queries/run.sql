-- TakeRunTurn is the first statement of a transaction that counts runs: it makes
-- others who count wait for the commit.

-- name: TakeRunTurn :exec
UPDATE run_turn SET taken = taken + 1 WHERE id = 1;

-- name: CountOpenRuns :one
SELECT COUNT(*) FROM run WHERE org = $1 AND state NOT IN ('finished', 'cancelled');

-- name: LastRunAttempt :one
SELECT CAST(COALESCE(MAX(attempt), 0) AS INTEGER) FROM run WHERE submission = $1 AND round = $2 AND plan = $3;

-- name: InsertRun :exec
INSERT INTO run (id, submission, org, round, plan, attempt, state, rev, node, lease_until, cancel_by, created_at, ended_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, '', $9, 0, $10);

-- name: Run :one
SELECT * FROM run WHERE id = $1;

-- name: RunsOfSubmission :many
SELECT * FROM run WHERE submission = $1 ORDER BY id;

-- name: RunsOfOrg :many
SELECT * FROM run WHERE org = sqlc.arg(org) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: RunsAfter :many
SELECT * FROM run WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: RunsByState :many
SELECT * FROM run WHERE state = sqlc.arg(state) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: RunsHeld :many
SELECT * FROM run WHERE node = $1 AND node <> '' ORDER BY id;

-- name: CountRuns :many
SELECT state, COUNT(*) AS runs FROM run GROUP BY state;

-- UpdateRun finds the run as the caller saw it, or nothing.

-- name: UpdateRun :execrows
UPDATE run SET state = sqlc.arg(state), rev = sqlc.arg(saw) + 1, node = sqlc.arg(node),
    ended_at = sqlc.arg(ended_at), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- WaitingRun is the oldest that may begin: its submission's device is free, and its
-- organisation has not its share.

-- name: WaitingRun :many
SELECT w.id FROM run w
WHERE w.state = 'queued' AND (w.node = '' OR w.node = sqlc.arg(node))
    AND (SELECT COUNT(*) FROM run o WHERE o.org = w.org AND o.state IN ('waiting-for-device', 'running', 'waiting-for-operator')) < CAST(sqlc.arg(per_org) AS INTEGER)
    AND NOT EXISTS (SELECT 1 FROM run s WHERE s.submission = w.submission AND s.state IN ('waiting-for-device', 'running', 'waiting-for-operator'))
ORDER BY w.id LIMIT 1;

-- name: TakeRun :many
UPDATE run SET state = 'waiting-for-device', node = sqlc.arg(node), lease_until = sqlc.arg(until), cancel_by = '', rev = rev + 1
WHERE id = sqlc.arg(id) AND state = 'queued'
RETURNING *;

-- name: KeepRuns :many
UPDATE run SET lease_until = sqlc.arg(until)
WHERE node = sqlc.arg(node) AND state IN ('waiting-for-device', 'running', 'waiting-for-operator')
RETURNING id, cancel_by;

-- name: LoseRuns :many
SELECT * FROM run WHERE state IN ('waiting-for-device', 'running', 'waiting-for-operator') AND lease_until <= sqlc.arg(at);

-- name: CancelRun :execrows
UPDATE run SET cancel_by = sqlc.arg(cancel_by)
WHERE id = sqlc.arg(id) AND cancel_by = '' AND state IN ('waiting-for-device', 'running', 'waiting-for-operator');

-- name: InsertRunQuestion :exec
INSERT INTO run_question (id, run, state, asked_at, due_at, answered_at, answered_by, body) VALUES ($1, $2, 'open', $3, $4, 0, '', $5);

-- name: RunQuestion :one
SELECT * FROM run_question WHERE id = $1;

-- name: RunQuestions :many
SELECT * FROM run_question WHERE run = $1 ORDER BY id;

-- name: AnswerRunQuestion :execrows
UPDATE run_question SET state = 'answered', answered_at = sqlc.arg(at), answered_by = sqlc.arg(answered_by), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = 'open' AND due_at > sqlc.arg(at);

-- name: ExpireRunQuestions :exec
UPDATE run_question SET state = 'expired', answered_at = sqlc.arg(at)
WHERE run = sqlc.arg(run) AND state = 'open';

-- name: ExpireRunQuestion :execrows
UPDATE run_question SET state = 'expired', answered_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND state = 'open';

-- name: RunAnswerers :many
SELECT DISTINCT q.answered_by FROM run_question q JOIN run r ON r.id = q.run
WHERE r.submission = $1 AND q.answered_by <> '' ORDER BY q.answered_by;

-- name: KeepRunResult :exec
INSERT INTO run_result (run, at, body) VALUES ($1, $2, $3)
ON CONFLICT (run) DO UPDATE SET at = excluded.at, body = excluded.body;

-- name: RunResult :one
SELECT body FROM run_result WHERE run = $1;

-- name: InsertRunFile :exec
INSERT INTO run_file (run, sha256, name, media, size, by_account, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (run, sha256) DO NOTHING;

-- name: RunFile :one
SELECT * FROM run_file WHERE run = $1 AND sha256 = $2;

-- name: RunFiles :many
SELECT * FROM run_file WHERE run = $1 ORDER BY at, sha256;

-- name: InsertRunJudgement :exec
INSERT INTO run_judgement (id, run, by_account, at, ended_at, body) VALUES ($1, $2, $3, $4, 0, '');

-- name: EndRunJudgement :execrows
UPDATE run_judgement SET ended_at = sqlc.arg(ended_at), body = sqlc.arg(body) WHERE id = sqlc.arg(id) AND ended_at = 0;

-- name: RunJudgement :one
SELECT * FROM run_judgement WHERE id = $1;

-- name: RunJudgements :many
SELECT * FROM run_judgement WHERE run = $1 ORDER BY id;

-- name: BenchSecretVersion :one
SELECT version FROM bench_secret WHERE submission = $1;

-- name: RotateBenchSecret :one
INSERT INTO bench_secret (submission, version, rotated_by, rotated_at)
VALUES (sqlc.arg(submission), 2, sqlc.arg(rotated_by), sqlc.arg(rotated_at))
ON CONFLICT (submission) DO UPDATE SET version = bench_secret.version + 1, rotated_by = excluded.rotated_by, rotated_at = excluded.rotated_at
RETURNING version;

-- name: KeepBenchKey :exec
INSERT INTO bench_key (kind, name, seen_at) VALUES ($1, $2, $3) ON CONFLICT (kind, name) DO NOTHING;

-- name: BenchKeys :many
SELECT name FROM bench_key WHERE kind = $1 ORDER BY seen_at, name;
