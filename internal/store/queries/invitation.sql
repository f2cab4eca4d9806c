-- name: InsertInvitation :exec
INSERT INTO invitation (id, org, email, role, invited_by, state, hash, created_at, expires_at, ended_at)
VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, 0);

-- name: Invitation :one
SELECT * FROM invitation WHERE id = $1;

-- name: Invitations :many
SELECT * FROM invitation WHERE org = $1 ORDER BY id;

-- name: OpenInvitations :one
SELECT COUNT(*) FROM invitation WHERE org = sqlc.arg(org) AND state = 'open' AND expires_at > sqlc.arg(at);

-- name: EndInvitation :execrows
UPDATE invitation SET state = sqlc.arg(state), ended_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND state = 'open';

-- name: AcceptInvitation :execrows
UPDATE invitation SET state = 'accepted', ended_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND state = 'open' AND expires_at > sqlc.arg(at);

-- name: ReplaceInvitation :exec
UPDATE invitation SET state = 'revoked', ended_at = sqlc.arg(at)
WHERE org = sqlc.arg(org) AND email = sqlc.arg(email) AND state = 'open';

-- name: MemberWithEmail :one
SELECT COUNT(*) FROM member JOIN account ON account.id = member.account
WHERE member.org = sqlc.arg(org) AND account.email = sqlc.arg(email);
