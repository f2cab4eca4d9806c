-- name: InsertAccount :exec
INSERT INTO account (id, name, created_at) VALUES ($1, $2, $3);

-- name: Account :one
SELECT * FROM account WHERE id = $1;

-- name: Accounts :many
SELECT * FROM account WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);
