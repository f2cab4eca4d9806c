package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/registry"
)

var paymentCases = []conformanceCase{
	{"an order is paid on the provider's page, whoever tells first and how often", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.order("ann", 2)
		first, again := s.open(o), s.open(o)
		same(t, again.Page, first.Page)
		same(t, again.Payment.ID, first.Payment.ID)
		s.with(s.named(first), campaigns.MethodUPI, "success@test")
		events := s.events()
		slices.Reverse(events)
		for _, e := range append(events, events...) {
			must(t, s.take(e))
		}
		s.state(o, campaigns.OrderReserved) // applied later
		s.work()
		s.state(o, campaigns.OrderPaid)
		same(t, s.pay.Counters.Repeated.Load(), int64(len(events)))
		_, err := s.pay.Pay(ctx, get(s.store.Order(ctx, o.ID))(t))
		wantError(t, err, campaigns.ErrTooLate)
		s.agrees()
		s.counts("0 2 0 1 0")
	}},
	{"the way back from the page finds out by itself", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.order("ann", 1)
		p := s.named(s.open(o))
		s.with(p, campaigns.MethodUPI, "success@test")
		_, err := s.pay.Returned(ctx, o.ID, map[string][]string{"psp_order": {p.ProviderRef}, "psp_signature": {"forged"}})
		wantError(t, err, campaigns.ErrBadSignature)
		s.state(o, campaigns.OrderReserved)
		s.pass(campaigns.PayWindow) // nobody told anything
		must(t, s.pay.EndPayWindows(ctx, s.now()))
		s.state(o, campaigns.OrderPaid)
		s.events()
		must(t, s.psp.SendAgain(ctx, p.ProviderRef))
		s.deliver() // late, it changes nothing
		s.counts("0 1 0 1 0")
		s.agrees()
	}},
	{"a forged event is counted and not stored", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.order("ann", 1)
		s.with(s.named(s.open(o)), campaigns.MethodUPI, "success@test")
		for _, e := range s.events() {
			wantError(t, s.take(e.forged()), campaigns.ErrBadSignature)
			other := posted{e.header.Clone(), e.body}
			other.header.Del("Psp-Signature")
			wantError(t, s.take(other), campaigns.ErrBadSignature)
		}
		same(t, get(s.pay.WorkInbox(ctx))(t), 0)
		if s.pay.Counters.Forged.Load() == 0 {
			t.Error("forged events were not counted")
		}
		s.state(o, campaigns.OrderReserved)
	}},
	{"an answer that was lost is asked for again, and nothing is paid twice", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10, func(_ *till, opt *simulator.Options) { opt.Faults = simulator.Faults{Lost: 1} })
		o := s.order("ann", 1)
		_, err := s.pay.Pay(ctx, o)
		wantError(t, err, campaigns.ErrUnknown)
		p := s.open(o)
		same(t, len(get(s.pay.Attempts(ctx, o.ID))(t)), 1)
		s.with(s.named(p), campaigns.MethodUPI, "success@test")
		s.deliver()
		s.state(o, campaigns.OrderPaid)
		s.do(s.cancel(o, 0))
		s.send() // lost: it waits
		r := s.refundsOf(o)[0]
		same(t, r.State, campaigns.RefundQueued)
		if r.LastError == "" || !r.WakeAt.After(s.now()) {
			t.Errorf("refund %+v: want why and until when it waits", r)
		}
		s.pass(2 * time.Minute)
		s.send()
		s.deliver()
		s.state(o, campaigns.OrderRefunded)
		s.agrees()
		same(t, s.psp.Balance().Available, int64(0))
	}},
	{"an event that comes before the answer with the provider's name finds its order", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10, func(_ *till, opt *simulator.Options) { opt.Faults = simulator.Faults{Lost: 1} })
		o := s.order("ann", 1)
		_, err := s.pay.Pay(ctx, o)
		wantError(t, err, campaigns.ErrUnknown)
		p := get(s.pay.Attempts(ctx, o.ID))(t)[0]
		made := get(s.psp.Client().CreateOrder(ctx, campaigns.NewProviderOrder{
			Key: p.ID, OrderID: o.ID, Amount: p.Amount, Currency: "INR", Description: "Pure", ExpiresAt: o.PayUntil, ReturnURL: "http://shop.example/orders/" + o.ID,
		}))(t)
		_, err = s.psp.Pay(ctx, made.Ref, "x", campaigns.MethodUPI, "success@test")
		must(t, err)
		s.deliver()
		s.state(o, campaigns.OrderPaid)
		same(t, get(s.store.Payment(ctx, p.ID))(t).ProviderRef, made.Ref)
	}},
	{"a capture after the pay window is taken in while there is stock, else it goes back", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 1)
		o := s.order("ann", 1)
		s.with(s.named(s.open(o)), campaigns.MethodUPI, "afterwards@test")
		s.deliver()
		s.pass(campaigns.PayWindow)
		must(t, s.pay.EndPayWindows(ctx, s.now()))
		s.state(o, campaigns.OrderExpired)
		other := s.bought("bob", 1, "success@test")
		s.pass(10 * time.Minute)
		s.deliver()
		s.state(o, campaigns.OrderExpired)
		flagged := get(s.pay.Flagged(ctx, "", 0))(t)
		if !slices.ContainsFunc(flagged, func(p campaigns.Payment) bool { return p.OrderID == o.ID && p.Outcome == campaigns.CaptureOrphan }) {
			t.Errorf("flagged: %+v", flagged)
		}
		s.send()
		s.deliver()
		same(t, s.refundsOf(o)[0].State, campaigns.RefundProcessed)
		s.state(other, campaigns.OrderPaid)
		s.agrees()
	}},
	{"a bank's late yes that nobody tells of is found", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 5)
		o := s.order("ann", 1)
		s.with(s.named(s.open(o)), campaigns.MethodUPI, "afterwards@test")
		s.pass(campaigns.PayWindow)
		must(t, s.pay.EndPayWindows(ctx, s.now()))
		s.state(o, campaigns.OrderExpired)
		same(t, get(s.pay.Attempts(ctx, o.ID))(t)[0].State, campaigns.PaymentFailed)
		for range 3 {
			s.pass(campaigns.AskAfter)
			_, err := s.pay.Reconcile(ctx, s.now())
			must(t, err)
		}
		s.state(o, campaigns.OrderPaid)
		s.counts("0 1 0 1 0")
		s.agrees()
	}},
	{"an order waits a little for a provider that does not answer, but not for ever", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 1)
		o := s.order("ann", 1)
		s.open(o)
		must(t, s.psp.SetFaults(ctx, simulator.Faults{Broken: 1, Hits: 1 << 30}))
		s.pass(campaigns.PayWindow)
		must(t, s.pay.EndPayWindows(ctx, s.now()))
		s.state(o, campaigns.OrderReserved)
		s.pass(campaigns.AskGrace)
		must(t, s.pay.EndPayWindows(ctx, s.now()))
		s.state(o, campaigns.OrderExpired)
	}},
	{"too little never pays, and is flagged and given back", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.order("ann", 1)
		s.with(s.named(s.open(o)), campaigns.MethodUPI, "short@test")
		s.deliver()
		s.state(o, campaigns.OrderReserved)
		p := get(s.pay.Attempts(ctx, o.ID))(t)[0]
		same(t, p.Outcome, campaigns.CaptureOrphan)
		same(t, p.Flag, "499800 were captured where 499900 were asked for")
		s.send()
		s.deliver()
		same(t, s.refundsOf(o)[0].State, campaigns.RefundProcessed)
		s.agrees()
	}},
	{"another currency is given back outside the books, and flagged", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10, func(s *till, _ *simulator.Options) { s.client = &abroad{till: s} })
		o := s.order("ann", 1)
		s.with(s.named(s.open(o)), campaigns.MethodUPI, "success@test")
		s.deliver()
		s.state(o, campaigns.OrderReserved)
		p := get(s.pay.Attempts(ctx, o.ID))(t)[0]
		if !strings.HasPrefix(p.Flag, "499900 USD were captured where 499900 INR were asked for; given back") {
			t.Errorf("flag %q", p.Flag)
		}
		same(t, s.psp.Balance().Available, int64(0))
		s.deliver()
		s.audit()
		same(t, s.pay.Counters.Stuck.Load(), int64(0))
	}},
	{"a provider whose clock is ahead refuses, and the buyer may try again", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		must(t, s.psp.Advance(ctx, time.Hour))
		o := s.order("ann", 1)
		_, err := s.pay.Pay(ctx, o)
		wantError(t, err, campaigns.ErrRefused)
		same(t, get(s.pay.Attempts(ctx, o.ID))(t)[0].State, campaigns.PaymentFailed)
		s.state(o, campaigns.OrderReserved)
	}},
	{"no database lets more go back than came", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.bought("ann", 2, "success@test")
		p := get(s.pay.Attempts(ctx, o.ID))(t)[0]
		insert := func(amount string) error {
			return db.Write(ctx, "INSERT INTO refund (id, payment_id, order_id, campaign, kind, units, amount, currency, reason, state, provider_ref, bank_ref, attempts, last_error, created_at, changed_at, processed_at) VALUES ('"+
				id.New("rfd")+"', '"+p.ID+"', '"+o.ID+"', '"+s.ID+"', 'partial', 1, "+amount+", 'INR', '', 'queued', '', '', 0, '', 1, 1, 0)")
		}
		if err := insert("999801"); err == nil {
			t.Error("a refund larger than its capture was stored")
		}
		s.do(s.cancel(o, 1))
		if err := insert("499901"); err == nil {
			t.Error("refunds that are together larger than their capture were stored")
		}
		s.refused(s.cancel(o, 2), campaigns.ErrBadOrder)
	}},
}

