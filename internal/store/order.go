package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Apply is the one transaction through which the orders of a campaign change.
func (s campaignStore) Apply(ctx context.Context, ops []campaigns.Op, now func() time.Time) (campaigns.Applied, error) {
	// A double click brings others: after a batch that had to look, the next ones do at once.
	blind := campaigns.Plain(ops) && s.looking.Add(-1) < 0
	applied, err := s.apply(ctx, ops, now, blind)
	if blind && err != nil && (errors.Is(err, errLook) || errors.Is(classify(ctx, err), registry.ErrExists)) {
		s.looking.Store(lookAgain)
		applied, err = s.apply(ctx, ops, now, false)
	}
	return applied, s.wrap(ctx, err, "apply %d changes of orders", len(ops))
}

// lookAgain is how many batches are not decided blindly after one that could not be.
const lookAgain = 16

// errLook says that a batch was decided blindly, and wrongly.
var errLook = errors.New("the batch needs keys and backers")

func (s campaignStore) apply(ctx context.Context, ops []campaigns.Op, now func() time.Time, blind bool) (campaigns.Applied, error) {
	var applied campaigns.Applied
	var changes *campaigns.Changes
	err := s.writer.within(ctx, func(tx dbgen.DBTX) error {
		l := loader{ctx: ctx, tx: tx, q: dbgen.New(tx), engine: s.engine, needs: campaigns.NeedsOf(ops)}
		if err := l.lock(now()); err != nil {
			return err
		}
		at := now() // whoever waited for the lock is judged by the time at which he got it
		if err := l.load(at, blind); err != nil {
			return err
		}
		applied.Answers, changes = campaigns.Decide(at, &l.snapshot, ops, id.New)
		if blind && slices.ContainsFunc(applied.Answers, func(a campaigns.Answer) bool { return a.Err != nil }) {
			return errLook // what is refused may have been accepted before
		}
		return save(ctx, tx, s.engine, changes, blind)
	})
	if err != nil {
		return campaigns.Applied{}, err
	}
	for _, c := range changes.Counters {
		applied.Counters = append(applied.Counters, *c)
	}
	if len(changes.Told) > 0 {
		s.told()
	}
	if len(changes.Refunds) > 0 {
		signal(s.refunds)
	}
	return applied, nil
}

// loader fills a Snapshot.
type loader struct {
	ctx      context.Context
	tx       dbgen.DBTX
	q        *dbgen.Queries
	engine   Engine
	needs    campaigns.Needs
	snapshot campaigns.Snapshot
}

// firstWaiting is how many entries of a waiting list one commit may serve.
const firstWaiting = 1000

var (
	ordersByKey = newBulk("backer text, key text",
		`SELECT o.* FROM v JOIN campaign_order o ON o.backer = v.backer AND o.key = v.key`)
	ordersByID = newBulk("id text",
		`SELECT o.* FROM v JOIN campaign_order o ON o.id = v.id`)
	backersByKey = newBulk("campaign text, backer text",
		`SELECT b.campaign, b.backer, b.reserved, b.paid FROM v JOIN campaign_backer b ON b.campaign = v.campaign AND b.backer = v.backer`)
	paymentsByID = newBulk("id text",
		`SELECT p.* FROM v JOIN payment p ON p.id = v.id`)
	paymentsByRef = newBulk("provider text, ref text",
		`SELECT p.* FROM v JOIN payment p ON p.provider = v.provider AND p.payment_ref = v.ref AND p.payment_ref <> ''`)
	payingPayments = newBulk("id text",
		`SELECT p.* FROM v JOIN payment p ON p.order_id = v.id AND p.outcome IN ('paid', 'readmitted')`)
	refundsByID = newBulk("id text",
		`SELECT r.* FROM v JOIN refund r ON r.id = v.id`)
	refundsOwed = newBulk("id text",
		`SELECT r.order_id FROM v JOIN refund r ON r.order_id = v.id AND r.kind IN ('full', 'partial') AND r.state <> 'processed'`)
	eventsBooked = newBulk("event text",
		`SELECT t.event FROM v JOIN ledger_transfer t ON t.event = v.event`)
	shipmentsOfOrders = newBulk("id text",
		`SELECT s.* FROM v JOIN shipment s ON s.order_id = v.id`)
	entriesByID = newBulk("id text",
		`SELECT w.* FROM v JOIN waiting w ON w.id = v.id`)
	entriesOfBacker = newBulk("campaign text, backer text",
		`SELECT w.* FROM v JOIN waiting w ON w.backer = v.backer AND w.campaign = v.campaign AND w.state = 'waits'`)
)

