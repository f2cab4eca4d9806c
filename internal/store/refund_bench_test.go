package store_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// swift is a provider that takes no time: what is measured beside it is ours.
type swift struct{ campaigns.Provider }

func (swift) Name() string { return "simulator" }

func (swift) Refund(_ context.Context, r campaigns.NewProviderRefund) (campaigns.ProviderRefund, error) {
	return campaigns.ProviderRefund{Ref: "ref_" + r.Key, Key: r.Key, PaymentRef: r.PaymentRef, Amount: r.Amount, Currency: r.Currency, State: campaigns.RefundProcessed, BankRef: "1"}, nil
}

// A failed campaign gives everything back: 2,000 orders here, PROOFMARK_TEST_REFUNDS
// makes it a figure. The time is logged, not judged, without the provider's own.
func TestManyBackersGetTheirMoneyBack(t *testing.T) {
	n := 2000
	if many, err := strconv.Atoi(os.Getenv("PROOFMARK_TEST_REFUNDS")); err == nil {
		n = many
	}
	eachEngine(t, func(t *testing.T, db *storeDB) {
		s := newShop(t, db, 0)
		s.lazy = true
		const batch = 1000
		for first := 0; first < n; first += batch {
			var reserve, take []campaigns.Op
			for i := first; i < min(first+batch, n); i++ {
				reserve = append(reserve, s.wish(fmt.Sprint("b", i), 1))
			}
			for _, a := range s.apply(reserve...) {
				must(t, a.Err)
				take = append(take, capture(s.attempt(a.Order), price))
			}
			for _, a := range s.apply(take...) {
				must(t, a.Err)
			}
		}
		must(t, db.Write(ctx, "UPDATE campaign SET state = 'failed' WHERE id = '"+s.ID+"'"))
		book := campaigns.NewBook(campaigns.Options{Store: db.Campaigns()})
		defer func() { must(t, book.Stop(ctx)) }()
		pay := campaigns.NewPayments(campaigns.PaymentsOptions{Store: db.Payments(), Book: book, Providers: []campaigns.Provider{swift{}}})
		began := time.Now()
		must(t, pay.GiveBack(ctx, s.ID))
		queued := time.Since(began)
		for more := 1; more > 0; {
			more = get(pay.SendRefunds(ctx))(t)
		}
		all := time.Since(began)
		p := get(pay.RefundProgress(ctx, s.ID))(t)
		same(t, []any{p.Done, p.Amount, p.Percent()}, []any{int64(n), int64(n) * price, "100.0"})
		s.audit()
		t.Logf("%d orders cancelled and their refunds queued in %v, processed in %v: %.0f/s in all", n, queued, all-queued, float64(n)/all.Seconds())
	})
}
