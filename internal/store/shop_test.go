package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// shop is a campaign under test, with a clock of its own.
type shop struct {
	t  testing.TB
	db *storeDB
	campaigns.Campaign
	at    time.Time
	store campaigns.Store
	lazy  bool // the test audits by itself
}

// newShop opens a campaign with a stock of so many units; 0: no limit.
func newShop(t testing.TB, db *storeDB, stock int64, change ...func(*campaigns.Campaign)) *shop {
	t.Helper()
	c := newCampaign(t, db)
	c.StockLimit, c.TargetUnits = stock, 1
	for _, f := range change {
		f(&c)
	}
	c, err := db.Campaigns().CreateCampaign(ctx, c)
	must(t, err)
	return &shop{t: t, db: db, Campaign: c, at: now, store: db.Campaigns()}
}

func (s *shop) pass(d time.Duration) { s.at = s.at.Add(d) }

// apply has ops decided in one transaction, and audits the books after it.
func (s *shop) apply(ops ...campaigns.Op) []campaigns.Answer {
	s.t.Helper()
	applied, err := s.store.Apply(ctx, ops, func() time.Time { return s.at })
	must(s.t, err)
	if !s.lazy {
		s.audit()
	}
	return applied.Answers
}

// do has one op done, which must succeed.
func (s *shop) do(op campaigns.Op) campaigns.Answer {
	s.t.Helper()
	a := s.apply(op)[0]
	must(s.t, a.Err)
	return a
}

func (s *shop) refused(op campaigns.Op, want error) {
	s.t.Helper()
	wantError(s.t, s.apply(op)[0].Err, want)
}

func (s *shop) audit() {
	s.t.Helper()
	for _, b := range get(s.store.Books(ctx))(s.t) {
		for _, breach := range campaigns.Audit(b) {
			s.t.Errorf("the books: %s", breach)
		}
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

func (s *shop) wish(backer string, units int64) *campaigns.Reserve {
	return &campaigns.Reserve{Order: campaigns.Order{
		ID: id.New("ord"), Campaign: s.ID, Backer: s.backer(backer), Key: id.New("key"), Units: units,
	}}
}

// backer is an account of this shop's own: many shops share a database.
func (s *shop) backer(name string) string { return "acc_" + name + s.ID[len(s.ID)-6:] }

// overdue are this shop's overdue orders.
func (s *shop) overdue() []campaigns.Expire {
	s.t.Helper()
	all := get(s.store.OverdueOrders(ctx, s.at, 0))(s.t)
	return slices.DeleteFunc(all, func(e campaigns.Expire) bool { return e.Campaign != s.ID })
}

func (s *shop) order(backer string, units int64) campaigns.Order {
	s.t.Helper()
	return s.do(s.wish(backer, units)).Order
}

// attempt prepares a payment of an order, which a provider then captures.
func (s *shop) attempt(o campaigns.Order) campaigns.Payment {
	s.t.Helper()
	p := campaigns.Payment{
		ID: id.New("pat"), OrderID: o.ID, Campaign: s.ID, Backer: o.Backer, Provider: "simulator", Amount: o.Amount(), Currency: o.Currency,
		State: campaigns.PaymentCreated, CreatedAt: s.at, ChangedAt: s.at,
	}
	p.ProviderRef = "order_" + p.ID
	must(s.t, s.store.CreatePayment(ctx, p))
	return p
}

func capture(p campaigns.Payment, amount int64) *campaigns.Capture {
	return &campaigns.Capture{
		Campaign: p.Campaign, OrderID: p.OrderID, Payment: p.ID, Provider: p.Provider, SpareID: id.New("pat"), RefundID: id.New("rfd"),
		Captured: campaigns.ProviderPayment{Ref: "pay_" + p.ID, Amount: amount, Currency: "INR", Method: campaigns.MethodUPI, State: campaigns.PaymentCaptured},
	}
}

// pay pays an order.
func (s *shop) pay(o campaigns.Order) campaigns.Answer {
	s.t.Helper()
	return s.do(capture(s.attempt(o), o.Amount()))
}

func (s *shop) cancel(o campaigns.Order, units int64) *campaigns.Cancel {
	return &campaigns.Cancel{
		ID: id.New("can"), Campaign: s.ID, OrderID: o.ID, Backer: o.Backer, Units: units, Cause: campaigns.CauseBacker,
		Reason: "changed my mind", RefundID: id.New("rfd"),
	}
}

// moved brings a refund to a state.
func (s *shop) moved(r campaigns.Refund, from, to campaigns.RefundState) *campaigns.MoveRefund {
	return &campaigns.MoveRefund{Campaign: s.ID, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, From: from, To: to}
}

// processed sends a refund and has it processed.
func (s *shop) processed(r campaigns.Refund) campaigns.Answer {
	s.t.Helper()
	s.do(s.moved(r, campaigns.RefundQueued, campaigns.RefundSent))
	return s.do(s.moved(r, campaigns.RefundSent, campaigns.RefundProcessed))
}

// counts wants these figures of the counter: "reserved paid cancelled backers waiting".
func (s *shop) counts(want string) {
	s.t.Helper()
	c := get(s.store.Counter(ctx, s.ID))(s.t)
	same(s.t, fmt.Sprint(c.Reserved, c.Paid, c.Cancelled, c.Backers, c.Waiting), want)
}

// balance wants an amount on an account.
func (s *shop) balance(a campaigns.Account, want int64) {
	s.t.Helper()
	var amount int64
	for _, b := range get(s.store.Balances(ctx, s.ID))(s.t) {
		if b.Account == a {
			amount = b.Amount()
		}
	}
	if amount != want {
		s.t.Fatalf("balance of %s is %d, want %d", a, amount, want)
	}
}

func (s *shop) state(o campaigns.Order, want campaigns.OrderState) {
	s.t.Helper()
	same(s.t, get(s.store.Order(ctx, o.ID))(s.t).State, want)
}