type (
	backerRow struct {
		Campaign, Backer string
		Reserved, Paid   int64
	}
	nameRow struct{ Name string }
)

// lock takes the counters of the campaigns in the order of their ids.
func (l *loader) lock(now time.Time) error {
	l.snapshot.Counters = make(map[string]*campaigns.Counter)
	for _, campaign := range slices.Sorted(maps.Keys(l.needs.Campaigns)) {
		row, err := l.q.LockCounter(l.ctx, dbgen.LockCounterParams{Campaign: campaign, At: micros.Of(now)})
		if errors.Is(err, sql.ErrNoRows) {
			continue // Decide says so
		} else if err != nil {
			return err
		}
		c := counter(row)
		l.snapshot.Counters[campaign] = &c
	}
	return nil
}

func (l *loader) load(now time.Time, blind bool) error {
	s := &l.snapshot
	s.Blind = blind
	if blind {
		l.needs.Keys, l.needs.Backers = nil, nil
	}
	s.Variants = make(map[string]*campaigns.VariantCounter)
	s.Facts = make(map[string]campaigns.Facts)
	s.Vouchers = make(map[string]int64)
	for campaign, c := range s.Counters {
		rows, err := l.q.VariantCounters(l.ctx, campaign)
		if err != nil {
			return err
		}
		for _, row := range rows {
			v := variantCounter(row)
			s.Variants[v.Variant] = &v
		}
		if err := l.facts(c, now); err != nil {
			return err
		}
	}
	for _, step := range []func() error{l.orders, l.payments, l.refunds, l.waiting, l.shipments, l.backers} {
		if err := step(); err != nil {
			return err
		}
	}
	booked, err := find[nameRow](l.ctx, l.tx, l.engine, eventsBooked, rows{keys(l.needs.Events)})
	s.Events = make(map[string]bool)
	for _, e := range booked {
		s.Events[e.Name] = true
	}
	return err
}

