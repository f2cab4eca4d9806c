package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/registry"
)

// TestMoneyIsNeverLostOrTakenTwice lets buyers, a payment provider, its network,
// operators, time and kills do anything in any order. When all that is due has been
// done, each backer has what he paid for or his money, once, by the provider's own
// word.
func TestMoneyIsNeverLostOrTakenTwice(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		seen := map[string]int{}
		rapid.Check(t, few(30, func(rt *rapid.T) {
			m, end := newPaymentModel(t, db, rapid.Int64Range(1, 6).Draw(rt, "stock"))
			defer end()
			acts := m.acts()
			names := slices.Sorted(maps.Keys(acts))
			for range rapid.IntRange(5, 25).Draw(rt, "rounds") {
				for range rapid.IntRange(0, 2).Draw(rt, "purchases") {
					m.purchase(rt)
				}
				acts[rapid.SampledFrom(names).Draw(rt, "act")](rt)
				acts[rapid.SampledFrom(names).Draw(rt, "and")](rt)
			}
			m.audit()
			m.runDry(rt)
			m.settled(rt)
			for what, n := range m.seen {
				seen[what] += n
			}
		}))
		t.Logf("seen: %v", seen)
	})
}

// paymentModel knows what was ordered; what was paid it asks the provider.
type paymentModel struct {
	*till
	fulfilment *campaigns.Fulfilment
	cut        *cutProvider
	orders     []string
	last       string // of a purchase under way
	events     []posted
	attempts   int
	bank       int64 // in the escrow account
	ended      bool  // the campaign
	seen       map[string]int
}

func newPaymentModel(t *testing.T, db *storeDB, stock int64) (*paymentModel, func()) {
	m := &paymentModel{seen: map[string]int{}}
	// A sequence that failed before leaves work that is due, of a provider that is gone.
	for _, left := range []string{"UPDATE payment SET ask_at = 0", "UPDATE refund SET wake_at = 0", "UPDATE payment_event SET wake_at = 0"} {
		must(t, db.Write(ctx, left))
	}
	var end func()
	m.till, end = openTill(t, db, stock, func(s *till, opt *simulator.Options) {
		m.cut = &cutProvider{psp: func() campaigns.Provider { return s.psp.Client() }}
		s.client, opt.ProcessRefund = m.cut, time.Minute
	})
	m.fulfilment = campaigns.NewFulfilment(campaigns.FulfilmentOptions{Store: db.Fulfilment(), Book: m.book, Now: m.now})
	return m, end
}

// cutProvider ends the context of a call right after the provider has done it: the
// kill between what was done and what is kept of it.
type cutProvider struct {
	psp func() campaigns.Provider
	mu  sync.Mutex
	in  int // calls
	end context.CancelFunc
}

func (c *cutProvider) after(n int, end context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in, c.end = n, end
}

func (c *cutProvider) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in--; c.in == 0 {
		c.end()
	}
}

func (c *cutProvider) Name() string                       { return c.psp().Name() }
func (c *cutProvider) Methods() []campaigns.PaymentMethod { return c.psp().Methods() }

func (c *cutProvider) CreateOrder(ctx context.Context, o campaigns.NewProviderOrder) (campaigns.ProviderOrder, error) {
	defer c.done()
	return c.psp().CreateOrder(ctx, o)
}

func (c *cutProvider) Fetch(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	defer c.done()
	return c.psp().Fetch(ctx, ref)
}

func (c *cutProvider) CloseOrder(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	defer c.done()
	return c.psp().CloseOrder(ctx, ref)
}

func (c *cutProvider) Refund(ctx context.Context, r campaigns.NewProviderRefund) (campaigns.ProviderRefund, error) {
	defer c.done()
	return c.psp().Refund(ctx, r)
}

func (c *cutProvider) FetchRefund(ctx context.Context, q campaigns.RefundQuery) (campaigns.ProviderRefund, error) {
	defer c.done()
	return c.psp().FetchRefund(ctx, q)
}

func (c *cutProvider) ParseEvent(headers map[string][]string, body []byte) (campaigns.ProviderEvent, error) {
	return c.psp().ParseEvent(headers, body)
}

