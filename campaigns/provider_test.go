package campaigns_test

import (
	"errors"
	"testing"

	"github.com/proofmark/proofmark/campaigns"
)

// Read: from the row's state to the column's.
func TestWhatAPaymentMayBecome(t *testing.T) {
	states := []campaigns.PaymentState{"created", "pending", "authorized", "failed", "captured"}
	for i, allowed := range []string{
		".xxxx", // created
		"..xxx", // pending
		"...xx", // authorized
		"....x", // failed: a bank's late yes is money taken
		".....", // captured
	} {
		for j, next := range states {
			if got, want := states[i].CanBecome(next), allowed[j] == 'x'; got != want {
				t.Errorf("payment %s → %s: %t, want %t", states[i], next, got, want)
			}
		}
	}
	if campaigns.PaymentState("").CanBecome("captured") || campaigns.PaymentCreated.CanBecome("paid") {
		t.Error("a state that does not exist takes part")
	}
}

func TestWhatARefundMayBecome(t *testing.T) {
	states := []campaigns.RefundState{"queued", "sent", "processed", "failed", "manual"}
	for i, allowed := range []string{
		".xxx.", // queued
		"..xx.", // sent
		"...x.", // processed: the bank sent it back
		"x...x", // failed
		"x.x..", // manual: tried once more, or paid back by hand
	} {
		for j, next := range states {
			if got, want := states[i].CanBecome(next), allowed[j] == 'x'; got != want {
				t.Errorf("refund %s → %s: %t, want %t", states[i], next, got, want)
			}
		}
	}
}

func TestARefusalKeepsTheProvidersWords(t *testing.T) {
	err := error(&campaigns.RefusedError{Code: "amount_too_large", Reason: "the refund is larger than the payment"})
	if !errors.Is(err, campaigns.ErrRefused) || errors.Is(err, campaigns.ErrUnknown) {
		t.Errorf("%v: want an ErrRefused and no ErrUnknown", err)
	}
	if want := "payment provider refused: the refund is larger than the payment (amount_too_large)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}
