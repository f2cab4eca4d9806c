-- name: InsertEvent :exec
INSERT INTO outbox (subject, data, created_at) VALUES ($1, $2, $3);

-- name: Events :many
SELECT * FROM outbox ORDER BY id LIMIT sqlc.arg(most);

-- name: DeleteEvent :exec
DELETE FROM outbox WHERE id = $1;

-- name: TakeLease :execrows
INSERT INTO lease (name, holder, lease_until) VALUES (sqlc.arg(name), sqlc.arg(holder), sqlc.arg(until))
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
WHERE lease.holder = excluded.holder OR lease.lease_until <= sqlc.arg(at);

-- name: DropLease :exec
DELETE FROM lease WHERE name = $1 AND holder = $2;
