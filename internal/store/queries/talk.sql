-- name: InsertUpdate :execrows
INSERT INTO campaign_update (id, campaign, number, author, key, title, body, at)
SELECT CAST(sqlc.arg(id) AS TEXT), CAST(sqlc.arg(campaign) AS TEXT), COALESCE(MAX(u.number), 0) + 1, CAST(sqlc.arg(author) AS TEXT), CAST(sqlc.arg(key) AS TEXT),
    CAST(sqlc.arg(title) AS TEXT), CAST(sqlc.arg(body) AS TEXT), CAST(sqlc.arg(at) AS BIGINT)
FROM campaign_update u WHERE u.campaign = sqlc.arg(campaign)
ON CONFLICT (author, campaign, key) DO NOTHING;

-- name: UpdateByKey :one
SELECT * FROM campaign_update WHERE author = $1 AND campaign = $2 AND key = $3;

-- name: Updates :many
SELECT * FROM campaign_update WHERE campaign = $1 ORDER BY number DESC;

-- name: InsertComment :execrows
INSERT INTO campaign_comment (id, campaign, thread, author, role, key, body, at, hidden_by, hidden_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, '')
ON CONFLICT (author, campaign, key) DO NOTHING;

-- name: CommentByKey :one
SELECT * FROM campaign_comment WHERE author = $1 AND campaign = $2 AND key = $3;

-- name: Comment :one
SELECT * FROM campaign_comment WHERE id = $1;

-- name: Comments :many
SELECT c.* FROM campaign_comment c
WHERE c.campaign = sqlc.arg(campaign) AND c.thread IN (
    SELECT t.id FROM campaign_comment t
    WHERE t.campaign = sqlc.arg(campaign) AND t.thread = t.id AND (CAST(sqlc.arg(before) AS TEXT) = '' OR t.id < sqlc.arg(before))
    ORDER BY t.id DESC LIMIT sqlc.arg(most))
ORDER BY c.thread DESC, c.id;

-- name: HideComment :execrows
UPDATE campaign_comment SET hidden_by = sqlc.arg(hidden_by), hidden_at = sqlc.arg(hidden_at), reason = sqlc.arg(reason)
WHERE id = sqlc.arg(id) AND hidden_by = '';

-- name: HasPaid :one
SELECT CAST(COUNT(*) AS BIGINT) FROM campaign_backer WHERE campaign = $1 AND backer = $2 AND paid > 0;

-- name: InsertInterest :execrows
INSERT INTO campaign_interest (id, campaign, account, email, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (campaign, account, email) DO NOTHING;

-- name: InterestOf :one
SELECT * FROM campaign_interest WHERE campaign = $1 AND account = $2 AND email = $3;

-- name: Interest :one
SELECT * FROM campaign_interest WHERE id = $1;

-- name: DeleteInterest :exec
DELETE FROM campaign_interest WHERE campaign = $1 AND id = $2;

-- name: Interested :many
SELECT i.id, i.account, CAST(CASE WHEN i.account = '' THEN i.email ELSE COALESCE(a.email, '') END AS TEXT) AS email
FROM campaign_interest i LEFT JOIN account a ON a.id = i.account AND a.confirmed_at > 0 AND a.blocked_at = 0
WHERE i.campaign = sqlc.arg(campaign) AND i.id > sqlc.arg(after) ORDER BY i.id LIMIT sqlc.arg(most);

-- name: CountInterest :one
SELECT CAST(COUNT(*) AS BIGINT) FROM campaign_interest WHERE campaign = $1;

-- name: BackersOf :many
SELECT b.backer AS account, CAST(COALESCE(a.email, '') AS TEXT) AS email
FROM campaign_backer b LEFT JOIN account a ON a.id = b.backer AND a.confirmed_at > 0 AND a.blocked_at = 0
WHERE b.campaign = sqlc.arg(campaign) AND b.paid > 0 AND b.backer > sqlc.arg(after) ORDER BY b.backer LIMIT sqlc.arg(most);
