-- name: CertificateStates :many
SELECT serial, state, since, body FROM certificate WHERE state <> 'intended' ORDER BY serial;

-- SaveStatusList keeps the newer one.

-- name: SaveStatusList :execrows
INSERT INTO status_list (name, issued_at, log_size, jws) VALUES ('certificates', sqlc.arg(issued_at), sqlc.arg(log_size), sqlc.arg(jws))
ON CONFLICT (name) DO UPDATE SET issued_at = excluded.issued_at, log_size = excluded.log_size, jws = excluded.jws
WHERE status_list.issued_at < excluded.issued_at AND status_list.log_size <= excluded.log_size;

-- name: StatusList :one
SELECT issued_at, log_size, jws FROM status_list WHERE name = 'certificates';

-- name: InsertCertificateEvent :exec
INSERT INTO certificate_event (idx, serial, kind, at, reason, region) VALUES ($1, $2, $3, $4, $5, $6);

-- name: CertificateEvents :many
SELECT * FROM certificate_event WHERE serial = $1 ORDER BY idx;
