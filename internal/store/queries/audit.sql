-- name: AuditEntries :many
SELECT sqlc.embed(audit_entry), COALESCE(audit_link.seq, 0) AS seq, COALESCE(audit_link.hash, '') AS hash
FROM audit_entry LEFT JOIN audit_link ON audit_link.entry = audit_entry.id
WHERE audit_entry.id > sqlc.arg(after) ORDER BY audit_entry.id LIMIT sqlc.arg(most);

-- name: AuditOfSubject :many
SELECT sqlc.embed(audit_entry), COALESCE(audit_link.seq, 0) AS seq, COALESCE(audit_link.hash, '') AS hash
FROM audit_entry LEFT JOIN audit_link ON audit_link.entry = audit_entry.id
WHERE audit_entry.subject = sqlc.arg(subject) AND audit_entry.id > sqlc.arg(after)
AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR audit_entry.actor = sqlc.arg(actor)) AND (CAST(sqlc.arg(org) AS TEXT) = '' OR audit_entry.org = sqlc.arg(org))
ORDER BY audit_entry.id LIMIT sqlc.arg(most);

-- name: AuditOfActor :many
SELECT sqlc.embed(audit_entry), COALESCE(audit_link.seq, 0) AS seq, COALESCE(audit_link.hash, '') AS hash
FROM audit_entry LEFT JOIN audit_link ON audit_link.entry = audit_entry.id
WHERE audit_entry.actor = sqlc.arg(actor) AND audit_entry.id > sqlc.arg(after)
AND (CAST(sqlc.arg(org) AS TEXT) = '' OR audit_entry.org = sqlc.arg(org))
ORDER BY audit_entry.id LIMIT sqlc.arg(most);

-- name: AuditOfOrg :many
SELECT sqlc.embed(audit_entry), COALESCE(audit_link.seq, 0) AS seq, COALESCE(audit_link.hash, '') AS hash
FROM audit_entry LEFT JOIN audit_link ON audit_link.entry = audit_entry.id
WHERE audit_entry.org = sqlc.arg(org) AND audit_entry.org <> '' AND audit_entry.id > sqlc.arg(after)
ORDER BY audit_entry.id LIMIT sqlc.arg(most);

-- name: Unchained :many
SELECT * FROM audit_entry
WHERE audit_entry.id >= sqlc.arg(floor) AND NOT EXISTS (SELECT 1 FROM audit_link WHERE audit_link.entry = audit_entry.id)
ORDER BY audit_entry.id LIMIT sqlc.arg(most);

-- name: AuditHead :one
SELECT seq, hash FROM audit_link ORDER BY seq DESC LIMIT 1;

-- name: InsertLink :exec
INSERT INTO audit_link (seq, entry, hash) VALUES ($1, $2, $3);

-- name: Chain :many
SELECT audit_link.seq, audit_link.hash, sqlc.embed(audit_entry)
FROM audit_link JOIN audit_entry ON audit_entry.id = audit_link.entry
WHERE audit_link.seq > sqlc.arg(after) ORDER BY audit_link.seq LIMIT sqlc.arg(most);
