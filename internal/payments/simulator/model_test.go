package simulator_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// Whatever buyers, merchant, operator and restarts do, in any order: an order is
// captured once, no payment gives back more than it took, and the balance is what
// the payments say.
func TestMoneyAddsUp(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		// The clock stands still but where the test puts it forward.
		began := time.Now()
		opt := simulator.Options{File: filepath.Join(dir, key("%d.db", n)), FeeBasisPoints: 200, Now: func() time.Time { return began }}
		p, err := simulator.Open(opt)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = p.Close() }()
		ctx := t.Context()
		var orders []string
		refunds := make(map[string]string) // ref by key
		var topped int64
		made := 0
		pick := func(t *rapid.T) campaigns.ProviderOrder {
			if len(orders) == 0 {
				t.Skip("no order yet")
			}
			o, err := p.Client().Fetch(ctx, rapid.SampledFrom(orders).Draw(t, "order"))
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		t.Repeat(map[string]func(*rapid.T){
			"order": func(t *rapid.T) {
				made++
				o, err := p.Client().CreateOrder(ctx, newOrder(p, key("k%d", made)))
				if err != nil {
					t.Fatal(err)
				}
				orders = append(orders, o.Ref)
			},
			"pay": func(t *rapid.T) {
				o, in := pick(t), rapid.SampledFrom(simulator.Instruments()).Draw(t, "instrument")
				made++
				_, err := p.Pay(ctx, o.Ref, key("a%d", rapid.IntRange(1, made).Draw(t, "attempt")), in.Method, in.ID)
				if err != nil && !errors.Is(err, campaigns.ErrRefused) {
					t.Fatal(err)
				}
			},
			"wait": func(t *rapid.T) {
				d := rapid.SampledFrom([]time.Duration{time.Second, 14 * time.Second, time.Minute, 15 * time.Minute, 48 * time.Hour}).Draw(t, "for")
				if err := p.Advance(ctx, d); err != nil {
					t.Fatal(err)
				}
			},
			"close": func(t *rapid.T) {
				if _, err := p.Client().CloseOrder(ctx, pick(t).Ref); err != nil {
					t.Fatal(err)
				}
			},
			"refund": func(t *rapid.T) {
				o := pick(t)
				if len(o.Payments) == 0 {
					t.Skip("not paid")
				}
				made++
				k := key("r%d", rapid.IntRange(1, made).Draw(t, "key"))
				r, err := p.Client().Refund(ctx, campaigns.NewProviderRefund{
					Key: k, PaymentRef: rapid.SampledFrom(o.Payments).Draw(t, "payment").Ref, Amount: rapid.Int64Range(1, 160000).Draw(t, "amount"), Currency: "INR",
				})
				if err != nil && !errors.Is(err, campaigns.ErrRefused) && !errors.Is(err, campaigns.ErrInsufficientBalance) {
					t.Fatal(err)
				}
				if err == nil {
					if refunds[k] != "" && refunds[k] != r.Ref {
						t.Fatalf("key %s made %s and %s", k, refunds[k], r.Ref)
					}
					refunds[k] = r.Ref
				}
			},
			"top up": func(t *rapid.T) {
				amount := rapid.Int64Range(1, 100000).Draw(t, "amount")
				topped += amount
				if err := p.TopUp(ctx, amount); err != nil {
					t.Fatal(err)
				}
			},
			"pay out": func(t *rapid.T) {
				if err := p.PayOut(ctx, 0); err != nil {
					t.Fatal(err)
				}
			},
			"restart": func(t *rapid.T) {
				before, balance := seen(t, p, orders), p.Balance()
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
				if p, err = simulator.Open(opt); err != nil {
					t.Fatal(err)
				}
				if after := seen(t, p, orders); !reflect.DeepEqual(before, after) || p.Balance() != balance {
					t.Fatalf("a restart changed\n%+v %+v\nto\n%+v %+v", before, balance, after, p.Balance())
				}
			},
			"": func(t *rapid.T) {
				balance := p.Balance() // catches up
				want := topped - balance.PaidOut
				given := make(map[string]int64)
				for _, ref := range refunds {
					r, err := p.Client().FetchRefund(ctx, campaigns.RefundQuery{Ref: ref})
					if err != nil {
						t.Fatal(err)
					}
					if r.State != campaigns.RefundFailed {
						given[r.PaymentRef] += r.Amount
						want -= r.Amount
					}
				}
				for _, o := range seen(t, p, orders) {
					captured := 0
					for _, pay := range o.Payments {
						took := int64(0)
						if pay.State == campaigns.PaymentCaptured {
							captured++
							took = pay.Amount
							want += pay.Amount - pay.Fee
						}
						if given[pay.Ref] > took {
							t.Fatalf("payment %s took %d and gave back %d", pay.Ref, took, given[pay.Ref])
						}
					}
					if captured > 1 || (captured == 1) != (o.State == campaigns.ProviderOrderPaid) {
						t.Fatalf("order %s is %s with %d captured payments", o.Ref, o.State, captured)
					}
				}
				if balance.Pending+balance.Settled != want || balance.Available != max(want, 0) {
					t.Fatalf("balance %+v, want %d", balance, want)
				}
			},
		})
	})
}

// seen is every order as the merchant sees it.
func seen(t *rapid.T, p *simulator.PSP, refs []string) []campaigns.ProviderOrder {
	orders := make([]campaigns.ProviderOrder, len(refs))
	for i, ref := range refs {
		var err error
		if orders[i], err = p.Client().Fetch(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	return orders
}
