-- name: InsertCampaign :exec
INSERT INTO campaign (id, number, org, author, product_id, model, certificate, regions, title, page, price, retail_price, currency,
    target_units, stock_limit, per_backer_limit, opens_at, closes_at, ship_kind, ship_by_at, ship_days, schedule,
    state, held, held_reason, held_at, version, created_at, updated_at, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30);

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
