package simulator_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// How a payment with each instrument goes: its state at once, the events, and the
// states of order and payment a day later.
func TestEveryInstrumentDoesWhatItsLabelSays(t *testing.T) {
	const taken = "payment.pending payment.authorized payment.captured order.paid"
	for _, tc := range []struct {
		method            campaigns.PaymentMethod
		instrument        string
		first             campaigns.PaymentState
		events            string
		order             campaigns.ProviderOrderState
		last              campaigns.PaymentState
		amount            int64
		from, till        time.Duration // when it came into its last state, after the payment began
		neverAsksTheBuyer bool
	}{
		{"upi", "success@test", "captured", taken, "paid", "captured", 149900, 0, 0, true},
		{"upi", "declined@test", "failed", "payment.pending payment.failed order.expired", "expired", "failed", 149900, 0, 0, true},
		{"upi", "slow@test", "pending", taken, "paid", "captured", 149900, 15 * time.Second, 15 * time.Second, true},
		{"upi", "late@test", "pending", "payment.pending payment.failed payment.captured order.paid", "paid", "captured", 149900, 65 * time.Second, 65 * time.Second, true},
		{"upi", "expiry@test", "pending", "payment.pending order.expired payment.authorized payment.captured order.paid", "paid", "captured", 149900, 15 * time.Minute, 15 * time.Minute, true},
		{"upi", "afterwards@test", "failed", "payment.pending payment.failed order.expired payment.captured order.paid", "paid", "captured", 149900, 20 * time.Minute, 20 * time.Minute, true},
		{"upi", "short@test", "captured", taken, "paid", "captured", 149800, 0, 0, true},
		{"upi", "app@test", "pending", "payment.pending order.expired", "expired", "pending", 149900, 0, 0, false},
		{"card", "4111111111111111", "captured", taken, "paid", "captured", 149900, 0, 0, true},
		{"card", "4000000000003220", "pending", "payment.pending order.expired", "expired", "pending", 149900, 0, 0, false},
		{"card", "4000000000000002", "failed", "payment.pending payment.failed order.expired", "expired", "failed", 149900, 0, 0, true},
		{"netbanking", "patience", "pending", taken, "paid", "captured", 149900, 20 * time.Second, 20 * time.Second, true},
		{"wallet", "empty", "failed", "payment.pending payment.failed order.expired", "expired", "failed", 149900, 0, 0, true},
		{"paylater", "trusting", "captured", taken, "paid", "captured", 149900, 0, 0, true},
		{"paylater", "strict", "failed", "payment.pending payment.failed order.expired", "expired", "failed", 149900, 0, 0, true},
	} {
		t.Run(string(tc.method)+" "+tc.instrument, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := open(t, simulator.Options{})
				defer p.Close()
				m := listen(p)
				o := create(t, p, "k")
				pay, err := p.Pay(t.Context(), o.Ref, "a", tc.method, tc.instrument)
				if err != nil {
					t.Fatal(err)
				}
				if pay.State != tc.first {
					t.Errorf("at once: %s, want %s", pay.State, tc.first)
				}
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				o = fetch(t, p, o.Ref)
				last := o.Payments[0]
				if o.State != tc.order || last.State != tc.last || last.Amount != tc.amount {
					t.Errorf("a day later: order %s, payment %s of %d; want %s, %s of %d", o.State, last.State, last.Amount, tc.order, tc.last, tc.amount)
				}
				if took := last.ChangedAt.Sub(last.CreatedAt); took < tc.from || took > tc.till {
					t.Errorf("it took %v, want %v to %v", took, tc.from, tc.till)
				}
				if got, refused := m.names(); got != tc.events || refused != 0 {
					t.Errorf("events %q (%d refused)\nwant   %q", got, refused, tc.events)
				}
				for i := 1; i < len(m.events); i++ {
					if a, b := m.events[i-1].Payment, m.events[i].Payment; a != nil && b != nil && a.State != b.State && !a.State.CanBecome(b.State) {
						t.Errorf("event %d: %s → %s is no way that a payment goes", i, a.State, b.State)
					}
				}
			})
		})
	}
}