func (c *cutProvider) VerifyReturn(form map[string][]string) (string, error) {
	return c.psp().(campaigns.ReturnVerifier).VerifyReturn(form)
}

// killed does something whose context ends after so many calls of the provider; 0:
// at any moment.
func (m *paymentModel) killed(t *rapid.T, do func(ctx context.Context) error) {
	ending, end := context.WithCancel(ctx)
	defer end()
	if n := rapid.IntRange(0, 3).Draw(t, "killed after calls"); n > 0 {
		m.cut.after(n, end)
		defer m.cut.after(0, nil)
	} else {
		go end()
	}
	m.mayFail(do(ending), context.Canceled, registry.ErrUnavailable)
}

// mayFail wants no other error than those.
func (m *paymentModel) mayFail(err error, may ...error) {
	m.t.Helper()
	if err != nil && !slices.ContainsFunc(may, func(e error) bool { return errors.Is(err, e) }) {
		m.t.Fatalf("error %v; want none, or one of %v", err, may)
	}
}

func (m *paymentModel) acts() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"order": m.buy, "open": m.opens, "pay": m.payIt,
		"cancel": m.cancels, "end": m.end, "come back": m.comeBack, "come back and be told": m.race,
		"hear": m.hear, "hear all": m.hearAll, "repeat": m.repeat, "lose": m.lose, "forge": m.forge, "send again": m.sendAgain,
		"work": func(*rapid.T) { m.work() }, "killed in the inbox": m.killedInInbox, "unsettled": m.unsettled,
		"refund": func(*rapid.T) { m.send() }, "killed in refunds": m.killedInRefunds, "by hand": m.byHands, "change of mind": m.changesMind, "retry": m.retries,
		"time": m.time, "hours": m.hours, "days": m.days, "windows end": m.windows,
		"faults": m.faults, "no faults": func(*rapid.T) { must(m.t, m.psp.SetFaults(ctx, simulator.Faults{})) },
		"pay out": m.payOut, "top up": m.topUp, "allocate": m.allocates,
	}
}

// purchase is what most buyers do, without anything in between.
func (m *paymentModel) purchase(t *rapid.T) {
	m.buy(t)
	if len(m.orders) > 0 {
		m.last = m.orders[len(m.orders)-1]
		defer func() { m.last = "" }()
		m.opens(t)
		m.payIt(t)
	}
}

func (m *paymentModel) buy(t *rapid.T) {
	a, err := m.book.Do(ctx, m.wish(rapid.SampledFrom([]string{"ann", "bob", "carol"}).Draw(t, "backer"), rapid.Int64Range(1, 3).Draw(t, "units")))
	if m.mayFail(err, campaigns.ErrSoldOut, campaigns.ErrNotOpen); err == nil {
		m.orders = append(m.orders, a.Order.ID)
	}
}

// some is one of the orders, as it is.
func (m *paymentModel) some(t *rapid.T) (o campaigns.Order, ok bool) {
	if len(m.orders) == 0 {
		return o, false
	}
	name := m.last
	if name == "" {
		name = rapid.SampledFrom(m.orders).Draw(t, "order")
	}
	return get(m.store.Order(ctx, name))(m.t), true
}

// opens opens a pay page, and now and then is killed before the answer.
func (m *paymentModel) opens(t *rapid.T) {
	o, ok := m.some(t)
	if !ok {
		return
	}
	if rapid.IntRange(0, 4).Draw(t, "killed") == 0 {
		m.killed(t, func(ctx context.Context) error {
			_, err := m.pay.Pay(ctx, o)
			if errors.Is(err, campaigns.ErrUnknown) || errors.Is(err, campaigns.ErrTooLate) || errors.Is(err, campaigns.ErrRefused) {
				return nil
			}
			return err
		})
		return
	}
	_, err := m.pay.Pay(ctx, o)
	m.mayFail(err, campaigns.ErrTooLate, campaigns.ErrUnknown, campaigns.ErrRefused)
}

