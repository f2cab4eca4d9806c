package simulator_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

func TestRefundsAreTakenFromTheBalanceAndRefusedWhenItIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, simulator.Options{RefundSettled: true, FeeBasisPoints: 200})
		defer p.Close()
		c, o := p.Client(), paid(t, p, "k", campaigns.MethodUPI, "success@test")
		fee := o.Amount * 2 / 100
		if o.Payments[0].Fee != fee {
			t.Errorf("fee %d, want %d", o.Payments[0].Fee, fee)
		}
		refund := refundOf("r", o)
		short := func(when string, available int64) {
			t.Helper()
			if _, err := c.Refund(t.Context(), refund); !errors.Is(err, campaigns.ErrInsufficientBalance) {
				t.Fatalf("%s: %v, want ErrInsufficientBalance", when, err)
			}
			if b := p.Balance(); b.Available != available {
				t.Errorf("%s: balance %+v, want %d available", when, b, available)
			}
		}
		short("before the settlement", 0)
		if err := p.Advance(t.Context(), 48*time.Hour-time.Second); err != nil {
			t.Fatal(err)
		}
		short("a second before T+2", 0)
		if err := p.Advance(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		short("settled, less the fee", o.Amount-fee)
		if err := p.PayOut(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		short("after it was paid out", 0)
		if err := p.TopUp(t.Context(), o.Amount); err != nil {
			t.Fatal(err)
		}
		r, err := c.Refund(t.Context(), refund) // the same key: it was not used up
		if err != nil || r.State != campaigns.RefundSent {
			t.Fatalf("after topping up: %+v, %v", r, err)
		}
		if b := p.Balance(); b.Available != 0 || b.Settled != 0 || b.Pending != 0 {
			t.Errorf("at the end %+v, want nothing left", b)
		}
	})
}

func TestARefundIsProcessedOnceAndNeverMoreThanWasCaptured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, simulator.Options{})
		defer p.Close()
		m, c := listen(p), p.Client()
		o := paid(t, p, "k", campaigns.MethodCard, "4111111111111111")
		part := refundOf("r1", o)
		part.Amount = 100000
		first, err := c.Refund(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.Refund(t.Context(), part)
		if err != nil || again != first {
			t.Errorf("the same key again: %+v, %v; want %+v", again, err, first)
		}
		refusal := func(name, code string, r campaigns.NewProviderRefund) {
			t.Helper()
			var refused *campaigns.RefusedError
			if _, err := c.Refund(t.Context(), r); !errors.As(err, &refused) || refused.Code != code {
				t.Errorf("%s: %v, want it refused as %s", name, err, code)
			}
		}
		other := part
		other.Amount = 1
		refusal("the same key with another amount", "idempotency_key_reused", other)
		rest := refundOf("r2", o)
		rest.Amount = 49901
		refusal("a paisa more than is left", "refund_exceeds_payment", rest)
		rest.Amount, rest.Currency = 49900, "USD"
		refusal("another currency", "invalid_request", rest)
		rest.Amount, rest.Currency = -1, "INR"
		refusal("a negative amount", "invalid_request", rest)
		rest.Amount = 49900
		if _, err := c.Refund(t.Context(), rest); err != nil {
			t.Errorf("what is left: %v", err)
		}
		failed := paid(t, p, "f", campaigns.MethodUPI, "declined@test")
		refusal("a payment that failed", "payment_not_captured", refundOf("r3", failed))
		if _, err := c.Refund(t.Context(), campaigns.NewProviderRefund{Key: "r4", PaymentRef: "psppay_0", Amount: 1, Currency: "INR"}); !errors.Is(err, campaigns.ErrNotAtProvider) {
			t.Errorf("no such payment: %v, want ErrNotAtProvider", err)
		}

		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, q := range []campaigns.RefundQuery{{Ref: first.Ref}, {PaymentRef: part.PaymentRef, Key: "r1"}} {
			if r, err := c.FetchRefund(t.Context(), q); err != nil || r.State != campaigns.RefundProcessed || len(r.BankRef) != 12 {
				t.Errorf("%+v: %+v, %v; want it processed, with the bank's number", q, r, err)
			}
		}
		if _, err := c.FetchRefund(t.Context(), campaigns.RefundQuery{PaymentRef: failed.Payments[0].Ref, Key: "r1"}); !errors.Is(err, campaigns.ErrNotAtProvider) {
			t.Errorf("a key of another payment: %v, want ErrNotAtProvider", err)
		}
		n := 0
		for _, e := range m.events {
			if e.Kind == campaigns.EventRefund && e.Refund.State == campaigns.RefundProcessed && e.Payment.Ref == part.PaymentRef && e.OrderID == "ord_k" {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d events of processed refunds that name payment and order, want 2", n)
		}
	})
}

func TestARefundThatTheBankSendsBackFailsAndMayBeTriedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, simulator.Options{})
		defer p.Close()
		c, o := p.Client(), paid(t, p, "k", campaigns.MethodUPI, "norefund@test")
		for _, key := range []string{"r1", "r2"} {
			if _, err := c.Refund(t.Context(), refundOf(key, o)); err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			time.Sleep(2 * time.Second)
			r, err := c.FetchRefund(t.Context(), campaigns.RefundQuery{PaymentRef: o.Payments[0].Ref, Key: key})
			if err != nil || r.State != campaigns.RefundFailed || r.Failure == "" {
				t.Errorf("%s: %+v, %v; want it failed with a reason", key, r, err)
			}
			if b := p.Balance(); b.Available != o.Amount {
				t.Errorf("balance %+v, want the money back in it", b)
			}
		}
	})
}
