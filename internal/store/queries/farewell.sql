-- EmptyAccount leaves an account's id, and nothing of the person.

-- name: EmptyAccount :execrows
UPDATE account SET name = sqlc.arg(name), email = '', confirmed_at = 0, blocked_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND blocked_at = 0;

-- name: OrgsOfMember :many
SELECT org FROM member WHERE account = $1 ORDER BY org;

-- name: DropIdentities :exec
DELETE FROM identity WHERE account = $1;

-- name: DropRoles :exec
DELETE FROM account_role WHERE account = $1;

-- name: DropTokens :exec
DELETE FROM token WHERE account = $1;

-- name: DropAllCodes :exec
DELETE FROM mailed_code WHERE account = $1;

-- name: DropMails :exec
DELETE FROM mail_message WHERE account = $1;

-- name: DropMailChoices :exec
DELETE FROM mail_choice WHERE account = $1;

-- name: DropMailKey :exec
DELETE FROM mail_key WHERE account = $1;
