-- name: InsertOrg :exec
INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, $2, $3, $4, $5, 0);

-- name: Org :one
SELECT * FROM org WHERE id = $1;

-- name: Orgs :many
SELECT * FROM org WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: OrgsOf :many
SELECT org.* FROM org JOIN member ON member.org = org.id
WHERE member.account = sqlc.arg(account) AND org.id > sqlc.arg(after) ORDER BY org.id LIMIT sqlc.arg(most);

-- name: ChangeOrg :execrows
UPDATE org SET name = sqlc.arg(name), legal_name = sqlc.arg(legal_name), country = sqlc.arg(country) WHERE id = sqlc.arg(id);

-- name: BlockOrg :execrows
UPDATE org SET blocked_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND blocked_at = 0;

-- name: UnblockOrg :execrows
UPDATE org SET blocked_at = 0 WHERE id = sqlc.arg(id) AND blocked_at <> 0;

-- LockOrg changes nothing: two owners who leave at once must see each other.

-- name: LockOrg :execrows
UPDATE org SET id = id WHERE id = $1;
