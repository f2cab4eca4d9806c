-- name: ClaimCode :one
SELECT * FROM claim_code WHERE did = $1;

-- name: PutClaimCode :exec
INSERT INTO claim_code (did, salt, hash, created_at, used_at, wrong, wrong_at) VALUES ($1, $2, $3, $4, 0, 0, 0)
ON CONFLICT (did) DO UPDATE
SET salt = EXCLUDED.salt, hash = EXCLUDED.hash, created_at = EXCLUDED.created_at, used_at = 0, wrong = 0, wrong_at = 0;

-- name: WrongClaimCode :exec
UPDATE claim_code
SET wrong = CASE WHEN wrong_at > sqlc.arg(since_at) THEN wrong + 1 ELSE 1 END, wrong_at = sqlc.arg(at)
WHERE did = sqlc.arg(did);

-- name: UseClaimCode :execrows
UPDATE claim_code SET used_at = sqlc.arg(at), wrong = 0 WHERE did = sqlc.arg(did) AND used_at = 0;

-- name: ReviveClaimCode :exec
UPDATE claim_code SET used_at = 0, wrong = 0 WHERE did = $1;

-- name: OwnDevice :execrows
UPDATE device SET account = sqlc.arg(account), reset_at = 0
WHERE did = sqlc.arg(did) AND account = sqlc.arg(was) AND quarantined_at = 0;

-- name: DisownDevice :execrows
UPDATE device SET account = '', home = NULL, room = NULL, name = did, reset_at = 0 WHERE did = sqlc.arg(did) AND account = sqlc.arg(was);

-- name: CountDevicesOfHome :one
SELECT COUNT(*) FROM device WHERE home = $1;

-- name: RoomOfHome :one
SELECT * FROM room WHERE id = $1 AND home = $2;

-- name: InsertClaim :exec
INSERT INTO claim (id, did, account, home, basis, reason, order_id, created_at, ended_at, ended)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '');

-- name: LiveClaim :one
SELECT * FROM claim WHERE did = $1 AND ended_at = 0;

-- name: DeviceClaims :many
SELECT * FROM claim WHERE did = $1 ORDER BY id;

-- name: GreyClaims :many
SELECT * FROM claim WHERE basis = 'grey' AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: EndClaim :execrows
UPDATE claim SET ended_at = sqlc.arg(at), ended = sqlc.arg(ended) WHERE did = sqlc.arg(did) AND ended_at = 0;

-- name: ForgetTwin :exec
DELETE FROM twin WHERE did = $1;

-- name: ForgetAllBuckets :exec
DELETE FROM bucket WHERE did = $1;

-- name: ForgetDesired :exec
DELETE FROM desired WHERE did = $1;

-- name: ForgetCommands :exec
DELETE FROM command WHERE did = $1;

-- name: InsertHandover :exec
INSERT INTO handover (id, did, giver, hash, created_at, expires_at, used_at, used_by, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, '', 0);

-- name: Handover :one
SELECT * FROM handover WHERE id = $1;

-- name: RevokeHandovers :execrows
UPDATE handover SET revoked_at = sqlc.arg(at)
WHERE did = sqlc.arg(did) AND giver = sqlc.arg(giver) AND used_at = 0 AND revoked_at = 0;

-- name: UseHandover :execrows
UPDATE handover SET used_at = sqlc.arg(at), used_by = sqlc.arg(account)
WHERE id = sqlc.arg(id) AND used_at = 0 AND revoked_at = 0 AND expires_at > sqlc.arg(at);

-- name: Given :one
SELECT COUNT(*) FROM handover WHERE did = sqlc.arg(did) AND giver = sqlc.arg(giver) AND used_by = sqlc.arg(account) AND used_at <> 0;

-- name: MadeIn :one
SELECT factory_unit.batch, factory_batch.state FROM factory_unit JOIN factory_batch ON factory_batch.id = factory_unit.batch
WHERE factory_unit.did = $1;