func (l *loader) facts(c *campaigns.Counter, now time.Time) error {
	if !l.needs.Facts[c.Campaign] {
		return nil
	}
	f, err := l.q.CampaignFacts(l.ctx, c.Campaign)
	if err != nil {
		return err
	}
	l.snapshot.Facts[c.Campaign] = campaigns.Facts{Org: f.Org, Number: f.Number, Product: f.ProductID}
	if len(l.needs.Payments) == 0 && len(l.needs.Refunds) == 0 {
		return nil
	}
	for _, kind := range []campaigns.VoucherKind{campaigns.VoucherReceipt, campaigns.VoucherRefund} {
		series := campaigns.VoucherSeries(kind, f.Number, c.Time(now))
		if l.snapshot.Vouchers[series], err = l.q.LastVoucher(l.ctx, series); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) orders() error {
	s := &l.snapshot
	s.Keys = make(map[campaigns.BackerKey]*campaigns.OrderRow)
	s.Orders = make(map[string]*campaigns.OrderRow)
	n := len(l.needs.Keys)
	backers, names := make([]string, 0, n), make([]string, 0, n)
	for k := range l.needs.Keys {
		backers, names = append(backers, k.Backer), append(names, k.Key)
	}
	named, err := find[dbgen.CampaignOrder](l.ctx, l.tx, l.engine, ordersByKey, rows{backers, names})
	if err != nil {
		return err
	}
	found, err := find[dbgen.CampaignOrder](l.ctx, l.tx, l.engine, ordersByID, rows{keys(l.needs.Orders)})
	if err != nil {
		return err
	}
	for _, row := range append(named, found...) {
		if s.Orders[row.ID] == nil {
			o := order(row)
			s.Orders[row.ID] = &campaigns.OrderRow{Order: o, Was: o.State}
		}
	}
	for _, row := range named {
		s.Keys[campaigns.BackerKey{Backer: row.Backer, Key: row.Key}] = s.Orders[row.ID]
	}
	return nil
}

func (l *loader) payments() error {
	s := &l.snapshot
	s.Payments = make(map[string]*campaigns.PaymentRow)
	s.Captures = make(map[campaigns.ProviderPaymentRef]*campaigns.PaymentRow)
	s.Paying = make(map[string]*campaigns.PaymentRow)
	var providers, refs, paid []string
	for r := range l.needs.Captures {
		providers, refs = append(providers, r.Provider), append(refs, r.Ref)
	}
	for id := range l.needs.Orders {
		if o := s.Orders[id]; o != nil && !o.PaidAt.IsZero() {
			paid = append(paid, id)
		}
	}
	for _, by := range []struct {
		b *bulk
		r rows
	}{{paymentsByID, rows{keys(l.needs.Payments)}}, {paymentsByRef, rows{providers, refs}}, {payingPayments, rows{paid}}} {
		found, err := find[dbgen.Payment](l.ctx, l.tx, l.engine, by.b, by.r)
		if err != nil {
			return err
		}
		for _, row := range found {
			p := s.Payments[row.ID]
			if p == nil {
				v := payment(row)
				p = &campaigns.PaymentRow{Payment: v, Was: v.State}
				s.Payments[row.ID] = p
			}
			if p.PaymentRef != "" {
				s.Captures[campaigns.ProviderPaymentRef{Provider: p.Provider, Ref: p.PaymentRef}] = p
			}
			if p.Outcome == campaigns.CapturePaid || p.Outcome == campaigns.CaptureReadmitted {
				s.Paying[p.OrderID] = p
			}
		}
	}
	return nil
}

func (l *loader) refunds() error {
	s := &l.snapshot
	s.Refunds = make(map[string]*campaigns.RefundRow)
	s.Owed = make(map[string]int)
	found, err := find[dbgen.Refund](l.ctx, l.tx, l.engine, refundsByID, rows{keys(l.needs.Refunds)})
	if err != nil {
		return err
	}
	for _, row := range found {
		r := refund(row)
		s.Refunds[row.ID] = &campaigns.RefundRow{Refund: r, Was: r.State}
	}
	if len(found) == 0 { // none of them moves, so nobody asks what is open
		return nil
	}
	owed, err := find[nameRow](l.ctx, l.tx, l.engine, refundsOwed, rows{keys(l.needs.Orders)})
	for _, o := range owed {
		s.Owed[o.Name]++
	}
	return err
}

func (l *loader) waiting() error {
	s := &l.snapshot
	s.Entries = make(map[string]*campaigns.WaitingRow)
	s.Waiting = make(map[string][]*campaigns.WaitingRow)
	keep := func(row dbgen.Waiting) *campaigns.WaitingRow {
		if s.Entries[row.ID] == nil {
			w := waiting(row)
			s.Entries[row.ID] = &campaigns.WaitingRow{Waiting: w, Was: w.State}
		}
		return s.Entries[row.ID]
	}
	for campaign := range l.needs.Releases {
		if c := s.Counters[campaign]; c == nil || c.Waiting == 0 {
			continue
		}
		first, err := l.q.FirstWaiting(l.ctx, dbgen.FirstWaitingParams{Campaign: campaign, Most: firstWaiting})
		if err != nil {
			return err
		}
		for _, row := range first {
			s.Waiting[campaign] = append(s.Waiting[campaign], keep(row))
		}
	}
	named, err := find[dbgen.Waiting](l.ctx, l.tx, l.engine, entriesByID, rows{keys(l.needs.Entries)})
	if err != nil {
		return err
	}
	ofBackers, err := find[dbgen.Waiting](l.ctx, l.tx, l.engine, entriesOfBacker, backerRows(l.needs.Waiters))
	for _, row := range append(named, ofBackers...) {
		keep(row)
	}
	return err
}

// backers loads the counts of everybody whose units may change.
func (l *loader) backers() error {
	s := &l.snapshot
	s.Backers = make(map[campaigns.CampaignBacker]*campaigns.BackerCount, len(l.needs.Backers))
	need := l.needs.Backers
	if need == nil {
		need = make(map[campaigns.CampaignBacker]bool)
	}
	for id := range l.needs.Orders {
		if o := s.Orders[id]; o != nil {
			need[campaigns.CampaignBacker{Campaign: o.Campaign, Backer: o.Backer}] = true
		}
	}
	for _, entries := range s.Waiting {
		for _, e := range entries {
			need[campaigns.CampaignBacker{Campaign: e.Campaign, Backer: e.Backer}] = true
		}
	}
	found, err := find[backerRow](l.ctx, l.tx, l.engine, backersByKey, backerRows(need))
	for _, row := range found {
		key := campaigns.CampaignBacker{Campaign: row.Campaign, Backer: row.Backer}
		s.Backers[key] = &campaigns.BackerCount{CampaignBacker: key, Reserved: row.Reserved, Paid: row.Paid}
	}
	return err
}

func backerRows(set map[campaigns.CampaignBacker]bool) rows {
	inCampaign, backers := make([]string, 0, len(set)), make([]string, 0, len(set))
	for k := range set {
		inCampaign, backers = append(inCampaign, k.Campaign), append(backers, k.Backer)
	}
	return rows{inCampaign, backers}
}

func keys(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for k := range set {
		if k != "" {
			list = append(list, k)
		}
	}
	return list
}

func (s campaignStore) Order(ctx context.Context, id string) (campaigns.Order, error) {
	o, err := s.read.Order(ctx, id)
	return order(o), s.wrap(ctx, err, "order %s", id)
}

func (s campaignStore) OrdersOfBacker(ctx context.Context, backer, after string, limit int) ([]campaigns.Order, error) {
	rows, err := s.read.OrdersOfBacker(ctx, dbgen.OrdersOfBackerParams{Backer: backer, After: after, Most: most(limit)})
	return list(rows, order), s.wrap(ctx, err, "orders of backer %s", backer)
}

// EachOrder goes through a campaign's orders in the order of their ids.
func (s campaignStore) EachOrder(ctx context.Context, campaign string, fn func(campaigns.Order)) error {
	const page = 2000
	for after := ""; ; {
		rows, err := s.read.OrdersOfCampaign(ctx, dbgen.OrdersOfCampaignParams{Campaign: campaign, After: after, Most: page})
		if err != nil {
			return s.wrap(ctx, err, "orders of campaign %s after %q", campaign, after)
		}
		for _, row := range rows {
			fn(order(row))
		}
		if len(rows) < page {
			return nil
		}
		after = rows[page-1].ID
	}
}

func (s campaignStore) OverdueOrders(ctx context.Context, at time.Time, limit int) ([]campaigns.Expire, error) {
	rows, err := s.read.OverdueOrders(ctx, dbgen.OverdueOrdersParams{At: micros.Of(at), GraceAt: micros.Of(at.Add(-campaigns.AskGrace)), Grace: campaigns.AskGrace.Microseconds(), Most: most(limit)})
	return list(rows, func(r dbgen.OverdueOrdersRow) campaigns.Expire {
		return campaigns.Expire{Campaign: r.Campaign, OrderID: r.ID}
	}), s.wrap(ctx, err, "orders overdue at %s", at.Format(time.RFC3339))
}

func (s campaignStore) CampaignsToFeed(ctx context.Context, at time.Time) ([]string, error) {
	ids, err := s.read.CampaignsToFeed(ctx, micros.Of(at))
	return ids, s.wrap(ctx, err, "campaigns whose waiting list can be served")
}

func (s campaignStore) WaitingOfBacker(ctx context.Context, campaign, backer string) ([]campaigns.Waiting, error) {
	rows, err := s.read.WaitingOfBacker(ctx, dbgen.WaitingOfBackerParams{Backer: backer, Campaign: campaign})
	return list(rows, waiting), s.wrap(ctx, err, "waiting list of campaign %s, backer %s", campaign, backer)
}

func (s campaignStore) WaitingAhead(ctx context.Context, w campaigns.Waiting) (int64, error) {
	n, err := s.read.WaitingAhead(ctx, dbgen.WaitingAheadParams{Campaign: w.Campaign, ID: w.ID})
	return n, s.wrap(ctx, err, "entries before %s", w.ID)
}

func (s campaignStore) CreatePayment(ctx context.Context, p campaigns.Payment) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.InsertPayment(ctx, dbgen.InsertPaymentParams{
			ID: p.ID, OrderID: p.OrderID, Campaign: p.Campaign, Backer: p.Backer, Provider: p.Provider,
			ProviderRef: p.ProviderRef, PaymentRef: p.PaymentRef, Method: string(p.Method), Hint: text(p.Hint),
			Amount: p.Amount, Currency: p.Currency, Fee: p.Fee, State: string(p.State), Outcome: string(p.Outcome), Failure: text(p.Failure),
			CreatedAt: micros.Of(p.CreatedAt), ChangedAt: micros.Of(p.ChangedAt), CapturedAt: micros.Of(p.CapturedAt), AskAt: micros.Of(p.AskAt),
		})
	})
	return s.wrap(ctx, err, "create payment %s of order %s", p.ID, p.OrderID)
}

