-- name: InsertEndpoint :exec
INSERT INTO webhook_endpoint (id, org, url, kinds, description, state, reason, created_by, created_at, confirmed_at,
    secret, former, former_ends_at, nonce, earlier, issued_at, sequence, failing_at, lane_holder, lane_free_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, 0, '', '', 0, 0, 0, '', 0);

-- name: Endpoint :one
SELECT * FROM webhook_endpoint WHERE id = $1;

-- name: Endpoints :many
SELECT * FROM webhook_endpoint WHERE org = sqlc.arg(org) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: Listeners :many
SELECT * FROM webhook_endpoint WHERE (org = sqlc.arg(org) OR org = '') AND state = 'active' ORDER BY id;

-- name: ChangeEndpoint :execrows
UPDATE webhook_endpoint
SET url = sqlc.arg(url), kinds = sqlc.arg(kinds), description = sqlc.arg(description), state = sqlc.arg(state), reason = sqlc.arg(reason),
    failing_at = sqlc.arg(failing_at), secret = sqlc.arg(secret), former = sqlc.arg(former), former_ends_at = sqlc.arg(former_ends_at)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- name: ChallengeEndpoint :execrows
UPDATE webhook_endpoint SET earlier = nonce, nonce = sqlc.arg(nonce), issued_at = sqlc.arg(issued_at)
WHERE id = sqlc.arg(id) AND state = 'pending';

-- name: ConfirmEndpoint :execrows
UPDATE webhook_endpoint
SET state = 'active', confirmed_at = sqlc.arg(confirmed_at), nonce = '', earlier = '', failing_at = 0
WHERE id = sqlc.arg(id) AND state = 'pending' AND nonce = sqlc.arg(nonce);

-- name: DeleteEndpoint :execrows
DELETE FROM webhook_endpoint WHERE id = $1;

-- LockEndpoint holds back whoever else queues for the endpoint, so that what is
-- asked next is still true when it is acted on.

-- name: LockEndpoint :execrows
UPDATE webhook_endpoint SET sequence = sequence WHERE id = sqlc.arg(id) AND state = 'active';

-- name: NextSequence :one
UPDATE webhook_endpoint SET sequence = sequence + 1 WHERE id = sqlc.arg(id) RETURNING sequence;

-- name: DeliveryOfNotice :one
SELECT id FROM webhook_delivery WHERE endpoint = $1 AND notice = $2;

-- name: InsertDelivery :exec
INSERT INTO webhook_delivery (id, endpoint, notice, kind, sequence, body, state, attempts, tries, due_at, created_at, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, 0, $7, $8, 0);

-- name: DueEndpoints :many
SELECT e.id FROM webhook_endpoint e
WHERE e.state = 'active' AND e.lane_free_at <= sqlc.arg(at)
    AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint = e.id AND d.state = 'waiting' AND d.due_at <= sqlc.arg(at))
ORDER BY e.lane_free_at, e.id LIMIT sqlc.arg(most);

-- name: ClaimEndpoint :many
UPDATE webhook_endpoint SET lane_holder = sqlc.arg(holder), lane_free_at = sqlc.arg(until)
WHERE id = sqlc.arg(id) AND state = 'active' AND lane_free_at <= sqlc.arg(at)
RETURNING *;

-- name: DueDelivery :one
SELECT * FROM webhook_delivery
WHERE endpoint = sqlc.arg(endpoint) AND state = 'waiting' AND due_at <= sqlc.arg(at)
ORDER BY sequence LIMIT 1;

-- name: ReleaseEndpoint :execrows
UPDATE webhook_endpoint SET lane_holder = '', lane_free_at = 0 WHERE id = sqlc.arg(id) AND lane_holder = sqlc.arg(holder);

-- name: SettleEndpoint :execrows
UPDATE webhook_endpoint SET lane_holder = '', lane_free_at = 0, failing_at = sqlc.arg(failing_at)
WHERE id = sqlc.arg(id) AND lane_holder = sqlc.arg(holder);

-- name: DisableEndpoint :execrows
UPDATE webhook_endpoint SET state = 'disabled', reason = sqlc.arg(reason) WHERE id = sqlc.arg(id) AND state = 'active';

-- name: SettleDelivery :execrows
UPDATE webhook_delivery
SET state = sqlc.arg(state), attempts = sqlc.arg(attempts), tries = sqlc.arg(tries), due_at = sqlc.arg(due_at), ended_at = sqlc.arg(ended_at)
WHERE id = sqlc.arg(id) AND state = 'waiting' AND attempts = sqlc.arg(attempts) - 1;

-- name: InsertAttempt :exec
INSERT INTO webhook_attempt (delivery, number, at, took, status, error, response) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: Delivery :one
SELECT * FROM webhook_delivery WHERE id = $1;

-- name: Deliveries :many
SELECT * FROM webhook_delivery
WHERE endpoint = sqlc.arg(endpoint) AND sequence < sqlc.arg(before)
ORDER BY sequence DESC LIMIT sqlc.arg(most);

-- name: Attempts :many
SELECT * FROM webhook_attempt WHERE delivery = $1 ORDER BY number;

-- name: Redeliver :execrows
UPDATE webhook_delivery SET state = 'waiting', tries = 0, due_at = sqlc.arg(at), ended_at = 0
WHERE id = sqlc.arg(id) AND state <> 'waiting';

-- name: ForgetDeliveries :execrows
DELETE FROM webhook_delivery WHERE created_at < sqlc.arg(before_at) AND state <> 'waiting';
