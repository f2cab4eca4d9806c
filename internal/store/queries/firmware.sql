-- name: InsertFirmware :exec
INSERT INTO firmware (id, product, version, sha256, state, rev, body) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: UpdateFirmware :execrows
UPDATE firmware SET state = sqlc.arg(state), rev = rev + 1, body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- name: Firmware :one
SELECT body FROM firmware WHERE id = $1;

-- name: FirmwareOfProduct :many
SELECT body FROM firmware WHERE product = $1 ORDER BY id;

-- name: InsertRollout :exec
INSERT INTO rollout (id, product, firmware, state, rev, body) VALUES ($1, $2, $3, $4, $5, $6);

-- name: UpdateRollout :execrows
UPDATE rollout SET state = sqlc.arg(state), rev = rev + 1, body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- name: Rollout :one
SELECT body FROM rollout WHERE id = $1;

-- name: RolloutsOfProduct :many
SELECT body FROM rollout WHERE product = sqlc.arg(product) ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: LiveRollouts :many
SELECT body FROM rollout WHERE state IN ('preparing', 'running', 'paused') ORDER BY id;

-- name: EnlistDevice :exec
INSERT INTO rollout_device (rollout, did, state, cohort, attempt, refusals, due_at, offered_at, token, progress, reason, before)
SELECT sqlc.arg(rollout), d.did, 'waiting', sqlc.arg(cohort), 0, 0, sqlc.arg(due_at), 0, '', 0, '', sqlc.arg(before)
FROM device d WHERE d.did = sqlc.arg(did)
ON CONFLICT (rollout, did) DO NOTHING;

-- name: DueTargets :many
SELECT * FROM rollout_device
WHERE rollout = sqlc.arg(rollout) AND state IN ('waiting', 'offered') AND due_at <= sqlc.arg(now) AND cohort < sqlc.arg(share)
ORDER BY due_at, did LIMIT sqlc.arg(most);

-- A rollout that was stopped, paused or revoked meanwhile offers nothing more.

-- name: OfferTarget :execrows
UPDATE rollout_device
SET state = 'offered', attempt = sqlc.arg(attempt), due_at = sqlc.arg(due_at), offered_at = sqlc.arg(offered_at),
    token = sqlc.arg(token), progress = 0, reason = ''
WHERE rollout = sqlc.arg(rollout) AND did = sqlc.arg(did) AND state = 'waiting'
  AND EXISTS (SELECT 1 FROM rollout r JOIN firmware f ON f.id = r.firmware WHERE r.id = rollout_device.rollout AND r.state = 'running' AND f.state = 'stored');

-- name: MoveTarget :execrows
UPDATE rollout_device
SET state = sqlc.arg(state), attempt = sqlc.arg(attempt), refusals = sqlc.arg(refusals), due_at = sqlc.arg(due_at),
    token = sqlc.arg(token), progress = sqlc.arg(progress), reason = sqlc.arg(reason)
WHERE rollout = sqlc.arg(rollout) AND did = sqlc.arg(did) AND state = sqlc.arg(was);

-- name: WakeTarget :exec
UPDATE rollout_device SET due_at = sqlc.arg(at)
WHERE did = sqlc.arg(did) AND due_at > sqlc.arg(at) AND (state = 'offered' OR (state = 'waiting' AND reason IN ('', 'offline')))
  AND EXISTS (SELECT 1 FROM rollout r WHERE r.id = rollout_device.rollout AND r.state IN ('preparing', 'running', 'paused'));

-- name: TallyTargets :many
SELECT d.state, CAST(count(*) AS BIGINT) AS n, CAST(coalesce(sum(CASE WHEN p.online THEN 0 ELSE 1 END), 0) AS BIGINT) AS offline
FROM rollout_device d LEFT JOIN presence p ON p.did = d.did
WHERE d.rollout = sqlc.arg(rollout) AND d.cohort < sqlc.arg(share) GROUP BY d.state;

-- name: TallyOthers :one
SELECT CAST(count(*) AS BIGINT) AS n, CAST(coalesce(sum(CASE WHEN p.online THEN 0 ELSE 1 END), 0) AS BIGINT) AS offline
FROM rollout_device d LEFT JOIN presence p ON p.did = d.did
WHERE d.rollout = sqlc.arg(rollout) AND d.state = 'waiting';

-- name: LeastCohort :one
SELECT CAST(coalesce(min(cohort), 0) AS BIGINT) FROM rollout_device WHERE rollout = $1;

-- name: TargetsOfRollout :many
SELECT * FROM rollout_device WHERE rollout = sqlc.arg(rollout) AND did > sqlc.arg(after) ORDER BY did LIMIT sqlc.arg(most);

-- name: TargetOfDevice :one
SELECT * FROM rollout_device WHERE did = $1 ORDER BY rollout DESC LIMIT 1;

-- name: TargetByToken :one
SELECT * FROM rollout_device WHERE token = $1 AND token <> '';