// instruments are all that need nothing more of the buyer.
var instruments = slices.DeleteFunc(simulator.Instruments(), func(i simulator.Instrument) bool {
	return slices.Contains([]string{"app@test", "4000000000003220", "north", "careful"}, i.ID)
})

// payIt pays one of an order's attempts at the provider, whatever has become of it here.
func (m *paymentModel) payIt(t *rapid.T) {
	o, ok := m.some(t)
	if !ok {
		return
	}
	var refs []string
	for _, a := range get(m.pay.Attempts(ctx, o.ID))(m.t) {
		if a.ProviderRef != "" && !slices.Contains(refs, a.ProviderRef) {
			refs = append(refs, a.ProviderRef)
		}
	}
	if len(refs) == 0 {
		return
	}
	m.attempts++
	with := rapid.SampledFrom(instruments).Draw(t, "instrument")
	_, err := m.psp.Pay(ctx, rapid.SampledFrom(refs).Draw(t, "attempt"), fmt.Sprint("a", m.attempts), with.Method, with.ID)
	m.mayFail(err, campaigns.ErrRefused) // closed, or paid
	if err == nil {
		m.seen[with.ID]++
	}
}

func (m *paymentModel) cancels(t *rapid.T) {
	o, ok := m.some(t)
	if !ok || o.Live() == 0 {
		return
	}
	_, err := m.book.Do(ctx, m.cancel(o, rapid.Int64Range(1, o.Live()).Draw(t, "units")))
	m.mayFail(err, campaigns.ErrTooLate)
}

// end is that of the campaign, with open pay windows: everybody is given back, by a
// job that is killed and begins anew.
func (m *paymentModel) end(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 && !m.ended {
		return
	}
	if !m.ended {
		m.ended = true
		_, err := m.db.Campaigns().ChangeCampaign(ctx, m.ID, m.now, func(c *campaigns.Campaign, _ campaigns.Counter, at time.Time) (*campaigns.Change, error) {
			c.State, c.Reason, c.DecidedAt = campaigns.CampaignCancelled, "its certificate was revoked", at
			return &campaigns.Change{}, nil
		})
		must(m.t, err)
	}
	m.killed(t, func(ctx context.Context) error { return m.pay.GiveBack(ctx, m.ID) })
}

// back is the signed way back from the pay page; nil if nobody can come back.
func (m *paymentModel) back(t *rapid.T) (order string, form url.Values) {
	o, ok := m.some(t)
	if !ok {
		return "", nil
	}
	for _, a := range get(m.pay.Attempts(ctx, o.ID))(m.t) {
		if signed, err := url.Parse(m.psp.ReturnURL(a.ProviderRef)); err == nil && signed.RawQuery != "" {
			return o.ID, signed.Query()
		}
	}
	return "", nil
}

func (m *paymentModel) comeBack(t *rapid.T) {
	order, form := m.back(t)
	if form == nil {
		return
	}
	if rapid.IntRange(0, 5).Draw(t, "forged") == 0 {
		form.Set("psp_signature", "forged")
		_, err := m.pay.Returned(ctx, order, form)
		wantError(m.t, err, campaigns.ErrBadSignature)
		return
	}
	_, err := m.pay.Returned(ctx, order, form)
	m.mayFail(err, campaigns.ErrUnknown)
}

// race has the way back, the provider's events and the reconciler meet.
func (m *paymentModel) race(t *rapid.T) {
	order, form := m.back(t)
	if form == nil {
		return
	}
	m.collect()
	for _, e := range m.events {
		m.takes(e)
	}
	m.events = nil
	var at atomic.Int64
	for _, err := range together(3, func(i int) error {
		at.Add(1)
		switch i {
		case 0:
			_, err := m.pay.Returned(ctx, order, form)
			return err
		case 1:
			_, err := m.pay.WorkInbox(ctx)
			return err
		}
		return m.pay.EndPayWindows(ctx, m.now())
	}) {
		m.mayFail(err, campaigns.ErrUnknown, registry.ErrConflict)
	}
}

// collect takes in what the provider has sent.
func (m *paymentModel) collect() { m.events = append(m.events, m.till.events()...) }

