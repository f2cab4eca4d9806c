-- name: InsertHomeMember :exec
INSERT INTO home_member (home, account, role, ends_at, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: HomeMembers :many
SELECT * FROM home_member WHERE home = $1 ORDER BY created_at, account;

-- name: ChangeHomeMember :execrows
UPDATE home_member SET role = sqlc.arg(role), ends_at = sqlc.arg(ends_at)
WHERE home = sqlc.arg(home) AND account = sqlc.arg(account) AND role = sqlc.arg(was);

-- name: DeleteHomeMember :execrows
DELETE FROM home_member WHERE home = sqlc.arg(home) AND account = sqlc.arg(account) AND role = sqlc.arg(was);

-- name: EndGuest :execrows
DELETE FROM home_member
WHERE home = sqlc.arg(home) AND account = sqlc.arg(account) AND role = 'guest' AND ends_at <= sqlc.arg(at);
