-- name: InsertAuditEntry :exec
INSERT INTO audit_entry (id, at, actor, action, subject, org, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: InsertNotice :exec
INSERT INTO notice (id, kind, org, subject, at, data)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: Notice :one
SELECT * FROM notice WHERE id = $1;
