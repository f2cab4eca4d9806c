package razorpay_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/paymentstest"
	"github.com/proofmark/proofmark/internal/payments/razorpay"
)

func TestContract(t *testing.T) {
	c, s := serve(t)
	paymentstest.Run(t, paymentstest.Harness{
		Provider: c, Unreachable: dial(t, "http://127.0.0.1:1"),
		Pay: func(_ *testing.T, ref string) { s.pay(ref) },
		Event: func(*testing.T) (map[string][]string, []byte) {
			return signed(captured), []byte(captured)
		},
	})
}

func newOrder() campaigns.NewProviderOrder {
	return campaigns.NewProviderOrder{
		Key: "pat_0199f0c2-5a3e-7c41-9a55-0d8f3b6c2e17", OrderID: "ord_1", Amount: 149900, Currency: "INR", Description: "Purifier",
		Customer: campaigns.Customer{Email: "backer@example.org"}, ExpiresAt: time.Unix(created+900, 0), ReturnURL: "https://shop.example/return",
	}
}

func TestThePayPageIsTheHostedCheckoutsForm(t *testing.T) {
	c, s := serve(t)
	o, err := c.CreateOrder(t.Context(), newOrder())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"key_id": keyID, "order_id": o.Ref, "amount": "149900", "currency": "INR", "name": "Aurora", "description": "Purifier",
		"callback_url": "https://shop.example/return", "cancel_url": "https://shop.example/return", "prefill[email]": "backer@example.org",
	}
	if o.PayPage.URL != s.URL+"/v1/checkout/embedded" || !maps.Equal(o.PayPage.Form, want) {
		t.Errorf("%+v\nwant %v", o.PayPage, want)
	}
	s.pay(o.Ref)
	if o, err = c.Fetch(t.Context(), o.Ref); err != nil {
		t.Fatal(err)
	}
	if len(o.Payments) != 2 || o.Payments[0].State != "failed" || o.Payments[0].Hint != "card ending 1111" || o.Payments[0].Failure == "" ||
		o.Payments[1].State != "captured" || o.Payments[1].Hint != "UPI" || o.Payments[1].Fee != 354 {
		t.Errorf("payments %+v: want the failed card first, then UPI without the buyer's address", o.Payments)
	}
}

// There is no idempotency key for orders: the receipt finds what a lost answer made.
func TestALostAnswerIsFoundByAskingAgain(t *testing.T) {
	c, s := serve(t)
	n := newOrder()
	var o campaigns.ProviderOrder
	if _, err := c.CreateOrder(t.Context(), n); err != nil { // a first one, so that the next is another
		t.Fatal(err)
	}
	n.Key, n.OrderID = "pat_lost", "ord_2"
	lose := func(what string, f func() error) {
		t.Helper()
		s.mu.Lock()
		s.lost = http.MethodPost
		s.mu.Unlock()
		if err := f(); !errors.Is(err, campaigns.ErrUnknown) {
			t.Fatalf("%s: %v, want ErrUnknown", what, err)
		}
		if err := f(); err != nil {
			t.Fatalf("%s again: %v", what, err)
		}
	}
	lose("create", func() (err error) { o, err = c.CreateOrder(t.Context(), n); return err })
	if len(s.orders) != 2 || o.OrderID != "ord_2" {
		t.Errorf("%d orders, want the lost one found again: %+v", len(s.orders), o)
	}
	s.pay(o.Ref)
	paid, err := c.Fetch(t.Context(), o.Ref)
	if err != nil {
		t.Fatal(err)
	}
	pay, _ := paid.Captured()
	var r campaigns.ProviderRefund
	lose("refund", func() (err error) {
		r, err = c.Refund(t.Context(), campaigns.NewProviderRefund{Key: "rfd_lost-12345", PaymentRef: pay.Ref, Amount: 100, Currency: "INR"})
		return err
	})
	if n := len(s.refunds[pay.Ref]); n != 1 || r.Key != "rfd_lost-12345" {
		t.Errorf("%d refunds, want 1: %+v", n, r)
	}
}