func TestAnOrderIsPaidOnceHoweverManyPaymentsSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, simulator.Options{})
		defer p.Close()
		o := create(t, p, "k")
		for i, instrument := range []string{"slow@test", "late@test", "success@test"} {
			if _, err := p.Pay(t.Context(), o.Ref, key("a%d", i), campaigns.MethodUPI, instrument); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		o = fetch(t, p, o.Ref)
		if got := states(o); got != "failed failed captured" {
			t.Errorf("payments %s, want the quickest captured and the others given back", got)
		}
		if b := p.Balance(); b.Pending != o.Amount {
			t.Errorf("balance %+v, want one payment of %d", b, o.Amount)
		}
	})
}

func TestAClosedOrderTakesNoNewPaymentButOneUnderWayMayStillCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, simulator.Options{})
		defer p.Close()
		m := listen(p)
		o := create(t, p, "k")
		if _, err := p.Pay(t.Context(), o.Ref, "a", campaigns.MethodUPI, "slow@test"); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a second time changes nothing
			closed, err := p.Client().CloseOrder(t.Context(), o.Ref)
			if err != nil || closed.State != campaigns.ProviderOrderExpired || closed.PayPage.URL != "" {
				t.Fatalf("closed: %+v, %v; want it expired, without a pay page", closed, err)
			}
		}
		if _, err := p.Pay(t.Context(), o.Ref, "b", campaigns.MethodUPI, "success@test"); !errors.Is(err, campaigns.ErrRefused) {
			t.Errorf("a new payment: %v, want ErrRefused", err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if o = fetch(t, p, o.Ref); states(o) != "captured" || o.State != campaigns.ProviderOrderPaid {
			t.Errorf("order %s, payments %s; want the one under way captured", o.State, states(o))
		}
		if got, _ := m.names(); got != "payment.pending order.expired payment.authorized payment.captured order.paid" {
			t.Errorf("events %q", got)
		}
		closed, err := p.Client().CloseOrder(t.Context(), o.Ref)
		if err != nil || closed.State != campaigns.ProviderOrderPaid {
			t.Errorf("closing a paid order: %s, %v; want it paid", closed.State, err)
		}
	})
}

func TestOrdersThatMakeNoSenseAreRefusedWithTheRule(t *testing.T) {
	p := open(t, simulator.Options{})
	for name, change := range map[string]func(o *campaigns.NewProviderOrder){
		"no amount":             func(o *campaigns.NewProviderOrder) { o.Amount = 0 },
		"a negative amount":     func(o *campaigns.NewProviderOrder) { o.Amount = -149900 },
		"more than a crore":     func(o *campaigns.NewProviderOrder) { o.Amount = 1_00_00_000_01 },
		"no currency":           func(o *campaigns.NewProviderOrder) { o.Currency = "" },
		"a currency's symbol":   func(o *campaigns.NewProviderOrder) { o.Currency = "₹" },
		"a pay window that was": func(o *campaigns.NewProviderOrder) { o.ExpiresAt = p.Time().Add(-time.Second) },
		"a window of a month":   func(o *campaigns.NewProviderOrder) { o.ExpiresAt = p.Time().AddDate(0, 1, 0) },
		"no way back":           func(o *campaigns.NewProviderOrder) { o.ReturnURL = "" },
		"a way back by script":  func(o *campaigns.NewProviderOrder) { o.ReturnURL = "javascript:alert(1)" },
		"no key":                func(o *campaigns.NewProviderOrder) { o.Key = "" },
		"a key of other signs":  func(o *campaigns.NewProviderOrder) { o.Key = "a b" },
		"no order of ours":      func(o *campaigns.NewProviderOrder) { o.OrderID = "" },
	} {
		o := newOrder(p, "k")
		change(&o)
		var refused *campaigns.RefusedError
		if _, err := p.Client().CreateOrder(t.Context(), o); !errors.As(err, &refused) || refused.Code != "invalid_request" || refused.Reason == "" {
			t.Errorf("%s: %v, want it refused as invalid_request with a reason", name, err)
		}
	}
}
