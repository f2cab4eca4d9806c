package simulator_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// open opens a PSP in a new file, or in the one that opt names.
func open(t testing.TB, opt simulator.Options) *simulator.PSP {
	t.Helper()
	if opt.File == "" {
		opt.File = filepath.Join(t.TempDir(), "psp.db")
	}
	p, err := simulator.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() }) // a test may have closed it
	return p
}

// newOrder is an order of 1,499 rupees, to be paid within 15 minutes.
func newOrder(p *simulator.PSP, key string) campaigns.NewProviderOrder {
	return campaigns.NewProviderOrder{
		Key: key, OrderID: "ord_" + key, Amount: 149900, Currency: "INR", Description: "Purifier, first batch",
		Customer:  campaigns.Customer{Name: "A Backer", Email: "backer@example.org"},
		ExpiresAt: p.Time().Add(15 * time.Minute), ReturnURL: "http://shop.example/return?order=" + key,
	}
}

func create(t testing.TB, p *simulator.PSP, key string) campaigns.ProviderOrder {
	t.Helper()
	o, err := p.Client().CreateOrder(t.Context(), newOrder(p, key))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// paid is an order that was paid with an instrument.
func paid(t testing.TB, p *simulator.PSP, key string, m campaigns.PaymentMethod, instrument string) campaigns.ProviderOrder {
	t.Helper()
	o := create(t, p, key)
	if _, err := p.Pay(t.Context(), o.Ref, key, m, instrument); err != nil {
		t.Fatal(err)
	}
	return fetch(t, p, o.Ref)
}

func fetch(t testing.TB, p *simulator.PSP, ref string) campaigns.ProviderOrder {
	t.Helper()
	o, err := p.Client().Fetch(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func refundOf(key string, o campaigns.ProviderOrder) campaigns.NewProviderRefund {
	return campaigns.NewProviderRefund{Key: key, PaymentRef: o.Payments[0].Ref, Amount: o.Amount, Currency: o.Currency, Reason: "the goal was missed"}
}

// merchant takes events as a merchant does: what verifies is kept, what does not
// is counted.
type merchant struct {
	client *simulator.Client

	mu      sync.Mutex
	events  []campaigns.ProviderEvent
	refused int
	status  int           // what it answers to an event that verifies; 204
	heard   chan struct{} // one for each event that verified
}

// listen makes p post its events to a merchant, without a socket.
func listen(p *simulator.PSP) *merchant {
	m := &merchant{client: p.Client(), heard: make(chan struct{}, 1<<20)}
	p.SetWebhook("http://merchant.example/events", &http.Client{Transport: simulator.InProcess(m), Timeout: 10 * time.Second})
	return m
}

func (m *merchant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e, err := m.client.ParseEvent(r.Header, body)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.refused++
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if m.status != 0 {
		w.WriteHeader(m.status)
		return
	}
	m.events = append(m.events, e)
	m.heard <- struct{}{}
	w.WriteHeader(http.StatusNoContent)
}

func (m *merchant) answer(status int) {
	m.mu.Lock()
	m.status = status
	m.mu.Unlock()
}

// names are the names of the events that it took, and how many it refused.
func (m *merchant) names() (names string, refused int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]string, len(m.events))
	for i, e := range m.events {
		all[i] = e.Name
	}
	return strings.Join(all, " "), m.refused
}

// states are an order's payments as "captured", "failed captured".
func states(o campaigns.ProviderOrder) string {
	all := make([]string, len(o.Payments))
	for i, p := range o.Payments {
		all[i] = string(p.State)
	}
	return strings.Join(all, " ")
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func logTo(b *syncBuffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func key(format string, args ...any) string { return fmt.Sprintf(format, args...) }