// abroad is the provider with another currency in all that it tells of payments.
type abroad struct {
	*till
	campaigns.Provider
}

func (a *abroad) there() campaigns.Provider { return a.psp.Client() }
func (a *abroad) Name() string              { return a.there().Name() }

func (a *abroad) CreateOrder(ctx context.Context, o campaigns.NewProviderOrder) (campaigns.ProviderOrder, error) {
	return a.there().CreateOrder(ctx, o)
}

func (a *abroad) Fetch(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	o, err := a.there().Fetch(ctx, ref)
	for i := range o.Payments {
		o.Payments[i].Currency = "USD"
	}
	return o, err
}

func (a *abroad) Refund(ctx context.Context, r campaigns.NewProviderRefund) (campaigns.ProviderRefund, error) {
	r.Currency = "INR"
	return a.there().Refund(ctx, r)
}

func (a *abroad) ParseEvent(headers map[string][]string, body []byte) (campaigns.ProviderEvent, error) {
	e, err := a.there().ParseEvent(headers, body)
	if e.Payment != nil {
		e.Payment.Currency = "USD"
	}
	return e, err
}

var refundCases = []conformanceCase{
	{"a refund that the balance does not cover waits, is seen to wait, and is done", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.bought("ann", 1, "success@test")
		must(t, s.psp.Advance(ctx, 50*time.Hour))
		must(t, s.psp.PayOut(ctx, 0))
		s.do(s.cancel(o, 0))
		s.send()
		r := s.refundsOf(o)[0]
		same(t, r.State, campaigns.RefundQueued)
		progress := get(s.pay.RefundProgress(ctx, s.ID))(t)
		same(t, []any{progress.Refunds, progress.Done, progress.Troubled, progress.Percent()}, []any{int64(1), int64(0), int64(1), "0.0"})
		must(t, s.psp.TopUp(ctx, 499_900))
		s.send()
		same(t, s.refundsOf(o)[0].State, campaigns.RefundQueued) // not before its time
		s.pass(time.Hour)
		s.send()
		s.deliver()
		s.state(o, campaigns.OrderRefunded)
		s.audit()
	}},
	{"what the provider fails is tried anew, and then waits for a person", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10)
		o := s.bought("ann", 1, "norefund@test")
		s.do(s.cancel(o, 0))
		s.send()
		s.deliver()
		r := s.refundsOf(o)[0]
		same(t, []any{r.State, r.Try}, []any{campaigns.RefundQueued, 2})
		if r.Key() == r.ID {
			t.Error("the second try has the key of the first")
		}
		s.pass(time.Hour)
		s.send()
		s.deliver()
		r = s.refundsOf(o)[0]
		same(t, r.State, campaigns.RefundManual)
		if found := get(s.pay.RefundsInState(ctx, campaigns.RefundManual, "", 0))(t); !slices.ContainsFunc(found, func(x campaigns.Refund) bool { return x.ID == r.ID }) {
			t.Errorf("manual refunds: %+v", found)
		}
		today := s.now().Truncate(24 * time.Hour)
		proposal := campaigns.Hand{BankRef: "NEFT 42", PaidAt: today, Reason: "the card is gone"}
		for _, bad := range []campaigns.Hand{
			{PaidAt: today, Reason: "r"},
			{BankRef: strings.Repeat("x", 101), PaidAt: today, Reason: "r"},
			{BankRef: "x", PaidAt: today},
			{BankRef: "x", PaidAt: today.AddDate(0, 0, 3), Reason: "r"},
			{BankRef: "x", PaidAt: today.AddDate(0, 0, -4), Reason: "r"},
			{BankRef: "x", Reason: "r"},
		} {
			_, err := s.pay.ProposeByHand(ctx, "acc_1", r.ID, bad)
			wantError(t, err, campaigns.ErrBadOrder)
		}
		s.do(&campaigns.Post{Transfer: campaigns.SettlementTransfer(s.ID, "simulator", "st_1", 499_900, 0)})
		_, err := s.pay.ConfirmByHand(ctx, "acc_2", r.ID, "hnd_none")
		wantError(t, err, registry.ErrConflict)
		_, err = s.pay.ConfirmByHand(ctx, "acc_2", r.ID, "")
		wantError(t, err, campaigns.ErrBadOrder)

		first := get(s.pay.ProposeByHand(ctx, "acc_1", r.ID, proposal))(t)
		same(t, []any{first.State, first.ByHand, first.Hand.BankRef, first.Hand.ProposedBy}, []any{campaigns.RefundManual, false, "NEFT 42", "acc_1"})
		same(t, s.refundsOf(o)[0].Hand, first.Hand)
		same(t, get(s.pay.ProposeByHand(ctx, "acc_1", r.ID, proposal))(t).Hand, first.Hand) // said twice
		_, err = s.pay.ProposeByHand(ctx, "acc_2", r.ID, proposal)
		wantError(t, err, registry.ErrConflict)
		_, err = s.pay.ConfirmByHand(ctx, "acc_1", r.ID, first.Hand.ID)
		wantError(t, err, certification.ErrForbidden)
		_, err = s.pay.RetryRefund(ctx, "acc_2", r.ID) // the bank may have it already
		wantError(t, err, registry.ErrConflict)
		s.balance(campaigns.AccountBank, 499_900)

		// Withdrawn and proposed anew, what was seen before is stale.
		same(t, get(s.pay.WithdrawByHand(ctx, "acc_2", r.ID, first.Hand.ID))(t).Hand, campaigns.Hand{})
		proposal.BankRef = "NEFT 43"
		again := get(s.pay.ProposeByHand(ctx, "acc_2", r.ID, proposal))(t)
		for _, do := range []func(context.Context, string, string, string) (campaigns.Refund, error){s.pay.ConfirmByHand, s.pay.WithdrawByHand} {
			_, err = do(ctx, "acc_1", r.ID, first.Hand.ID)
			wantError(t, err, registry.ErrConflict)
		}
		r = get(s.pay.ConfirmByHand(ctx, "acc_1", r.ID, again.Hand.ID))(t)
		same(t, []any{r.State, r.ByHand, r.BankRef, r.Hand.ConfirmedBy}, []any{campaigns.RefundProcessed, true, "NEFT 43", "acc_1"})
		same(t, s.refundsOf(o)[0].Hand, r.Hand)
		s.balance(campaigns.AccountBank, 0)
		s.state(o, campaigns.OrderRefunded)
		same(t, get(s.pay.ConfirmByHand(ctx, "acc_1", r.ID, again.Hand.ID))(t).Hand, r.Hand) // said twice
		_, err = s.pay.ConfirmByHand(ctx, "acc_1", r.ID, first.Hand.ID)
		wantError(t, err, registry.ErrConflict)
		_, err = s.pay.ProposeByHand(ctx, "acc_1", r.ID, proposal)
		wantError(t, err, registry.ErrConflict)
		_, err = s.pay.WithdrawByHand(ctx, "acc_1", r.ID, again.Hand.ID)
		wantError(t, err, registry.ErrConflict)
		var told []string
		for _, e := range get(db.Audit().Entries(ctx, audit.Query{Subject: r.ID}))(t) {
			told = append(told, e.Actor+" "+e.Action)
		}
		slices.Sort(told)
		same(t, told, []string{"acc_1 refund.processed", "acc_1 refund.proposed", "acc_2 refund.proposed", "acc_2 refund.withdrawn"})
		// The database holds it too.
		if err := db.Write(ctx, "UPDATE refund SET confirmed_by = proposed_by WHERE id = '"+r.ID+"'"); err == nil {
			t.Error("a refund was proposed and confirmed by one person")
		}
		s.audit()
	}},
	{"of a retry and a proposal that meet, one wins", func(t *testing.T, db *storeDB) {
		for range 8 {
			s := newTill(t, db, 10)
			o := s.bought("ann", 1, "success@test")
			s.do(s.cancel(o, 0))
			r := s.refundsOf(o)[0]
			for _, step := range [][2]campaigns.RefundState{{campaigns.RefundQueued, campaigns.RefundSent}, {campaigns.RefundSent, campaigns.RefundFailed}, {campaigns.RefundFailed, campaigns.RefundManual}} {
				s.do(&campaigns.MoveRefund{Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, From: step[0], To: step[1]})
			}
			errs := together(2, func(i int) error {
				if i == 0 {
					return second(s.pay.RetryRefund(ctx, "acc_1", r.ID))
				}
				return second(s.pay.ProposeByHand(ctx, "acc_2", r.ID, campaigns.Hand{BankRef: "N", PaidAt: s.now(), Reason: "r"}))
			})
			r = s.refundsOf(o)[0]
			switch {
			case errs[0] == nil:
				wantError(t, errs[1], registry.ErrConflict)
				same(t, []any{r.State, r.Hand}, []any{campaigns.RefundQueued, campaigns.Hand{}})
			case errs[1] == nil:
				wantError(t, errs[0], registry.ErrConflict)
				same(t, []any{r.State, r.Hand.ProposedBy}, []any{campaigns.RefundManual, "acc_2"})
			default:
				t.Fatalf("neither won: %v", errs)
			}
		}
	}},
	{"a lost word about a refund is asked for", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 10, func(_ *till, opt *simulator.Options) { opt.ProcessRefund = time.Minute })
		o := s.bought("ann", 1, "success@test")
		s.do(s.cancel(o, 0))
		s.send()
		same(t, s.refundsOf(o)[0].State, campaigns.RefundSent)
		s.pass(campaigns.AskRefundAfter)
		s.events() // lost
		s.send()
		s.state(o, campaigns.OrderRefunded)
		s.agrees()
	}},
	{"what a failed campaign owes is seen before its refunds have begun", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 0)
		s.bought("ann", 2, "success@test")
		b := s.bought("bob", 1, "success@test")
		s.do(s.cancel(b, 1))
		s.send()
		s.deliver()
		s.pass(2 * time.Second)
		p := get(s.pay.RefundProgress(ctx, s.ID))(t)
		same(t, []any{p.Everybody, p.Refunds, p.Percent()}, []any{false, int64(1), "100.0"})
		must(t, db.Write(ctx, "UPDATE campaign SET state = 'failed', decided_at = 1795248000000000 WHERE id = '"+s.ID+"'"))
		s.pass(2 * time.Second)
		p = get(s.pay.RefundProgress(ctx, s.ID))(t)
		same(t, []any{p.Everybody, p.Refunds, p.Amount, p.Done, p.Percent(), p.Reason},
			[]any{true, int64(2), int64(3 * price), int64(1), "33.3", "the campaign did not reach its target"})
	}},
	{"a campaign that failed gives everything back, once, and everybody sees how far it is", func(t *testing.T, db *storeDB) {
		s := newTill(t, db, 0)
		var orders []campaigns.Order
		for _, who := range []string{"ann", "bob", "carol"} {
			orders = append(orders, s.bought(who, 2, "success@test"))
		}
		open := s.order("dan", 1)
		s.do(s.cancel(orders[0], 1))
		_, err := s.store.Campaign(ctx, s.ID)
		must(t, err)
		wantError(t, s.pay.GiveBack(ctx, s.ID), registry.ErrConflict) // it is live
		must(t, db.Write(ctx, "UPDATE campaign SET state = 'failed' WHERE id = '"+s.ID+"'"))
		must(t, s.pay.GiveBack(ctx, s.ID))
		must(t, s.pay.GiveBack(ctx, s.ID))
		s.state(open, campaigns.OrderCancelled)
		p := get(s.pay.RefundProgress(ctx, s.ID))(t)
		same(t, []any{p.Everybody, p.Refunds, p.Amount, p.Done, p.Percent(), p.Reason},
			[]any{true, int64(4), int64(6 * price), int64(0), "0.0", "the campaign did not reach its target"})
		s.send()
		s.pass(2 * time.Second)
		s.deliver()
		p = get(s.pay.RefundProgress(ctx, s.ID))(t)
		same(t, []any{p.Done, p.DoneAmount, p.Percent(), p.Oldest.IsZero()}, []any{int64(4), int64(6 * price), "100.0", true})
		for _, o := range orders {
			s.state(o, campaigns.OrderRefunded)
		}
		same(t, s.psp.Balance().Available, int64(0))
		s.agrees()
	}},
}
