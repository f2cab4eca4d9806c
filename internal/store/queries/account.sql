-- name: InsertAccount :exec
INSERT INTO account (id, name, created_at, email, confirmed_at, blocked_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: Account :one
SELECT * FROM account WHERE id = $1;

-- name: AccountByEmail :one
SELECT * FROM account WHERE email = $1 AND email <> '';

-- name: Accounts :many
SELECT * FROM account WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: RenameAccount :execrows
UPDATE account SET name = sqlc.arg(name) WHERE id = sqlc.arg(id);

-- name: ConfirmAccount :execrows
UPDATE account SET confirmed_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND confirmed_at = 0;

-- name: SignUpAgain :execrows
UPDATE account SET name = sqlc.arg(name), created_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND confirmed_at = 0 AND blocked_at = 0;

-- name: BlockAccount :execrows
UPDATE account SET blocked_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND blocked_at = 0;

-- name: UnblockAccount :execrows
UPDATE account SET blocked_at = 0 WHERE id = sqlc.arg(id) AND blocked_at <> 0;

-- DeleteUnconfirmed keeps those that somebody blocked: they stay refused.

-- name: DeleteUnconfirmed :exec
DELETE FROM account WHERE email <> '' AND confirmed_at = 0 AND blocked_at = 0 AND created_at < sqlc.arg(at);

-- name: RolesOf :many
SELECT role FROM account_role WHERE account = $1 ORDER BY role;

-- name: GrantedRoles :many
SELECT account, role FROM account_role WHERE account >= sqlc.arg(first) AND account <= sqlc.arg(last) ORDER BY account, role;

-- name: GrantRole :execrows
INSERT INTO account_role (account, role, granted_at) VALUES ($1, $2, $3)
ON CONFLICT (account, role) DO NOTHING;

-- name: RevokeRole :execrows
DELETE FROM account_role WHERE account = $1 AND role = $2;

-- MembershipsOf leaves out the organisations that are blocked.

-- name: MembershipsOf :many
SELECT member.org, member.role FROM member JOIN org ON org.id = member.org
WHERE member.account = $1 AND org.blocked_at = 0 ORDER BY member.org;