func (s campaignStore) Payment(ctx context.Context, id string) (campaigns.Payment, error) {
	p, err := s.read.Payment(ctx, id)
	return payment(p), s.wrap(ctx, err, "payment %s", id)
}

func (s campaignStore) Refund(ctx context.Context, id string) (campaigns.Refund, error) {
	r, err := s.read.Refund(ctx, id)
	return refund(r), s.wrap(ctx, err, "refund %s", id)
}

func order(o dbgen.CampaignOrder) campaigns.Order {
	return campaigns.Order{
		ID: o.ID, Campaign: o.Campaign, Backer: o.Backer, Key: o.Key, Variant: o.Variant, Units: o.Units, Cancelled: o.Cancelled,
		Price: o.Price, Currency: o.Currency, Advanced: o.Advanced, State: campaigns.OrderState(o.State), Entry: o.Entry,
		CreatedAt: o.CreatedAt.Time(), PayUntil: o.PayUntilAt.Time(), PaidAt: o.PaidAt.Time(), ChangedAt: o.ChangedAt.Time(),
		Returned: o.Returned, MissedAt: o.MissedAt.Time(),
	}
}

func payment(p dbgen.Payment) campaigns.Payment {
	return campaigns.Payment{
		ID: p.ID, OrderID: p.OrderID, Campaign: p.Campaign, Backer: p.Backer, Provider: p.Provider, ProviderRef: p.ProviderRef,
		PaymentRef: p.PaymentRef, Method: campaigns.PaymentMethod(p.Method), Hint: p.Hint, Amount: p.Amount, Currency: p.Currency, Fee: p.Fee,
		State: campaigns.PaymentState(p.State), Outcome: campaigns.CaptureOutcome(p.Outcome), Failure: p.Failure,
		CreatedAt: p.CreatedAt.Time(), ChangedAt: p.ChangedAt.Time(), CapturedAt: p.CapturedAt.Time(), AskAt: p.AskAt.Time(), Flag: p.Flag,
	}
}

