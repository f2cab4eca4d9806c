-- name: InsertCredential :exec
INSERT INTO credential (id, did, salt, hash, state, created_at, used_at, revoked_at, kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: Credential :one
SELECT * FROM credential WHERE id = $1;

-- name: Credentials :many
SELECT * FROM credential WHERE did = $1 ORDER BY id;

-- name: RetireCredentials :exec
UPDATE credential SET state = 'retiring' WHERE did = $1 AND state = 'active' AND kind <> 'key';

-- name: UseCredential :execrows
UPDATE credential SET used_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND state <> 'revoked' AND used_at = 0;

-- name: RevokeRetiring :execrows
UPDATE credential SET state = 'revoked', revoked_at = sqlc.arg(at) WHERE did = sqlc.arg(did) AND state = 'retiring';

-- What somebody revokes stays so: a reset does not bring it back.

-- name: RevokeCredential :execrows
UPDATE credential
SET state = 'revoked', revoked_at = sqlc.arg(at), kind = CASE WHEN kind = 'factory' THEN '' ELSE kind END
WHERE id = sqlc.arg(id) AND did = sqlc.arg(did) AND state <> 'revoked';

-- name: RevokeAllCredentials :exec
UPDATE credential SET state = 'revoked', revoked_at = sqlc.arg(at)
WHERE did = sqlc.arg(did) AND state <> 'revoked' AND kind <> 'key';

-- name: ReviveFactoryCredential :exec
UPDATE credential SET state = 'active', revoked_at = 0, used_at = 0 WHERE did = $1 AND kind = 'factory';
