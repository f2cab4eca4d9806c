-- name: InsertPayout :exec
INSERT INTO payout (id, campaign, earned, costs, fee, payable, state, proposed_by, ended_by, bank_ref, created_at, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, '', '', $8, 0);

-- name: EndPayout :execrows
UPDATE payout SET state = sqlc.arg(state), ended_by = sqlc.arg(ended_by), bank_ref = sqlc.arg(bank_ref), ended_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND state = 'proposed';

-- name: Payout :one
SELECT * FROM payout WHERE id = $1;

-- name: PayoutsOfCampaign :many
SELECT * FROM payout WHERE campaign = $1 ORDER BY id;
