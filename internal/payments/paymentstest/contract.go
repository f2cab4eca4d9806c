// Package paymentstest is the contract of a campaigns.Provider: what the payments
// of a campaign rely on, whoever the provider is. Each provider's tests run it
// against whatever stands for the provider there.
package paymentstest

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// Harness is a provider under test and a hand at its other side.
type Harness struct {
	Provider campaigns.Provider
	// Unreachable is the same provider where nobody answers.
	Unreachable campaigns.Provider
	// Pay pays an order as a buyer would. Nil: what stands for the provider keeps no
	// state, and only what needs none is tested.
	Pay func(t *testing.T, orderRef string)
	// Event is a genuine event as it arrives.
	Event func(t *testing.T) (headers map[string][]string, body []byte)
	// ExpiresAt is the end of the pay windows; 15 minutes from now when zero.
	ExpiresAt time.Time
}

// Run checks the contract.
func Run(t *testing.T, h Harness) {
	if h.ExpiresAt.IsZero() {
		h.ExpiresAt = time.Now().Add(15 * time.Minute).Truncate(time.Second)
	}
	t.Run("who it is", h.identity)
	t.Run("nobody answers", h.unreachable)
	t.Run("events", h.events)
	if h.Pay == nil {
		return
	}
	t.Run("orders", h.orders)
	t.Run("refunds", h.refunds)
}

func (h Harness) newOrder(key string) campaigns.NewProviderOrder {
	return campaigns.NewProviderOrder{
		Key: key, OrderID: "ord_" + key, Amount: 149900, Currency: "INR", Description: "Purifier, first batch",
		Customer:  campaigns.Customer{Name: "A Backer", Email: "backer@example.org", Phone: "+919876543210"},
		ExpiresAt: h.ExpiresAt, ReturnURL: "https://shop.example/return?order=" + key,
	}
}

func (h Harness) identity(t *testing.T) {
	if h.Provider.Name() == "" || len(h.Provider.Methods()) == 0 {
		t.Errorf("name %q, methods %v: want both", h.Provider.Name(), h.Provider.Methods())
	}
	first := h.Provider.Methods()
	first[0] = "changed"
	if h.Provider.Methods()[0] == "changed" {
		t.Error("Methods hands out its own list")
	}
}

