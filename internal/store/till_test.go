package store_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// till is a shop with a real payment provider, whose events a test delivers as it
// likes. Everybody goes by one clock, which the test moves.
type till struct {
	*shop
	psp    *simulator.PSP
	client campaigns.Provider // what the shop sees of it
	pay    *campaigns.Payments
	book   *campaigns.Book
	ahead  atomic.Int64 // of now

	mu     sync.Mutex
	posted []posted
	heard  chan struct{}
}

// posted is an event as it was sent.
type posted struct {
	header http.Header
	body   []byte
}

func newTill(t testing.TB, db *storeDB, stock int64, change ...func(*till, *simulator.Options)) *till {
	t.Helper()
	s, end := openTill(t, db, stock, change...)
	t.Cleanup(end)
	return s
}

// openTill is for tests that make many: end ends what it started.
func openTill(t testing.TB, db *storeDB, stock int64, change ...func(*till, *simulator.Options)) (s *till, end func()) {
	t.Helper()
	s = &till{shop: newShop(t, db, stock), heard: make(chan struct{}, 1)}
	s.lazy = true
	opt := simulator.Options{File: filepath.Join(t.TempDir(), "psp"+s.ID+".db"), Now: s.now, ProcessRefund: -1}
	for _, f := range change {
		f(s, &opt)
	}
	var err error
	s.psp, err = simulator.Open(opt)
	must(t, err)
	s.psp.SetWebhook("http://shop.example/events", &http.Client{Transport: simulator.InProcess(s)})
	if s.client == nil {
		s.client = s.psp.Client()
	}
	s.book = campaigns.NewBook(campaigns.Options{Store: db.Campaigns(), Now: s.now})
	s.pay = campaigns.NewPayments(campaigns.PaymentsOptions{
		Store: db.Payments(), Book: s.book, Providers: []campaigns.Provider{s.client}, Now: s.now,
		ReturnURL: func(order string) string { return "http://shop.example/orders/" + order },
	})
	return s, func() {
		_ = s.book.Stop(context.Background())
		_ = s.psp.Close()
	}
}

func (s *till) now() time.Time { return now.Add(time.Duration(s.ahead.Load())) }

// pass moves everybody's clock.
func (s *till) pass(d time.Duration) {
	s.ahead.Add(int64(d))
	s.at = s.now()
	s.psp.Balance() // it does what was planned until then
}

// ServeHTTP keeps the provider's events until the test delivers them.
func (s *till) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.posted = append(s.posted, posted{r.Header.Clone(), body})
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	select {
	case s.heard <- struct{}{}:
	default:
	}
}

// events waits until the provider has sent all that it has to send, and takes it.
func (s *till) events() []posted {
	s.t.Helper()
	for s.psp.Waiting() > 0 {
		select {
		case <-s.heard:
		case <-time.After(time.Millisecond): // the last one was heard, and is not yet taken off its list
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.posted
	s.posted = nil
	return events
}

func (s *till) take(e posted) error {
	return s.pay.Take(ctx, "simulator", e.header, e.body)
}

// deliver takes all events in, and applies them.
func (s *till) deliver() {
	s.t.Helper()
	for _, e := range s.events() {
		must(s.t, s.take(e))
	}
	s.work()
}

// work applies what is in the inbox.
func (s *till) work() {
	s.t.Helper()
	s.toRest("the inbox", s.pay.WorkInbox)
}

// send does what is due about refunds, also what comes due by it.
func (s *till) send() {
	s.t.Helper()
	s.toRest("refunds", s.pay.SendRefunds)
}

// toRest works until there is nothing left to do, which has to come soon: time
// stands still.
func (s *till) toRest(what string, work func(context.Context) (int, error)) {
	s.t.Helper()
	for range 1000 {
		if get(work(ctx))(s.t) == 0 {
			return
		}
	}
	s.t.Fatalf("%s: there is more to do after 1,000 rounds at one and the same time", what)
}

// open opens the pay page of an order.
func (s *till) open(o campaigns.Order) campaigns.Paying {
	s.t.Helper()
	return get(s.pay.Pay(ctx, o))(s.t)
}

// with pays an attempt at the provider by a test instrument.
func (s *till) with(p campaigns.Payment, method campaigns.PaymentMethod, instrument string) {
	s.t.Helper()
	_, err := s.psp.Pay(ctx, p.ProviderRef, p.ID+instrument, method, instrument)
	must(s.t, err)
}

// bought is an order that was paid and told of.
func (s *till) bought(backer string, units int64, instrument string) campaigns.Order {
	s.t.Helper()
	o := s.order(backer, units)
	s.with(s.named(s.open(o)), campaigns.MethodUPI, instrument)
	s.deliver()
	o = get(s.store.Order(ctx, o.ID))(s.t)
	same(s.t, o.State, campaigns.OrderPaid)
	return o
}

// named is the attempt with the provider's name of it.
func (s *till) named(p campaigns.Paying) campaigns.Payment {
	s.t.Helper()
	return get(s.store.Payment(ctx, p.Payment.ID))(s.t)
}

func (s *till) refundsOf(o campaigns.Order) []campaigns.Refund {
	s.t.Helper()
	return get(s.pay.RefundsOfOrder(ctx, o.ID))(s.t)
}

// forged is an event with another amount and somebody else's signature.
func (e posted) forged() posted {
	return posted{e.header, bytes.ReplaceAll(e.body, []byte(`"amount":`), []byte(`"amount":9`))}
}

// agrees holds the books against the provider's own: what it has of this shop is
// what we think that it has.
func (s *till) agrees() {
	s.t.Helper()
	s.audit()
	b := s.psp.Balance()
	s.balance(campaigns.AccountProvider("simulator"), b.Pending+b.Settled)
}