// takes hands an event to the inbox, as the network does. The provider's signature
// ends after five minutes: who is that late is refused, and it counts as lost.
func (m *paymentModel) takes(e posted) {
	m.mayFail(m.take(e), campaigns.ErrBadSignature)
}

func (m *paymentModel) one(t *rapid.T) (e posted, ok bool) {
	m.collect()
	if len(m.events) == 0 {
		return e, false
	}
	i := rapid.IntRange(0, len(m.events)-1).Draw(t, "event")
	e = m.events[i]
	m.events = slices.Delete(m.events, i, i+1)
	return e, true
}

// hear is told one event, out of order; hearAll the rest, the last first.
func (m *paymentModel) hear(t *rapid.T) {
	if e, ok := m.one(t); ok {
		m.takes(e)
	}
}

func (m *paymentModel) hearAll(*rapid.T) {
	m.collect()
	for _, e := range slices.Backward(m.events) {
		m.takes(e)
	}
	m.events = nil
	m.work()
}

func (m *paymentModel) repeat(t *rapid.T) {
	if e, ok := m.one(t); ok {
		m.takes(e)
		m.events = append(m.events, e)
	}
}

func (m *paymentModel) lose(t *rapid.T) { m.one(t) }

func (m *paymentModel) forge(t *rapid.T) {
	if e, ok := m.one(t); ok {
		m.events = append(m.events, e)
		if forged := e.forged(); !bytes.Equal(forged.body, e.body) { // there is an amount in it
			wantError(m.t, m.take(forged), campaigns.ErrBadSignature)
		}
	}
}

func (m *paymentModel) sendAgain(t *rapid.T) {
	if o, ok := m.some(t); ok {
		for _, a := range get(m.pay.Attempts(ctx, o.ID))(m.t) {
			if a.ProviderRef != "" {
				must(m.t, m.psp.SendAgain(ctx, a.ProviderRef))
			}
		}
	}
}

func (m *paymentModel) killedInInbox(t *rapid.T) {
	m.killed(t, func(ctx context.Context) error { _, err := m.pay.WorkInbox(ctx); return err })
}

// unsettled is a kill after what an event says was booked, before the event was
// noted as applied: all of them are applied once more.
func (m *paymentModel) unsettled(*rapid.T) {
	must(m.t, m.db.Write(ctx, "UPDATE payment_event SET state = 'received', wake_at = received_at WHERE state = 'applied' AND body LIKE '%"+m.lastOrder()+"%'"))
}

func (m *paymentModel) lastOrder() string {
	if len(m.orders) == 0 {
		return "none of ours"
	}
	return m.orders[len(m.orders)-1]
}

func (m *paymentModel) killedInRefunds(t *rapid.T) {
	m.killed(t, func(ctx context.Context) error { _, err := m.pay.SendRefunds(ctx); return err })
}

// manual are the refunds that wait for a person.
func (m *paymentModel) manual() []campaigns.Refund {
	all := get(m.pay.RefundsInState(ctx, campaigns.RefundManual, "", 1000))(m.t)
	return slices.DeleteFunc(all, func(r campaigns.Refund) bool { return r.Campaign != m.ID })
}

// byHands pays back by hand what no provider can, if the escrow account holds it.
func (m *paymentModel) byHands(*rapid.T) {
	for _, r := range m.manual() {
		if m.bank < r.Amount {
			continue
		}
		r = m.proposes(r)
		_, err := m.pay.ConfirmByHand(ctx, "acc_operator", r.ID, r.Hand.ID)
		wantError(m.t, err, certification.ErrForbidden)
		must(m.t, second(m.pay.ConfirmByHand(ctx, "acc_other", r.ID, r.Hand.ID)))
		m.bank -= r.Amount
		m.seen["by hand"]++
	}
}

// proposes that a refund is paid by hand, if nobody has yet.
func (m *paymentModel) proposes(r campaigns.Refund) campaigns.Refund {
	if r.Hand.ID != "" {
		return r
	}
	m.seen["proposed"]++
	return get(m.pay.ProposeByHand(ctx, "acc_operator", r.ID, campaigns.Hand{BankRef: "NEFT " + r.ID, PaidAt: m.now(), Reason: "the provider cannot"}))(m.t)
}

