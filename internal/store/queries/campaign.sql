-- name: InsertCampaign :exec
INSERT INTO campaign (id, number, org, author, product_id, model, certificate, regions, title, page, price, retail_price, currency,
    target_units, stock_limit, per_backer_limit, opens_at, closes_at, ship_kind, ship_by_at, ship_days, schedule,
    state, held, held_reason, held_at, version, created_at, updated_at, decided_at, category, spares, reviewer, reason, text_version, published_at, words)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30,
    $31, $32, $33, $34, $35, $36, $37);

-- name: InsertVariant :exec
INSERT INTO campaign_variant (id, campaign, position, name, stock_limit) VALUES ($1, $2, $3, $4, $5);

-- name: InsertCounter :exec
INSERT INTO campaign_counter (campaign, open, held, opens_at, closes_at, seen_at, price, currency, stock_limit, per_backer_limit,
    reserved, paid, cancelled, backers, waiting, changes)
VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, 0, 0, 0, 0, 0, 0);

-- name: InsertVariantCounter :exec
INSERT INTO variant_counter (variant, campaign, stock_limit, reserved, paid, cancelled, waiting) VALUES ($1, $2, $3, 0, 0, 0, 0);

-- name: Campaign :one
SELECT * FROM campaign WHERE id = $1;

-- name: Variants :many
SELECT * FROM campaign_variant WHERE campaign = $1 ORDER BY position, id;

-- name: Counter :one
SELECT * FROM campaign_counter WHERE campaign = $1;

-- name: VariantCounters :many
SELECT * FROM variant_counter WHERE campaign = $1 ORDER BY variant;

-- What follows happens under the lock of the campaign's counter.

-- name: UpdateCampaign :execrows
UPDATE campaign
SET author = sqlc.arg(author), certificate = sqlc.arg(certificate), regions = sqlc.arg(regions), title = sqlc.arg(title), page = sqlc.arg(page),
    price = sqlc.arg(price), retail_price = sqlc.arg(retail_price), currency = sqlc.arg(currency), target_units = sqlc.arg(target_units),
    stock_limit = sqlc.arg(stock_limit), per_backer_limit = sqlc.arg(per_backer_limit), opens_at = sqlc.arg(opens_at), closes_at = sqlc.arg(closes_at),
    ship_kind = sqlc.arg(ship_kind), ship_by_at = sqlc.arg(ship_by_at), ship_days = sqlc.arg(ship_days), schedule = sqlc.arg(schedule),
    state = sqlc.arg(state), held = sqlc.arg(held), held_reason = sqlc.arg(held_reason), held_at = sqlc.arg(held_at),
    version = sqlc.arg(version), updated_at = sqlc.arg(updated_at), decided_at = sqlc.arg(decided_at), category = sqlc.arg(category),
    spares = sqlc.arg(spares), reviewer = sqlc.arg(reviewer), reason = sqlc.arg(reason), text_version = sqlc.arg(text_version),
    published_at = sqlc.arg(published_at), words = sqlc.arg(words)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND version = sqlc.arg(saw);

-- UpdateTerms tells the counter what its campaign has become. A stock below what
-- was given out breaks a check of the table.

-- name: UpdateTerms :exec
UPDATE campaign_counter
SET open = sqlc.arg(open), held = sqlc.arg(held), opens_at = sqlc.arg(opens_at), closes_at = sqlc.arg(closes_at), price = sqlc.arg(price),
    currency = sqlc.arg(currency), stock_limit = sqlc.arg(stock_limit), per_backer_limit = sqlc.arg(per_backer_limit), changes = changes + 1
WHERE campaign = sqlc.arg(campaign);

-- name: DeleteVariantCounters :exec
DELETE FROM variant_counter WHERE campaign = $1;

-- name: DeleteVariants :exec
DELETE FROM campaign_variant WHERE campaign = $1;

-- name: UpdateVariantStock :exec
UPDATE campaign_variant SET stock_limit = $2 WHERE id = $1;

-- name: UpdateVariantCounterStock :exec
UPDATE variant_counter SET stock_limit = $2 WHERE variant = $1;

-- name: InsertText :exec
INSERT INTO campaign_text (campaign, version, author, at, title, category, page) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (campaign, version) DO UPDATE SET author = excluded.author, at = excluded.at, title = excluded.title, category = excluded.category, page = excluded.page;

-- name: Texts :many
SELECT * FROM campaign_text WHERE campaign = $1 ORDER BY version;

-- name: TieStartup :exec
INSERT INTO campaign_tie (campaign, account)
SELECT CAST(sqlc.arg(campaign) AS TEXT), m.account FROM member m WHERE m.org = sqlc.arg(org)
ON CONFLICT (campaign, account) DO NOTHING;

