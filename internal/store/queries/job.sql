-- name: EnqueueJob :execrows
INSERT INTO job (id, kind, key, payload, state, due_at, wake_at, attempt, max_attempts, holder, last_error, created_at, ended_at)
VALUES (sqlc.arg(id), sqlc.arg(kind), sqlc.arg(key), sqlc.arg(payload), 'queued', sqlc.arg(due_at), sqlc.arg(due_at), 0, sqlc.arg(max_attempts), '', '', sqlc.arg(created_at), 0)
ON CONFLICT (kind, key) WHERE key <> '' AND state <> 'dead' DO NOTHING;

-- name: DueKinds :many
SELECT DISTINCT kind FROM job WHERE state <> 'dead' AND wake_at <= sqlc.arg(at) ORDER BY kind;

-- LeaseJob asks the same question twice: whoever waited for the row's lock must
-- see that it is no longer due.

-- name: LeaseJob :many
UPDATE job SET state = 'running', wake_at = sqlc.arg(until), holder = sqlc.arg(holder), attempt = attempt + 1
WHERE job.state <> 'dead' AND job.wake_at <= sqlc.arg(at) AND job.id = (
    SELECT j.id FROM job j
    WHERE j.kind = sqlc.arg(kind) AND j.state <> 'dead' AND j.wake_at <= sqlc.arg(at)
    ORDER BY j.wake_at, j.id LIMIT 1)
RETURNING *;

-- name: ExtendJob :execrows
UPDATE job SET wake_at = sqlc.arg(until)
WHERE id = sqlc.arg(id) AND state = 'running' AND holder = sqlc.arg(holder) AND attempt = sqlc.arg(attempt);

-- name: CompleteJob :execrows
DELETE FROM job
WHERE id = sqlc.arg(id) AND state = 'running' AND holder = sqlc.arg(holder) AND attempt = sqlc.arg(attempt);

-- name: FailJob :execrows
UPDATE job
SET state = sqlc.arg(state), wake_at = sqlc.arg(wake_at), last_error = sqlc.arg(last_error), ended_at = sqlc.arg(ended_at), holder = ''
WHERE id = sqlc.arg(id) AND state = 'running' AND holder = sqlc.arg(holder) AND attempt = sqlc.arg(attempt);

-- name: Job :one
SELECT * FROM job WHERE id = $1;

-- name: DeadJobs :many
SELECT * FROM job WHERE state = 'dead' ORDER BY id LIMIT sqlc.arg(most);

-- name: CountJobs :many
SELECT kind, state, COUNT(*) AS n, CAST(MIN(wake_at) AS BIGINT) AS next_at FROM job GROUP BY kind, state ORDER BY kind, state;

-- name: RetryJob :execrows
UPDATE job SET state = 'queued', wake_at = sqlc.arg(wake_at), attempt = 0, ended_at = 0
WHERE id = sqlc.arg(id) AND state = 'dead';