// unreachable: whoever does not answer has perhaps done it.
func (h Harness) unreachable(t *testing.T) {
	ctx, p := t.Context(), h.Unreachable
	for name, call := range map[string]func(ctx context.Context) error{
		"CreateOrder": func(ctx context.Context) error {
			_, err := p.CreateOrder(ctx, h.newOrder("pat_unreachable"))
			return err
		},
		"Fetch":      func(ctx context.Context) error { _, err := p.Fetch(ctx, "order_1"); return err },
		"CloseOrder": func(ctx context.Context) error { _, err := p.CloseOrder(ctx, "order_1"); return err },
		"Refund": func(ctx context.Context) error {
			_, err := p.Refund(ctx, campaigns.NewProviderRefund{Key: "rfd_unreachable", PaymentRef: "pay_1", Amount: 100, Currency: "INR"})
			return err
		},
		"FetchRefund": func(ctx context.Context) error {
			_, err := p.FetchRefund(ctx, campaigns.RefundQuery{PaymentRef: "pay_1", Key: "rfd_unreachable"})
			return err
		},
	} {
		if err := call(ctx); !errors.Is(err, campaigns.ErrUnknown) || errors.Is(err, campaigns.ErrNotAtProvider) || errors.Is(err, campaigns.ErrRefused) {
			t.Errorf("%s: %v, want ErrUnknown and nothing else", name, err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := call(ended); !errors.Is(err, campaigns.ErrUnknown) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s, given up by its caller: %v, want ErrUnknown and context.Canceled", name, err)
		}
	}
}

func (h Harness) events(t *testing.T) {
	head, body := h.Event(t)
	e, err := h.Provider.ParseEvent(head, body)
	if err != nil || e.ID == "" || e.Name == "" || e.At.IsZero() || e.Kind == campaigns.EventOther {
		t.Fatalf("a genuine event: %+v, %v", e, err)
	}
	if again, err := h.Provider.ParseEvent(head, body); err != nil || again.ID != e.ID {
		t.Errorf("a repetition: id %q, %v; want %q", again.ID, err, e.ID)
	}
	refused := func(name string, head map[string][]string, body []byte) {
		t.Helper()
		if e, err := h.Provider.ParseEvent(head, body); !errors.Is(err, campaigns.ErrBadSignature) || e != (campaigns.ProviderEvent{}) {
			t.Errorf("%s: %+v, %v; want ErrBadSignature and no event", name, e, err)
		}
	}
	refused("without headers", nil, body)
	refused("a byte more", head, append(append([]byte(nil), body...), '\n'))
	refused("no body", head, nil)
	for name := range head {
		without := maps.Clone(head)
		delete(without, name)
		if _, err := h.Provider.ParseEvent(without, body); err == nil {
			continue // not the header of the signature
		}
		for _, forged := range []string{"", "00", "t=1,v1=00", "\x00", head[name][0][:len(head[name][0])-1]} {
			other := maps.Clone(head)
			other[name] = []string{forged}
			refused(name+": "+forged, other, body)
		}
	}
}

func (h Harness) orders(t *testing.T) {
	ctx, p, n := t.Context(), h.Provider, h.newOrder("pat_orders-1")
	o, err := p.CreateOrder(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	if o.Ref == "" || o.OrderID != n.OrderID || o.Amount != n.Amount || o.Currency != n.Currency || o.State != campaigns.ProviderOrderOpen || o.PayPage.URL == "" || len(o.Payments) != 0 {
		t.Errorf("a new order: %+v", o)
	}
	again, err := p.CreateOrder(ctx, n)
	if err != nil || again.Ref != o.Ref || again.PayPage.URL != o.PayPage.URL || !maps.Equal(again.PayPage.Form, o.PayPage.Form) {
		t.Errorf("the same key again: %+v, %v; want order %s with its page", again, err, o.Ref)
	}
	other := n
	other.Amount++
	if _, err := p.CreateOrder(ctx, other); !errors.Is(err, campaigns.ErrRefused) {
		t.Errorf("the same key for another amount: %v, want ErrRefused", err)
	}
	if second, err := p.CreateOrder(ctx, h.newOrder("pat_orders-2")); err != nil || second.Ref == o.Ref {
		t.Errorf("another key: %s, %v; want another order", second.Ref, err)
	}
	for _, ref := range []string{"", "order_nobody", "../orders", "order_1?x=1"} {
		if _, err := p.Fetch(ctx, ref); !errors.Is(err, campaigns.ErrNotAtProvider) {
			t.Errorf("order %q: %v, want ErrNotAtProvider", ref, err)
		}
	}
	h.Pay(t, o.Ref)
	paid, err := p.Fetch(ctx, o.Ref)
	if err != nil {
		t.Fatal(err)
	}
	pay, captured := paid.Captured()
	if !captured || paid.State != campaigns.ProviderOrderPaid || pay.Ref == "" || pay.OrderRef != o.Ref || pay.OrderID != n.OrderID ||
		pay.Amount != n.Amount || pay.Currency != n.Currency || pay.Method == "" || pay.Hint == "" || pay.CreatedAt.IsZero() || pay.ChangedAt.Before(pay.CreatedAt) {
		t.Errorf("a paid order: %+v", paid)
	}
	if closed, err := p.CloseOrder(ctx, o.Ref); err != nil || closed.State != campaigns.ProviderOrderPaid {
		t.Errorf("closing a paid order: %s, %v; want it paid", closed.State, err)
	}
	if again, err := p.CreateOrder(ctx, n); err != nil || again.Ref != o.Ref || again.State != campaigns.ProviderOrderPaid {
		t.Errorf("the same key after it was paid: %+v, %v", again, err)
	}
}

func (h Harness) refunds(t *testing.T) {
	ctx, p, n := t.Context(), h.Provider, h.newOrder("pat_refunds-1")
	o, err := p.CreateOrder(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	h.Pay(t, o.Ref)
	if o, err = p.Fetch(ctx, o.Ref); err != nil {
		t.Fatal(err)
	}
	pay, _ := o.Captured()
	part := campaigns.NewProviderRefund{Key: "rfd_refunds-1", PaymentRef: pay.Ref, Amount: 100000, Currency: "INR", Reason: "one of two units was cancelled"}
	r, err := p.Refund(ctx, part)
	if err != nil {
		t.Fatal(err)
	}
	if r.Ref == "" || r.Key != part.Key || r.PaymentRef != pay.Ref || r.Amount != part.Amount || r.Currency != "INR" || r.State == "" || r.CreatedAt.IsZero() {
		t.Errorf("a refund: %+v", r)
	}
	again, err := p.Refund(ctx, part)
	if err != nil || again.Ref != r.Ref {
		t.Errorf("the same key again: %+v, %v; want refund %s", again, err, r.Ref)
	}
	other := part
	other.Amount = 99
	if _, err := p.Refund(ctx, other); !errors.Is(err, campaigns.ErrRefused) {
		t.Errorf("the same key for another amount: %v, want ErrRefused", err)
	}
	over := part
	over.Key, over.Amount = "rfd_refunds-2", 49901
	if _, err := p.Refund(ctx, over); !errors.Is(err, campaigns.ErrRefused) {
		t.Errorf("more than is left: %v, want ErrRefused", err)
	}
	for _, q := range []campaigns.RefundQuery{{Ref: r.Ref}, {PaymentRef: pay.Ref, Key: part.Key}} {
		if found, err := p.FetchRefund(ctx, q); err != nil || found.Ref != r.Ref || found.Amount != r.Amount || found.Key != part.Key {
			t.Errorf("%+v: %+v, %v; want refund %s", q, found, err, r.Ref)
		}
	}
	for _, q := range []campaigns.RefundQuery{{}, {Ref: "rfnd_nobody"}, {PaymentRef: pay.Ref, Key: over.Key}, {PaymentRef: pay.Ref}} {
		if _, err := p.FetchRefund(ctx, q); !errors.Is(err, campaigns.ErrNotAtProvider) {
			t.Errorf("%+v: %v, want ErrNotAtProvider", q, err)
		}
	}
	nobody := part
	nobody.Key, nobody.PaymentRef = "rfd_refunds-3", "pay_nobody"
	if _, err := p.Refund(ctx, nobody); !errors.Is(err, campaigns.ErrNotAtProvider) {
		t.Errorf("a payment of nobody: %v, want ErrNotAtProvider", err)
	}
}
