-- name: InsertProduct :exec
INSERT INTO product (id, model, name, org, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: GiveProduct :execrows
UPDATE product SET org = sqlc.arg(org) WHERE id = sqlc.arg(id) AND org = '';

-- name: InsertSpec :exec
INSERT INTO spec_version (id, product_id, version, urn, sha256, document, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: Product :one
SELECT * FROM product WHERE id = $1;

-- name: ProductByModel :one
SELECT * FROM product WHERE model = $1;

-- name: Products :many
SELECT * FROM product WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: ProductsOf :many
SELECT * FROM product WHERE org = sqlc.arg(org) AND org <> '' AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: Spec :one
SELECT * FROM spec_version WHERE id = $1;

-- name: Specs :many
SELECT * FROM spec_version WHERE product_id = $1 ORDER BY version;
