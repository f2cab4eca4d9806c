-- name: InsertIntent :exec
INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, body, words)
VALUES (sqlc.arg(serial), sqlc.arg(submission), sqlc.arg(org), sqlc.arg(model), 'intended', sqlc.arg(since), 0,
    sqlc.arg(issued_at), sqlc.arg(expires_at), -1, sqlc.arg(payload), '', sqlc.arg(body), sqlc.arg(words));

-- name: Intent :one
SELECT payload, body FROM certificate WHERE submission = sqlc.arg(submission) AND state = 'intended';

-- name: UpdateIntent :execrows
UPDATE certificate
SET since = sqlc.arg(since), issued_at = sqlc.arg(issued_at), expires_at = sqlc.arg(expires_at), payload = sqlc.arg(payload), body = sqlc.arg(body)
WHERE serial = sqlc.arg(serial) AND state = 'intended' AND payload = sqlc.arg(was);

-- name: IssueCertificate :execrows
UPDATE certificate
SET state = 'active', since = sqlc.arg(since), rev = 1, log_index = sqlc.arg(log_index), jws = sqlc.arg(jws), body = sqlc.arg(body)
WHERE serial = sqlc.arg(serial) AND state = 'intended' AND payload = sqlc.arg(payload);

-- UpdateCertificate finds the certificate as the caller saw it, or nothing.

-- name: UpdateCertificate :execrows
UPDATE certificate
SET state = sqlc.arg(state), since = sqlc.arg(since), rev = sqlc.arg(saw) + 1, body = sqlc.arg(body)
WHERE serial = sqlc.arg(serial) AND state = sqlc.arg(was) AND rev = sqlc.arg(saw);

-- name: Certificate :one
SELECT body FROM certificate WHERE serial = sqlc.arg(serial) AND state <> 'intended';

-- name: CertificateJWS :one
SELECT jws FROM certificate WHERE serial = sqlc.arg(serial) AND state <> 'intended';

-- name: InsertCertificateCondition :exec
INSERT INTO certificate_condition (id, serial, due_at, met_at, missed_at, body)
VALUES (sqlc.arg(id), sqlc.arg(serial), sqlc.arg(due_at), 0, 0, sqlc.arg(body));

-- name: ToIssue :many
SELECT s.id FROM submission s WHERE s.state = 'approved'
UNION
SELECT c.submission FROM certificate c WHERE c.state = 'intended'
ORDER BY 1;

-- name: Unproven :many
SELECT c.body FROM submission s JOIN certificate c ON c.submission = s.id
WHERE s.state = 'issuing' AND c.state <> 'intended' AND c.log_index < sqlc.arg(size)
ORDER BY c.serial LIMIT sqlc.arg(most);

-- name: SetCertificateCondition :exec
UPDATE certificate_condition
SET met_at = sqlc.arg(met_at), missed_at = sqlc.arg(missed_at), body = sqlc.arg(body)
WHERE id = sqlc.arg(id) AND serial = sqlc.arg(serial);

-- name: CertificatesOver :many
SELECT body FROM certificate WHERE state IN ('active', 'suspended') AND expires_at <= sqlc.arg(at) ORDER BY serial;

-- name: CertificatesOwing :many
SELECT body FROM certificate
WHERE state IN ('active', 'suspended')
  AND serial IN (SELECT c.serial FROM certificate_condition c WHERE c.met_at = 0 AND c.missed_at = 0 AND c.due_at <= sqlc.arg(at))
ORDER BY serial;

-- name: CertificatesUnwaived :many
SELECT body FROM certificate
WHERE state IN ('active', 'suspended') AND submission IN (SELECT w.submission FROM waiver w WHERE w.state = 'ended')
ORDER BY serial;

-- name: CertificatesHeld :many
SELECT body FROM certificate WHERE state IN ('active', 'suspended') AND (CAST(sqlc.arg(org) AS TEXT) = '' OR org = sqlc.arg(org)) ORDER BY serial;

-- name: CertificatesOf :many
SELECT body FROM certificate WHERE model = sqlc.arg(model) AND state <> 'intended' ORDER BY serial;

-- name: CertificatesOfOrg :many
SELECT body FROM certificate WHERE org = sqlc.arg(org) AND state <> 'intended' ORDER BY serial;

-- CertificatePage goes from the newest to the oldest. words is matched in lower case.

-- name: CertificatePage :many
SELECT body FROM certificate
WHERE state <> 'intended' AND (CAST(sqlc.arg(state) AS TEXT) = '' OR state = sqlc.arg(state))
  AND (CAST(sqlc.arg(before) AS TEXT) = '' OR serial < sqlc.arg(before))
  AND (CAST(sqlc.arg(words) AS TEXT) = '' OR words LIKE sqlc.arg(words) ESCAPE '!')
ORDER BY serial DESC LIMIT sqlc.arg(most);

-- What an approval consists of.

-- name: OrgName :one
SELECT name FROM org WHERE id = sqlc.arg(id);

-- name: FinishedRuns :many
SELECT body FROM run WHERE submission = sqlc.arg(submission) AND round = sqlc.arg(round) AND state = 'finished' ORDER BY id;
