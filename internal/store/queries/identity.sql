-- name: InsertIdentity :exec
INSERT INTO identity (issuer, subject, account, created_at) VALUES ($1, $2, $3, $4);

-- name: AccountByIdentity :one
SELECT account.* FROM account JOIN identity ON identity.account = account.id
WHERE identity.issuer = $1 AND identity.subject = $2;
