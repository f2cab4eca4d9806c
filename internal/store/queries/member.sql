-- name: InsertMember :exec
INSERT INTO member (org, account, role, since) VALUES ($1, $2, $3, $4);

-- name: Member :one
SELECT * FROM member WHERE org = $1 AND account = $2;

-- name: Members :many
SELECT sqlc.embed(member), account.name, account.email FROM member JOIN account ON account.id = member.account
WHERE member.org = $1 ORDER BY member.since, member.account;

-- name: Owners :one
SELECT COUNT(*) FROM member WHERE org = $1 AND role = 'owner';

-- name: DeleteMember :execrows
DELETE FROM member WHERE org = $1 AND account = $2;

-- name: SetMemberRole :execrows
UPDATE member SET role = sqlc.arg(role) WHERE org = sqlc.arg(org) AND account = sqlc.arg(account) AND role <> sqlc.arg(role);
