-- name: InsertAccount :exec
INSERT INTO account (id, name, created_at, email, confirmed_at, blocked_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: Account :one
SELECT * FROM account WHERE id = $1;

-- name: Accounts :many
SELECT * FROM account WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: RolesOf :many
SELECT role FROM account_role WHERE account = $1 ORDER BY role;

-- name: GrantRole :execrows
INSERT INTO account_role (account, role, granted_at) VALUES ($1, $2, $3)
ON CONFLICT (account, role) DO NOTHING;

-- MembershipsOf leaves out the organisations that are blocked.

-- name: MembershipsOf :many
SELECT member.org, member.role FROM member JOIN org ON org.id = member.org
WHERE member.account = $1 AND org.blocked_at = 0 ORDER BY member.org;
