-- name: PaymentsOfOrder :many
SELECT * FROM payment WHERE order_id = $1 ORDER BY id;

-- NamePayment keeps the provider's name for an attempt: once, and the same one.

-- name: NamePayment :execrows
UPDATE payment SET provider_ref = sqlc.arg(provider_ref), changed_at = sqlc.arg(at)
WHERE id = sqlc.arg(id) AND provider_ref IN ('', sqlc.arg(provider_ref));

-- name: FailPayment :execrows
UPDATE payment SET state = 'failed', failure = sqlc.arg(failure), changed_at = sqlc.arg(at), ask_at = sqlc.arg(ask_at)
WHERE id = sqlc.arg(id) AND state IN ('created', 'pending', 'authorized');

-- name: FlagPayment :execrows
UPDATE payment SET flag = sqlc.arg(flag) WHERE id = sqlc.arg(id) AND flag = sqlc.arg(was);

-- name: AskPaymentAt :exec
UPDATE payment SET ask_at = sqlc.arg(ask_at) WHERE id = sqlc.arg(id) AND state <> 'captured';

-- name: DuePayments :many
SELECT sqlc.embed(p), o.state AS order_state, o.pay_until_at FROM payment p JOIN campaign_order o ON o.id = p.order_id
WHERE p.ask_at <> 0 AND p.ask_at <= sqlc.arg(at) ORDER BY p.ask_at, p.id LIMIT sqlc.arg(most);

-- name: FlaggedPayments :many
SELECT * FROM payment WHERE flag <> '' AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: KeepPaymentEvent :execrows
INSERT INTO payment_event (id, provider, event_id, name, body, state, attempts, last_error, received_at, wake_at, applied_at)
VALUES ($1, $2, $3, $4, $5, 'received', 0, '', sqlc.arg(received_at), sqlc.arg(received_at), 0)
ON CONFLICT (provider, event_id) DO NOTHING;

-- name: DuePaymentEvents :many
SELECT * FROM payment_event WHERE wake_at <> 0 AND wake_at <= sqlc.arg(at) ORDER BY wake_at, id LIMIT sqlc.arg(most);

-- name: PaymentEvents :many
SELECT * FROM payment_event
WHERE (CAST(sqlc.arg(state) AS TEXT) = '' OR state = sqlc.arg(state)) AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);

-- name: RetryPaymentEvent :execrows
UPDATE payment_event SET state = 'received', attempts = 0, wake_at = sqlc.arg(at) WHERE id = sqlc.arg(id) AND state = 'stuck';

-- name: ForgetPaymentEvents :exec
DELETE FROM payment_event WHERE received_at < sqlc.arg(before) AND state = 'applied';

-- name: CountPayments :many
SELECT state, COUNT(*) AS payments FROM payment GROUP BY state;

-- name: CountWaitingEvents :one
SELECT COUNT(*) AS events, CAST(COALESCE(MIN(received_at), 0) AS BIGINT) AS oldest_at FROM payment_event WHERE wake_at <> 0;
