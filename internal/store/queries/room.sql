-- name: InsertRoom :exec
INSERT INTO room (id, home, name, created_at) VALUES ($1, $2, $3, $4);

-- name: Rooms :many
SELECT * FROM room WHERE home = $1 ORDER BY id;

-- name: RenameRoom :execrows
UPDATE room SET name = sqlc.arg(name) WHERE id = sqlc.arg(id) AND home = sqlc.arg(home);

-- name: DeleteRoom :execrows
DELETE FROM room WHERE id = sqlc.arg(id) AND home = sqlc.arg(home);