func TestRefusalsAreSortedByWhatTheyMeanForTheWork(t *testing.T) {
	c, s := serve(t)
	o, err := c.CreateOrder(t.Context(), newOrder())
	if err != nil {
		t.Fatal(err)
	}
	s.pay(o.Ref)
	paid, err := c.Fetch(t.Context(), o.Ref)
	if err != nil {
		t.Fatal(err)
	}
	pay, _ := paid.Captured()
	r := campaigns.NewProviderRefund{Key: "rfd_0123456789", PaymentRef: pay.Ref, Amount: 100, Currency: "INR"}
	s.broke = true
	if _, err := c.Refund(t.Context(), r); !errors.Is(err, campaigns.ErrInsufficientBalance) {
		t.Errorf("an empty balance: %v, want ErrInsufficientBalance", err)
	}
	s.broke, s.busy = false, true
	if _, err := c.Refund(t.Context(), r); !errors.Is(err, campaigns.ErrUnknown) {
		t.Errorf("the key is in use: %v, want ErrUnknown", err)
	}
	if _, err := c.Refund(t.Context(), r); err != nil {
		t.Errorf("with money, and free: %v", err)
	}
	r.Key = "short"
	if _, err := c.Refund(t.Context(), r); !errors.Is(err, campaigns.ErrRefused) {
		t.Errorf("a short key: %v, want ErrRefused", err)
	}
	r.Key, r.PaymentRef = "rfd_0123456789", "../orders"
	if _, err := c.Refund(t.Context(), r); !errors.Is(err, campaigns.ErrNotAtProvider) {
		t.Errorf("a path as a payment: %v, want ErrNotAtProvider", err)
	}
	n := newOrder()
	n.Key, n.Amount = "pat_small", 99
	var refused *campaigns.RefusedError
	if _, err := c.CreateOrder(t.Context(), n); !errors.As(err, &refused) || refused.Code != "BAD_REQUEST_ERROR" || !strings.Contains(refused.Reason, "minimum") {
		t.Errorf("too small: %v, want it refused in Razorpay's words", err)
	}
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"out of order":    {500, `{"error":{"code":"SERVER_ERROR","description":"down"}}`},
		"a gateway error": {400, `{"error":{"code":"GATEWAY_ERROR","description":"the bank is down"}}`},
		"no JSON":         {400, `<html>`},
		"too many calls":  {429, `{"error":{"code":"BAD_REQUEST_ERROR","description":"Too many requests"}}`},
		"JSON of another": {200, `[]`},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
		}))
		if _, err := dial(t, server.URL).Fetch(t.Context(), "order_1"); !errors.Is(err, campaigns.ErrUnknown) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want ErrUnknown", name, err)
		}
		server.Close()
	}
}

func TestTheWayBackIsSigned(t *testing.T) {
	c, _ := serve(t)
	form := url.Values{"razorpay_order_id": {"order_1"}, "razorpay_payment_id": {"pay_1"}, "razorpay_signature": {sign(secret, "order_1|pay_1")}}
	if ref, err := c.VerifyReturn(form); err != nil || ref != "order_1" {
		t.Errorf("%q, %v", ref, err)
	}
	for name, value := range map[string]string{"razorpay_order_id": "order_2", "razorpay_payment_id": "pay_2", "razorpay_signature": sign(signer, "order_1|pay_1")} {
		forged := maps.Clone(form)
		forged.Set(name, value)
		if _, err := c.VerifyReturn(forged); !errors.Is(err, campaigns.ErrBadSignature) {
			t.Errorf("another %s: %v, want ErrBadSignature", name, err)
		}
	}
	if _, err := c.VerifyReturn(nil); !errors.Is(err, campaigns.ErrBadSignature) {
		t.Errorf("nothing: %v, want ErrBadSignature", err)
	}
}

func TestAClientWithoutItsSecretsIsRefused(t *testing.T) {
	for name, c := range map[string]razorpay.Config{
		"no key id":         {Secret: secret, WebhookSecrets: []string{"x"}},
		"no secret":         {KeyID: keyID, WebhookSecrets: []string{"x"}},
		"no webhook secret": {KeyID: keyID, Secret: secret},
		"an empty one":      {KeyID: keyID, Secret: secret, WebhookSecrets: []string{""}},
	} {
		if _, err := razorpay.New(c); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want a refusal that holds no secret", name, err)
		}
	}
}