-- name: Tied :one
SELECT CAST(COUNT(*) AS BIGINT) FROM (
    SELECT t.account FROM campaign_tie t WHERE t.campaign = sqlc.arg(campaign) AND t.account = sqlc.arg(account)
    UNION ALL
    SELECT m.account FROM member m JOIN campaign c ON c.org = m.org WHERE c.id = sqlc.arg(campaign) AND m.account = sqlc.arg(account)
) x;

-- Lists.

-- name: CampaignsOf :many
SELECT * FROM campaign
WHERE org = sqlc.arg(org) AND (CAST(sqlc.arg(before) AS TEXT) = '' OR id < sqlc.arg(before)) ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: CampaignsInReview :many
SELECT * FROM campaign WHERE state = 'in_review' ORDER BY updated_at, id;

-- name: CampaignsDue :many
SELECT id FROM campaign
WHERE (state = 'scheduled' AND opens_at <= sqlc.arg(at)) OR (state = 'live' AND closes_at <= sqlc.arg(at)) OR state = 'closing'
ORDER BY id;

-- name: CampaignsGated :many
SELECT * FROM campaign
WHERE state IN ('scheduled', 'live', 'closing', 'succeeded', 'fulfilling')
    AND (CAST(sqlc.arg(org) AS TEXT) = '' OR org = sqlc.arg(org)) AND (CAST(sqlc.arg(model) AS TEXT) = '' OR model = sqlc.arg(model))
ORDER BY id;

-- ShelfAscending has what is next at the top, ShelfDescending what was last. The
-- place of a campaign is its opening while it is ahead, and its deadline then.

-- name: ShelfAscending :many
SELECT sqlc.embed(campaign), sqlc.embed(campaign_counter), CAST(COALESCE(org.name, '') AS TEXT) AS org_name,
    CAST(CASE WHEN campaign.state = 'scheduled' THEN campaign.opens_at ELSE campaign.closes_at END AS BIGINT) AS place
FROM campaign JOIN campaign_counter ON campaign_counter.campaign = campaign.id LEFT JOIN org ON org.id = campaign.org
WHERE campaign.published_at <> 0
    AND ((CAST(sqlc.arg(shelf) AS TEXT) = 'upcoming' AND campaign.state = 'scheduled') OR (sqlc.arg(shelf) = 'live' AND campaign.state IN ('live', 'closing')))
    AND (CAST(sqlc.arg(category) AS TEXT) = '' OR campaign.category = sqlc.arg(category))
    AND (CAST(sqlc.arg(words) AS TEXT) = '' OR campaign.words || ' ' || LOWER(COALESCE(org.name, '')) LIKE sqlc.arg(words) ESCAPE '!')
    AND (CASE WHEN campaign.state = 'scheduled' THEN campaign.opens_at ELSE campaign.closes_at END, campaign.id)
        > (CAST(sqlc.arg(after_place) AS BIGINT), CAST(sqlc.arg(after_id) AS TEXT))
ORDER BY place, campaign.id LIMIT sqlc.arg(most);

-- name: ShelfDescending :many
SELECT sqlc.embed(campaign), sqlc.embed(campaign_counter), CAST(COALESCE(org.name, '') AS TEXT) AS org_name, CAST(campaign.closes_at AS BIGINT) AS place
FROM campaign JOIN campaign_counter ON campaign_counter.campaign = campaign.id LEFT JOIN org ON org.id = campaign.org
WHERE campaign.published_at <> 0 AND campaign.state IN ('succeeded', 'failed', 'fulfilling', 'completed', 'cancelled')
    AND (CAST(sqlc.arg(category) AS TEXT) = '' OR campaign.category = sqlc.arg(category))
    AND (CAST(sqlc.arg(words) AS TEXT) = '' OR campaign.words || ' ' || LOWER(COALESCE(org.name, '')) LIKE sqlc.arg(words) ESCAPE '!')
    AND (campaign.closes_at, campaign.id) < (CAST(sqlc.arg(before_place) AS BIGINT), CAST(sqlc.arg(before_id) AS TEXT))
ORDER BY campaign.closes_at DESC, campaign.id DESC LIMIT sqlc.arg(most);

-- name: Identity :one
SELECT * FROM startup_identity WHERE org = $1;

-- name: PutIdentity :exec
INSERT INTO startup_identity (org, legal_name, registration, bank_account, verified_by, verified_at, withdrawn_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (org) DO UPDATE SET legal_name = excluded.legal_name, registration = excluded.registration, bank_account = excluded.bank_account,
    verified_by = excluded.verified_by, verified_at = excluded.verified_at, withdrawn_at = excluded.withdrawn_at, reason = excluded.reason;
