-- The sums of all campaigns, for the audit: one pass over each table, all of them
-- in one snapshot. An index that found the orders of one campaign would cost every
-- order something.

-- name: Counters :many
SELECT * FROM campaign_counter ORDER BY campaign;

-- name: AllVariantCounters :many
SELECT * FROM variant_counter ORDER BY campaign, variant;

-- name: SumOrders :many
SELECT campaign, variant, state, CAST(paid_at <> 0 AS BOOLEAN) AS was_paid, COUNT(*) AS orders,
    CAST(SUM(units) AS BIGINT) AS units, CAST(SUM(cancelled) AS BIGINT) AS cancelled,
    CAST(SUM(units * price) AS BIGINT) AS amount, CAST(SUM((units - cancelled - returned) * price) AS BIGINT) AS live, CAST(SUM(advanced) AS BIGINT) AS advanced
FROM campaign_order GROUP BY campaign, variant, state, CAST(paid_at <> 0 AS BOOLEAN);

-- name: SumPostings :many
SELECT t.campaign, p.debit, p.credit, CAST(SUM(p.amount) AS BIGINT) AS amount
FROM ledger_posting p JOIN ledger_transfer t ON t.event = p.event GROUP BY t.campaign, p.debit, p.credit;

-- name: AllBalances :many
SELECT campaign, account, debit, credit FROM ledger_balance ORDER BY campaign, account;

-- name: SumRefunds :many
SELECT campaign, kind, state, CAST(SUM(amount) AS BIGINT) AS amount FROM refund GROUP BY campaign, kind, state;

-- name: OverRefunded :many
SELECT p.campaign, p.id AS subject
FROM payment p JOIN refund r ON r.payment_id = p.id
GROUP BY p.campaign, p.id, p.amount, p.state HAVING SUM(r.amount) > p.amount OR p.state <> 'captured';

-- name: UnbookedOrders :many
SELECT o.campaign, o.id AS subject FROM campaign_order o LEFT JOIN ledger_transfer t ON t.event = o.id || '/reserved'
WHERE t.event IS NULL LIMIT 20;

-- name: UnbookedCaptures :many
SELECT p.campaign, p.id AS subject FROM payment p LEFT JOIN ledger_transfer t ON t.event = p.id || '/captured'
WHERE p.state = 'captured' AND t.event IS NULL LIMIT 20;

-- name: LoosePostings :many
SELECT p.event AS subject FROM ledger_posting p LEFT JOIN ledger_transfer t ON t.event = p.event WHERE t.event IS NULL LIMIT 20;

-- name: EmptyTransfers :many
SELECT t.campaign, t.event AS subject FROM ledger_transfer t LEFT JOIN ledger_posting p ON p.event = t.event AND p.seq = 1 WHERE p.event IS NULL LIMIT 20;

-- name: WrongBackers :many
SELECT o.campaign, o.backer AS subject FROM (
    SELECT campaign, backer, CAST(SUM(CASE WHEN state = 'reserved' THEN units ELSE 0 END) AS BIGINT) AS reserved,
        CAST(SUM(CASE WHEN paid_at <> 0 THEN units - cancelled ELSE 0 END) AS BIGINT) AS paid
    FROM campaign_order GROUP BY campaign, backer
) o LEFT JOIN campaign_backer b ON b.campaign = o.campaign AND b.backer = o.backer
WHERE b.backer IS NULL OR b.reserved <> o.reserved OR b.paid <> o.paid LIMIT 20;

-- name: CountBackers :many
SELECT campaign, COUNT(*) AS backers FROM campaign_backer WHERE paid > 0 GROUP BY campaign;

-- name: SumWaiting :many
SELECT campaign, variant, COUNT(*) AS entries FROM waiting WHERE state = 'waits' GROUP BY campaign, variant;

-- name: SumVouchers :many
SELECT campaign, series, COUNT(*) AS vouchers, CAST(MAX(number) AS BIGINT) AS last FROM voucher GROUP BY campaign, series ORDER BY series;

-- name: PaidWithoutReceipt :many
SELECT p.campaign, p.id AS subject FROM payment p LEFT JOIN voucher v ON v.subject = p.id
WHERE p.outcome IN ('paid', 'readmitted') AND v.subject IS NULL LIMIT 20;

-- What people ask of the books.

-- name: Balances :many
SELECT campaign, account, debit, credit FROM ledger_balance WHERE campaign = $1 ORDER BY account;

-- name: BalancesOfAccount :many
SELECT campaign, account, debit, credit FROM ledger_balance WHERE account = $1 ORDER BY campaign;

-- name: BalancesOfOrg :many
SELECT b.account, CAST(SUM(b.debit) AS BIGINT) AS debit, CAST(SUM(b.credit) AS BIGINT) AS credit
FROM ledger_balance b JOIN campaign c ON c.id = b.campaign WHERE c.org = $1 GROUP BY b.account ORDER BY b.account;

-- name: TransfersOf :many
SELECT t.event, t.campaign, t.at, p.seq, p.debit, p.credit, p.amount
FROM ledger_transfer t JOIN ledger_posting p ON p.event = t.event
WHERE t.event >= sqlc.arg(subject) || '/' AND t.event < sqlc.arg(subject) || '0' ORDER BY t.at, t.event, p.seq;

-- name: VouchersOfOrder :many
SELECT * FROM voucher WHERE order_id = $1 ORDER BY at, series, number;

-- name: SumToAdvance :one
SELECT CAST(COALESCE(SUM((units - cancelled - returned) * price * CAST(sqlc.arg(share) AS BIGINT) / 10000 - advanced), 0) AS BIGINT) AS amount
FROM campaign_order
WHERE campaign_order.campaign = sqlc.arg(campaign) AND paid_at <> 0 AND (state = 'shipped' OR (CAST(sqlc.arg(shipped_only) AS BOOLEAN) = FALSE AND state IN ('paid', 'allocated')))
    AND (units - cancelled - returned) * price * CAST(sqlc.arg(share) AS BIGINT) / 10000 > advanced;

-- name: SetAdvanced :exec
UPDATE campaign_order SET advanced = (units - cancelled - returned) * price * CAST(sqlc.arg(share) AS BIGINT) / 10000
WHERE campaign_order.campaign = sqlc.arg(campaign) AND paid_at <> 0 AND (state = 'shipped' OR (CAST(sqlc.arg(shipped_only) AS BOOLEAN) = FALSE AND state IN ('paid', 'allocated')))
    AND (units - cancelled - returned) * price * CAST(sqlc.arg(share) AS BIGINT) / 10000 > advanced;
