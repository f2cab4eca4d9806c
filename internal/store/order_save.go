package store

import (
	"context"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// The statements of save. Rows come in the order of their keys.
var (
	insertOrders = newBulk(
		"id text, campaign text, backer text, key text, variant text, units bigint, price bigint, currency text, entry text, created_at bigint, pay_until_at bigint",
		`INSERT INTO campaign_order (id, campaign, backer, key, variant, units, cancelled, price, currency, advanced, state, entry, created_at, pay_until_at, paid_at, changed_at)
SELECT v.id, v.campaign, v.backer, v.key, v.variant, v.units, 0, v.price, v.currency, 0, 'reserved', v.entry, v.created_at, v.pay_until_at, 0, v.created_at FROM v`)
	updateOrders = newBulk(
		"id text, was text, state text, units bigint, cancelled bigint, advanced bigint, paid_at bigint, changed_at bigint, returned bigint, missed_at bigint",
		`UPDATE campaign_order SET state = v.state, units = v.units, cancelled = v.cancelled, advanced = v.advanced, paid_at = v.paid_at, changed_at = v.changed_at,
    returned = v.returned, missed_at = v.missed_at
FROM v WHERE campaign_order.id = v.id AND campaign_order.state = v.was`)
	upsertBackers = newBulk(
		"campaign text, backer text, reserved bigint, paid bigint",
		`INSERT INTO campaign_backer (campaign, backer, reserved, paid) SELECT v.campaign, v.backer, v.reserved, v.paid FROM v WHERE TRUE
ON CONFLICT (campaign, backer) DO UPDATE SET reserved = excluded.reserved, paid = excluded.paid`)
	addBackers = newBulk(
		"campaign text, backer text, reserved bigint",
		`INSERT INTO campaign_backer (campaign, backer, reserved, paid) SELECT v.campaign, v.backer, v.reserved, 0 FROM v WHERE TRUE
ON CONFLICT (campaign, backer) DO UPDATE SET reserved = campaign_backer.reserved + excluded.reserved
RETURNING campaign, backer, reserved, paid`)
	insertPayments = newBulk(
		"id text, order_id text, campaign text, backer text, provider text, provider_ref text, payment_ref text, method text, hint text, amount bigint, currency text, fee bigint, outcome text, created_at bigint, changed_at bigint, flag text",
		`INSERT INTO payment (id, order_id, campaign, backer, provider, provider_ref, payment_ref, method, hint, amount, currency, fee, state, outcome, failure, created_at, changed_at, captured_at, flag)
SELECT v.id, v.order_id, v.campaign, v.backer, v.provider, v.provider_ref, v.payment_ref, v.method, v.hint, v.amount, v.currency, v.fee, 'captured', v.outcome, '', v.created_at, v.changed_at, v.changed_at, v.flag FROM v`)
	capturePayments = newBulk(
		"id text, was text, payment_ref text, method text, hint text, amount bigint, fee bigint, outcome text, changed_at bigint, flag text",
		`UPDATE payment SET state = 'captured', payment_ref = v.payment_ref, method = v.method, hint = v.hint, amount = v.amount, fee = v.fee,
    outcome = v.outcome, failure = '', changed_at = v.changed_at, captured_at = v.changed_at, ask_at = 0, flag = v.flag
FROM v WHERE payment.id = v.id AND payment.state = v.was`)
	insertRefunds = newBulk(
		"id text, payment_id text, order_id text, campaign text, kind text, units bigint, amount bigint, currency text, reason text, created_at bigint",
		`INSERT INTO refund (id, payment_id, order_id, campaign, kind, units, amount, currency, reason, state, provider_ref, bank_ref, attempts, last_error, created_at, changed_at, processed_at, wake_at)
SELECT v.id, v.payment_id, v.order_id, v.campaign, v.kind, v.units, v.amount, v.currency, v.reason, 'queued', '', '', 0, '', v.created_at, v.created_at, 0, v.created_at FROM v`)
	updateRefunds = newBulk(
		"id text, was text, state text, provider_ref text, bank_ref text, attempts bigint, last_error text, changed_at bigint, processed_at bigint, wake_at bigint, try bigint, by_hand bigint, "+
			"hand text, hand_ref text, hand_paid_at bigint, hand_reason text, proposed_by text, proposed_at bigint, confirmed_by text",
		`UPDATE refund SET state = v.state, provider_ref = v.provider_ref, bank_ref = v.bank_ref, attempts = v.attempts, last_error = v.last_error,
    changed_at = v.changed_at, processed_at = v.processed_at, wake_at = v.wake_at, try = v.try, by_hand = (v.by_hand <> 0),
    hand = v.hand, hand_ref = v.hand_ref, hand_paid_at = v.hand_paid_at, hand_reason = v.hand_reason,
    proposed_by = v.proposed_by, proposed_at = v.proposed_at, confirmed_by = v.confirmed_by
FROM v WHERE refund.id = v.id AND refund.state = v.was`)
	insertWaiting = newBulk(
		"id text, campaign text, variant text, backer text, units bigint, state text, order_id text, created_at bigint, changed_at bigint",
		`INSERT INTO waiting (id, campaign, variant, backer, units, state, order_id, created_at, changed_at)
SELECT v.id, v.campaign, v.variant, v.backer, v.units, v.state, v.order_id, v.created_at, v.changed_at FROM v`)
	updateWaiting = newBulk(
		"id text, was text, state text, order_id text, changed_at bigint",
		`UPDATE waiting SET state = v.state, order_id = v.order_id, changed_at = v.changed_at FROM v WHERE waiting.id = v.id AND waiting.state = v.was`)
	insertTransfers = newBulk(
		"event text, campaign text, at bigint",
		`INSERT INTO ledger_transfer (event, campaign, at) SELECT v.event, v.campaign, v.at FROM v`)
	insertPostings = newBulk(
		"event text, seq bigint, debit text, credit text, amount bigint",
		`INSERT INTO ledger_posting (event, seq, debit, credit, amount) SELECT v.event, v.seq, v.debit, v.credit, v.amount FROM v`)
	addBalances = newBulk(
		"campaign text, account text, debit bigint, credit bigint",
		`INSERT INTO ledger_balance (campaign, account, debit, credit) SELECT v.campaign, v.account, v.debit, v.credit FROM v WHERE TRUE
ON CONFLICT (campaign, account) DO UPDATE SET debit = ledger_balance.debit + excluded.debit, credit = ledger_balance.credit + excluded.credit`)
	insertVouchers = newBulk(
		"series text, number bigint, kind text, campaign text, order_id text, subject text, amount bigint, currency text, at bigint",
		`INSERT INTO voucher (series, number, kind, campaign, order_id, subject, amount, currency, at)
SELECT v.series, v.number, v.kind, v.campaign, v.order_id, v.subject, v.amount, v.currency, v.at FROM v`)
)

// saver writes Changes.
type saver struct {
	ctx    context.Context
	tx     dbgen.DBTX
	q      *dbgen.Queries
	engine Engine
	err    error
}

// save writes what Decide made. The counters come first: they are locked, and
// they ask once more whether the campaigns are open.
func save(ctx context.Context, tx dbgen.DBTX, engine Engine, c *campaigns.Changes, blind bool) error {
	s := &saver{ctx: ctx, tx: tx, q: dbgen.New(tx), engine: engine}
	s.counters(c)
	s.backers(c, blind)
	s.orders(c.Orders)
	s.payments(c.Payments)
	s.refunds(c.Refunds)
	s.waiting(c.Waiting)
	s.shipments(c)
	s.ledger(c)
	s.tell(c)
	if s.err == nil {
		s.err = record(ctx, s.q, c.Decided, nil)
	}
	return s.err
}

// run executes a bulk, and wants as many rows changed as it was given.
func (s *saver) run(what string, b *bulk, columns ...any) {
	if n := rows(columns).len(); s.err == nil && n > 0 {
		changed, err := b.exec(s.ctx, s.tx, s.engine, columns)
		if err == nil {
			err = conflict(what, n, changed)
		}
		s.err = err
	}
}

func (s *saver) counters(c *campaigns.Changes) {
	for _, n := range c.Counters {
		if s.err != nil {
			return
		}
		changed, err := s.q.UpdateCounter(s.ctx, dbgen.UpdateCounterParams{
			Campaign: n.Campaign, Reserved: n.Reserved, Paid: n.Paid, Cancelled: n.Cancelled, Backers: n.Backers, Waiting: n.Waiting,
			At: micros.Of(n.SeenAt), Changes: n.Changes, Sells: c.Sells[n.Campaign],
		})
		if err == nil {
			err = conflict("counters", 1, changed)
		}
		n.Changes++
		s.err = err
	}
	for _, v := range c.Variants {
		if s.err == nil {
			s.err = s.q.UpdateVariantCounter(s.ctx, dbgen.UpdateVariantCounterParams{
				Variant: v.Variant, Reserved: v.Reserved, Paid: v.Paid, Cancelled: v.Cancelled, Waiting: v.Waiting,
			})
		}
	}
}

func (s *saver) backers(c *campaigns.Changes, blind bool) {
	n := len(c.Backers)
	campaign, backer, reserved, paid := make([]string, n), make([]string, n), make([]int64, n), make([]int64, n)
	for i, b := range c.Backers {
		campaign[i], backer[i], reserved[i], paid[i] = b.Campaign, b.Backer, b.Reserved, b.Paid
	}
	if !blind {
		s.run("backers", upsertBackers, campaign, backer, reserved, paid)
		return
	}
	if s.err != nil {
		return
	}
	found, err := find[backerRow](s.ctx, s.tx, s.engine, addBackers, rows{campaign, backer, reserved})
	for _, b := range found {
		if limit := c.Limits[b.Campaign]; err == nil && limit > 0 && b.Reserved+b.Paid > limit {
			err = errLook
		}
	}
	s.err = err
}

func (s *saver) orders(all []*campaigns.OrderRow) {
	var fresh, moved []*campaigns.OrderRow
	for _, o := range all {
		if o.Was == "" {
			fresh = append(fresh, o)
			if o.State == campaigns.OrderReserved {
				continue
			}
			o.Was = campaigns.OrderReserved // as it is inserted
		}
		moved = append(moved, o)
	}
	n := len(fresh)
	id, campaign, backer, key, variant := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	units, price, created, until := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	currency, entry := make([]string, n), make([]string, n)
	for i, o := range fresh {
		id[i], campaign[i], backer[i], key[i], variant[i] = o.ID, o.Campaign, o.Backer, o.Key, o.Variant
		units[i], price[i], currency[i], entry[i] = o.Units, o.Price, o.Currency, o.Entry
		created[i], until[i] = int64(micros.Of(o.CreatedAt)), int64(micros.Of(o.PayUntil))
	}
	s.run("orders", insertOrders, id, campaign, backer, key, variant, units, price, currency, entry, created, until)

	n = len(moved)
	id, was, state := make([]string, n), make([]string, n), make([]string, n)
	units, cancelled, advanced, paid, changed := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	returned, missed := make([]int64, n), make([]int64, n)
	for i, o := range moved {
		returned[i], missed[i] = o.Returned, int64(micros.Of(o.MissedAt))
		id[i], was[i], state[i] = o.ID, string(o.Was), string(o.State)
		units[i], cancelled[i], advanced[i] = o.Units, o.Cancelled, o.Advanced
		paid[i], changed[i] = int64(micros.Of(o.PaidAt)), int64(micros.Of(o.ChangedAt))
	}
	s.run("orders", updateOrders, id, was, state, units, cancelled, advanced, paid, changed, returned, missed)
}

func (s *saver) payments(all []*campaigns.PaymentRow) {
	var fresh, moved []*campaigns.PaymentRow
	for _, p := range all {
		if p.Was == "" {
			fresh = append(fresh, p)
		} else {
			moved = append(moved, p)
		}
	}
	n := len(moved)
	id, was, ref, method, hint, outcome := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	amount, fee, changed, flag := make([]int64, n), make([]int64, n), make([]int64, n), make([]string, n)
	for i, p := range moved {
		id[i], was[i], ref[i], method[i], hint[i], outcome[i] = p.ID, string(p.Was), p.PaymentRef, string(p.Method), text(p.Hint), string(p.Outcome)
		amount[i], fee[i], changed[i], flag[i] = p.Amount, p.Fee, int64(micros.Of(p.ChangedAt)), p.Flag
	}
	s.run("payments", capturePayments, id, was, ref, method, hint, amount, fee, outcome, changed, flag)
	for _, p := range fresh { // a second payment on one provider order: rare
		s.run("payments", insertPayments, []string{p.ID}, []string{p.OrderID}, []string{p.Campaign}, []string{p.Backer}, []string{p.Provider},
			[]string{p.ProviderRef}, []string{p.PaymentRef}, []string{string(p.Method)}, []string{text(p.Hint)}, []int64{p.Amount}, []string{p.Currency},
			[]int64{p.Fee}, []string{string(p.Outcome)}, []int64{int64(micros.Of(p.CreatedAt))}, []int64{int64(micros.Of(p.ChangedAt))}, []string{p.Flag})
	}
}

func (s *saver) refunds(all []*campaigns.RefundRow) {
	var fresh, moved []*campaigns.RefundRow
	for _, r := range all {
		if r.Was == "" {
			fresh = append(fresh, r)
		} else {
			moved = append(moved, r)
		}
	}
	n := len(fresh)
	id, payment, order, campaign, kind := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	currency, reason := make([]string, n), make([]string, n)
	units, amount, created := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, r := range fresh {
		id[i], payment[i], order[i], campaign[i], kind[i] = r.ID, r.PaymentID, r.OrderID, r.Campaign, string(r.Kind)
		currency[i], reason[i], units[i], amount[i], created[i] = r.Currency, text(r.Reason), r.Units, r.Amount, int64(micros.Of(r.CreatedAt))
	}
	s.run("refunds", insertRefunds, id, payment, order, campaign, kind, units, amount, currency, reason, created)

	n = len(moved)
	id, was, state := make([]string, n), make([]string, n), make([]string, n)
	provider, bank, fault := make([]string, n), make([]string, n), make([]string, n)
	attempts, changed, processed := make([]int64, n), make([]int64, n), make([]int64, n)
	wake, try, byHand := make([]int64, n), make([]int64, n), make([]int64, n)
	hand, ref, why, proposer, confirmer := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	paid, proposed := make([]int64, n), make([]int64, n)
	for i, r := range moved {
		id[i], was[i], state[i], provider[i], bank[i], fault[i] = r.ID, string(r.Was), string(r.State), r.ProviderRef, text(r.BankRef), text(r.LastError)
		attempts[i], changed[i], processed[i] = int64(r.Attempts), int64(micros.Of(r.ChangedAt)), int64(micros.Of(r.ProcessedAt))
		wake[i], try[i] = int64(micros.Of(r.WakeAt)), int64(r.Try)
		if r.ByHand {
			byHand[i] = 1
		}
		h := &r.Hand
		hand[i], ref[i], why[i], proposer[i], confirmer[i] = h.ID, text(h.BankRef), text(h.Reason), h.ProposedBy, h.ConfirmedBy
		paid[i], proposed[i] = int64(micros.Of(h.PaidAt)), int64(micros.Of(h.ProposedAt))
	}
	s.run("refunds", updateRefunds, id, was, state, provider, bank, attempts, fault, changed, processed, wake, try, byHand,
		hand, ref, paid, why, proposer, proposed, confirmer)
}

func (s *saver) waiting(all []*campaigns.WaitingRow) {
	for _, w := range all {
		if w.Was == "" {
			s.run("waiting list entries", insertWaiting, []string{w.ID}, []string{w.Campaign}, []string{w.Variant}, []string{w.Backer}, []int64{w.Units},
				[]string{string(w.State)}, []string{w.Order}, []int64{int64(micros.Of(w.CreatedAt))}, []int64{int64(micros.Of(w.ChangedAt))})
		} else {
			s.run("waiting list entries", updateWaiting, []string{w.ID}, []string{string(w.Was)}, []string{string(w.State)}, []string{w.Order},
				[]int64{int64(micros.Of(w.ChangedAt))})
		}
	}
}

func (s *saver) ledger(c *campaigns.Changes) {
	n := len(c.Transfers)
	event, campaign, at := make([]string, n), make([]string, n), make([]int64, n)
	var of, debit, credit []string
	var seq, amount []int64
	for i := range c.Transfers {
		t := &c.Transfers[i]
		if err := t.Check(); err != nil && s.err == nil {
			s.err = err
		}
		event[i], campaign[i], at[i] = t.Event, t.Campaign, int64(micros.Of(t.At))
		for j, p := range t.Postings {
			of, seq = append(of, t.Event), append(seq, int64(j+1))
			debit, credit, amount = append(debit, string(p.Debit)), append(credit, string(p.Credit)), append(amount, p.Amount)
		}
	}
	s.run("transfers", insertTransfers, event, campaign, at)
	s.run("postings", insertPostings, of, seq, debit, credit, amount)

	sums := c.Balances()
	n = len(sums)
	campaign, account, debits, credits := make([]string, n), make([]string, n), make([]int64, n), make([]int64, n)
	for i, b := range sums {
		campaign[i], account[i], debits[i], credits[i] = b.Campaign, string(b.Account), b.Debit, b.Credit
	}
	s.run("balances", addBalances, campaign, account, debits, credits)

	n = len(c.Vouchers)
	series, kind, order, subject, currency := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	campaign, number, value, at := make([]string, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, v := range c.Vouchers {
		series[i], number[i], kind[i], campaign[i], order[i] = v.Series, v.Seq, string(v.Kind), v.Campaign, v.OrderID
		subject[i], value[i], currency[i], at[i] = v.Subject, v.Amount, v.Currency, int64(micros.Of(v.At))
	}
	s.run("vouchers", insertVouchers, series, number, kind, campaign, order, subject, value, currency, at)
}