// changesMind proposes a payment by hand, or withdraws what was proposed.
func (m *paymentModel) changesMind(*rapid.T) {
	for _, r := range m.manual() {
		if r.Hand.ID == "" {
			m.proposes(r)
			continue
		}
		must(m.t, second(m.pay.WithdrawByHand(ctx, "acc_other", r.ID, r.Hand.ID)))
	}
}

func (m *paymentModel) retries(*rapid.T) {
	for _, r := range m.manual() {
		if r.Hand.ID != "" {
			_, err := m.pay.RetryRefund(ctx, "acc_operator", r.ID)
			wantError(m.t, err, registry.ErrConflict)
			continue
		}
		if _, err := m.pay.RetryRefund(ctx, "acc_operator", r.ID); err != nil {
			wantError(m.t, err, campaigns.ErrBadOrder) // it was tried nine times
		}
		m.seen["retried"]++
	}
}

func (m *paymentModel) time(t *rapid.T) {
	m.pass(time.Duration(rapid.IntRange(1, 300).Draw(t, "seconds")) * time.Second)
}

func (m *paymentModel) hours(t *rapid.T) {
	m.pass(time.Duration(rapid.IntRange(5, 120).Draw(t, "minutes")) * time.Minute)
	m.windows(t)
}

func (m *paymentModel) days(t *rapid.T) {
	m.pass(time.Duration(rapid.IntRange(12, 72).Draw(t, "hours")) * time.Hour)
	m.windows(t)
}

func (m *paymentModel) windows(*rapid.T) { must(m.t, m.pay.EndPayWindows(ctx, m.now())) }

func (m *paymentModel) faults(t *rapid.T) {
	share := rapid.SampledFrom([]float64{0, 0.3, 1})
	must(m.t, m.psp.SetFaults(ctx, simulator.Faults{
		Seed: rapid.Uint64().Draw(t, "seed"), Lost: share.Draw(t, "lost"), Broken: share.Draw(t, "broken"), Hits: rapid.IntRange(1, 4).Draw(t, "hits"),
	}))
}

// payOut empties the provider's balance into the escrow account: what is refunded
// after it has to wait.
func (m *paymentModel) payOut(*rapid.T) {
	if amount := m.psp.Balance().Settled; amount > 0 {
		must(m.t, m.psp.PayOut(ctx, amount))
		must(m.t, m.fulfilment.Settled(ctx, "acc_operator", m.ID, "simulator", id.New("st"), amount, 0))
		m.bank += amount
		m.seen["paid out"]++
	}
}

func (m *paymentModel) topUp(*rapid.T) {
	if m.bank == 0 {
		return
	}
	must(m.t, m.psp.TopUp(ctx, m.bank))
	must(m.t, m.fulfilment.Settled(ctx, "acc_operator", m.ID, "simulator", id.New("tu"), -m.bank, 0))
	m.bank = 0
}

// allocates sets units aside: what is allocated may be cancelled still.
func (m *paymentModel) allocates(t *rapid.T) {
	if o, ok := m.some(t); ok {
		_, err := m.book.Do(ctx, &campaigns.Move{Campaign: m.ID, OrderID: o.ID, From: campaigns.OrderPaid, To: campaigns.OrderAllocated})
		m.mayFail(err, registry.ErrConflict)
	}
}

// runDry lets time pass without any fault until there is nothing left to do.
func (m *paymentModel) runDry(t *rapid.T) {
	must(m.t, m.psp.SetFaults(ctx, simulator.Faults{}))
	for _, d := range []time.Duration{time.Minute, 20 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour, 48 * time.Hour, 48 * time.Hour, 72 * time.Hour, 96 * time.Hour} {
		m.pass(d)
		if m.ended {
			must(m.t, m.pay.GiveBack(ctx, m.ID))
		}
		m.topUp(t)
		m.windows(t)
		m.hearAll(t)
		m.send()
		if d > 24*time.Hour { // all is settled
			m.payOut(t)
			m.byHands(t)
			m.topUp(t)
		}
	}
}
