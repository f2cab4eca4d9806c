-- name: InsertHome :exec
INSERT INTO home (id, name, discovery, created_at) VALUES ($1, $2, $3, $4);

-- name: Home :one
SELECT * FROM home WHERE id = $1;

-- name: HomesOf :many
SELECT sqlc.embed(home), sqlc.embed(home_member)
FROM home_member JOIN home ON home.id = home_member.home
WHERE home_member.account = sqlc.arg(account) AND (home_member.ends_at = 0 OR home_member.ends_at > sqlc.arg(at))
ORDER BY home.id;

-- name: CountHomesOf :one
SELECT COUNT(*) FROM home_member WHERE account = $1;

-- name: ChangeHome :execrows
UPDATE home SET name = sqlc.arg(name), discovery = sqlc.arg(discovery) WHERE id = sqlc.arg(id);

-- LockHome makes the changes of one home wait for each other.

-- name: LockHome :execrows
UPDATE home SET name = name WHERE id = $1;

-- name: DeleteHome :execrows
DELETE FROM home WHERE id = $1;