func refund(r dbgen.Refund) campaigns.Refund {
	return campaigns.Refund{
		ID: r.ID, PaymentID: r.PaymentID, OrderID: r.OrderID, Campaign: r.Campaign, Kind: campaigns.RefundKind(r.Kind), Units: r.Units,
		Amount: r.Amount, Currency: r.Currency, Reason: r.Reason, State: campaigns.RefundState(r.State), ProviderRef: r.ProviderRef,
		BankRef: r.BankRef, Attempts: r.Attempts, LastError: r.LastError,
		CreatedAt: r.CreatedAt.Time(), ChangedAt: r.ChangedAt.Time(), ProcessedAt: r.ProcessedAt.Time(),
		WakeAt: r.WakeAt.Time(), Try: r.Try, ByHand: r.ByHand,
		Hand: campaigns.Hand{
			ID: r.Hand, BankRef: r.HandRef, PaidAt: r.HandPaidAt.Time(), Reason: r.HandReason,
			ProposedBy: r.ProposedBy, ProposedAt: r.ProposedAt.Time(), ConfirmedBy: r.ConfirmedBy,
		},
	}
}

func waiting(w dbgen.Waiting) campaigns.Waiting {
	return campaigns.Waiting{
		ID: w.ID, Campaign: w.Campaign, Variant: w.Variant, Backer: w.Backer, Units: w.Units, State: campaigns.WaitingState(w.State),
		Order: w.OrderID, CreatedAt: w.CreatedAt.Time(), ChangedAt: w.ChangedAt.Time(),
	}
}

// conflict says that a row was not in the state in which it was loaded.
func conflict(what string, want int, changed int64) error {
	if int64(want) == changed {
		return nil
	}
	return fmt.Errorf("%d of %d %s changed meanwhile: %w", int64(want)-changed, want, what, registry.ErrConflict)
}
