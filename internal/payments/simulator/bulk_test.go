package simulator_test

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// A failed campaign is refunded by thousands at once. The figure is logged, not
// judged (PROOFMARK_TEST_REFUNDS=100000 makes it one); what is judged is that each
// refund is done once and each event arrives.
func TestManyRefundsAtOnce(t *testing.T) {
	n := 2_000
	if many, err := strconv.Atoi(os.Getenv("PROOFMARK_TEST_REFUNDS")); err == nil {
		n = many
	}
	p := open(t, simulator.Options{})
	c := p.Client()
	const workers = 256
	// each calls f for 0 to n-1 from all workers.
	each := func(f func(i int) error) time.Duration {
		t.Helper()
		began := time.Now()
		var next atomic.Int64
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
					if err := f(int(i)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		return time.Since(began)
	}
	payments := make([]string, n)
	paying := each(func(i int) error {
		o, err := c.CreateOrder(t.Context(), newOrder(p, key("k%d", i)))
		if err != nil {
			return err
		}
		pay, err := p.Pay(t.Context(), o.Ref, "a", campaigns.MethodUPI, "success@test")
		payments[i] = pay.ID
		return err
	})
	if t.Failed() {
		return
	}
	refunding := each(func(i int) error {
		_, err := c.Refund(t.Context(), campaigns.NewProviderRefund{Key: key("r%d", i), PaymentRef: payments[i], Amount: 149900, Currency: "INR"})
		return err
	})
	if b := p.Balance(); b.Available != 0 {
		t.Errorf("balance %+v, want nothing left", b)
	}
	m := listen(p)
	began := time.Now()
	for range 5 * n { // pending, authorized, captured, order paid; refund processed
		<-m.heard
	}
	delivering := time.Since(began)
	processed := make(map[string]int)
	for _, e := range m.events {
		if e.Kind == campaigns.EventRefund {
			processed[e.Refund.Key]++
		}
	}
	if len(processed) != n {
		t.Errorf("%d refunds were told of, want %d", len(processed), n)
	}
	rate := func(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
	t.Logf("%d orders made and paid in %v (%.0f/s), refunded in %v (%.0f/s), %d events delivered in %v (%.0f/s)",
		n, paying, rate(n, paying), refunding, rate(n, refunding), 5*n, delivering, rate(5*n, delivering))
}
