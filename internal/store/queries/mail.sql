-- name: InsertMail :execrows
INSERT INTO mail_message (id, key, account, recipient, subject, body, unsubscribe, state, attempts, last_error, created_at, sent_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, '', $8, 0)
ON CONFLICT (key) WHERE key <> '' DO NOTHING;

-- name: Mail :one
SELECT * FROM mail_message WHERE id = $1;

-- name: Mailbox :many
SELECT * FROM mail_message
WHERE (account = sqlc.arg(account) OR sqlc.arg(account) = '') AND (id < sqlc.arg(before) OR sqlc.arg(before) = '')
ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: SettleMail :execrows
UPDATE mail_message
SET state = sqlc.arg(state), attempts = sqlc.arg(attempts), last_error = sqlc.arg(last_error), sent_at = sqlc.arg(sent_at)
WHERE id = sqlc.arg(id) AND state = 'queued';

-- name: ForgetMail :execrows
UPDATE mail_message SET body = '' WHERE body <> '' AND created_at < sqlc.arg(before_at) AND state <> 'queued';

-- name: MailPeople :many
SELECT a.id, a.email FROM account a
WHERE a.email <> '' AND a.confirmed_at > 0 AND a.blocked_at = 0 AND (
    EXISTS (SELECT 1 FROM member m WHERE m.account = a.id AND m.org = sqlc.arg(org))
    OR sqlc.arg(org) = '' AND EXISTS (SELECT 1 FROM account_role r WHERE r.account = a.id AND r.role = 'operator'))
ORDER BY a.id;

-- name: AccountOfMail :one
SELECT id FROM account WHERE email = $1 AND email <> '';

-- name: MailReviewers :many
SELECT a.id, a.email FROM account a JOIN account_role r ON r.account = a.id
WHERE a.email <> '' AND a.confirmed_at > 0 AND a.blocked_at = 0 AND r.role = 'reviewer'
ORDER BY a.id;

-- name: EndedMailTopics :many
SELECT topic FROM mail_choice WHERE account = $1 ORDER BY topic;

-- name: EndMailTopic :exec
INSERT INTO mail_choice (account, topic, at) VALUES ($1, $2, $3) ON CONFLICT (account, topic) DO NOTHING;

-- name: BeginMailTopic :exec
DELETE FROM mail_choice WHERE account = $1 AND topic = $2;

-- name: MailKey :one
SELECT key FROM mail_key WHERE account = $1;

-- name: MakeMailKey :exec
INSERT INTO mail_key (account, key, at) VALUES ($1, $2, $3) ON CONFLICT (account) DO NOTHING;

-- name: AccountOfMailKey :one
SELECT account FROM mail_key WHERE key = $1;
