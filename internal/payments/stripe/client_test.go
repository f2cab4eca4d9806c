package stripe_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	lib "github.com/stripe/stripe-go/v85"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/stripe"
)

// The version is part of the contract: docs/payments.md names it, and a new one is
// read about before it is taken.
func TestTheAPIVersionIsPinned(t *testing.T) {
	if lib.APIVersion != "2026-03-25.dahlia" {
		t.Errorf("stripe-go speaks %s: read its changelog, then change docs/payments.md and this line", lib.APIVersion)
	}
}

// stripe-mock checks each parameter against Stripe's OpenAPI document.
func TestCallsAreWhatStripeDocuments(t *testing.T) {
	c, w := dial(t)
	o, err := c.CreateOrder(t.Context(), newOrder())
	if err != nil {
		t.Fatal(err)
	}
	if o.Ref == "" || o.OrderID != "ord_1" || o.PayPage.URL == "" { // the mock's session has no amount
		t.Errorf("order %+v lacks its ref, ours or its page", o)
	}
	sent := w.last()
	if sent.method != "POST" || sent.path != "/v1/checkout/sessions" {
		t.Errorf("%s %s, want POST /v1/checkout/sessions", sent.method, sent.path)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + secret, "Stripe-Version": lib.APIVersion, "Idempotency-Key": "pat_1",
	} {
		if got := sent.head.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"mode": "payment", "client_reference_id": "ord_1", "customer_email": "backer@example.org",
		"line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "inr", "line_items[0][price_data][unit_amount]": "149900",
		"line_items[0][price_data][product_data][name]": "Purifier, first batch",
		"metadata[proofmark_order]":                     "ord_1", "metadata[proofmark_key]": "pat_1",
		"payment_intent_data[metadata][proofmark_order]": "ord_1", "payment_intent_data[metadata][proofmark_key]": "pat_1",
		"success_url": "https://shop.example/return?order=ord_1", "cancel_url": "https://shop.example/return?order=ord_1",
		"expires_at": "1796121900", // half an hour after the pay window
		"expand[0]":  "payment_intent.latest_charge.balance_transaction",
	} {
		if got := sent.form.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if _, err := c.CreateOrder(t.Context(), newOrder()); err != nil {
		t.Error(err)
	}
	if again := w.last(); again.form.Encode() != sent.form.Encode() {
		t.Errorf("the repetition sent\n%s\nnot\n%s", again.form.Encode(), sent.form.Encode())
	}

	if _, err := c.Fetch(t.Context(), o.Ref); err != nil {
		t.Error(err)
	}
	if got := w.last(); got.path != "/v1/checkout/sessions/"+o.Ref || got.method != "GET" {
		t.Errorf("fetch: %s %s", got.method, got.path)
	}
	if _, err := c.CloseOrder(t.Context(), o.Ref); err != nil {
		t.Error(err)
	}
	if got := w.last(); got.path != "/v1/checkout/sessions/"+o.Ref+"/expire" {
		t.Errorf("close: %s %s", got.method, got.path)
	}

	r, err := c.Refund(t.Context(), campaigns.NewProviderRefund{Key: "rfd_1", PaymentRef: "pi_1", Amount: 100, Currency: "INR", Reason: "the goal was missed"})
	if err != nil || r.Ref == "" {
		t.Fatalf("refund: %+v, %v", r, err)
	}
	sent = w.last()
	if sent.path != "/v1/refunds" || sent.method != "POST" || sent.head.Get("Idempotency-Key") != "rfd_1" ||
		sent.form.Get("payment_intent") != "pi_1" || sent.form.Get("amount") != "100" || sent.form.Get("metadata[proofmark_key]") != "rfd_1" {
		t.Errorf("refund: %s %s %v", sent.method, sent.path, sent.form)
	}
	if got, err := c.FetchRefund(t.Context(), campaigns.RefundQuery{Ref: r.Ref}); err != nil || got.Ref == "" {
		t.Errorf("fetch refund: %+v, %v", got, err)
	}
	if _, err := c.FetchRefund(t.Context(), campaigns.RefundQuery{PaymentRef: "pi_1", Key: "rfd_other"}); !errors.Is(err, campaigns.ErrNotAtProvider) {
		t.Errorf("a refund that was not made: %v, want ErrNotAtProvider", err)
	}
}

func TestAnAnswerThatIsLostIsUnknown(t *testing.T) {
	c, w := dial(t)
	w.cut = true
	if _, err := c.CreateOrder(t.Context(), newOrder()); !errors.Is(err, campaigns.ErrUnknown) {
		t.Errorf("%v, want ErrUnknown", err)
	}
	if n := len(w.calls); n != 1 {
		t.Errorf("%d calls, want 1: whoever keeps the work repeats it", n)
	}
	if _, err := c.CreateOrder(t.Context(), newOrder()); err != nil {
		t.Errorf("again: %v", err)
	}
}

// What Stripe answers, by its documentation of errors, and what it means for money.
func TestErrorsAreSortedByWhatTheyMeanForTheWork(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"a wrong key":           {401, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided"}}`, campaigns.ErrUnknown},
		"too many calls":        {429, `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"slow down"}}`, campaigns.ErrUnknown},
		"out of order":          {500, `{"error":{"type":"api_error","message":"try later"}}`, campaigns.ErrUnknown},
		"no JSON":               {502, `<html>bad gateway</html>`, campaigns.ErrUnknown},
		"the call is under way": {409, `{"error":{"type":"idempotency_error","code":"idempotency_key_in_use","message":"in use"}}`, campaigns.ErrUnknown},
		"no such payment":       {404, `{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such payment_intent"}}`, campaigns.ErrNotAtProvider},
		"an empty balance":      {400, `{"error":{"type":"invalid_request_error","code":"balance_insufficient","message":"Insufficient funds"}}`, campaigns.ErrInsufficientBalance},
		"refunded already":      {400, `{"error":{"type":"invalid_request_error","code":"charge_already_refunded","message":"Charge has already been refunded."}}`, campaigns.ErrRefused},
		"the key's other work":  {400, `{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters"}}`, campaigns.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if r.Method == "GET" {
					_, _ = w.Write([]byte(`{"object":"list","data":[],"has_more":false,"url":"/v1/refunds"}`))
					return
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer server.Close()
			c, _ := dialTo(t, server.URL)
			_, err := c.Refund(t.Context(), campaigns.NewProviderRefund{Key: "rfd_1", PaymentRef: "pi_1", Amount: 100, Currency: "INR"})
			if !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Error("the error holds the API key")
			}
		})
	}
}

// Sessions and refunds as Stripe documents their states.
func TestStatesAreReadAsStripeDocumentsThem(t *testing.T) {
	const session = `{"id":"cs_1","object":"checkout.session","amount_total":149900,"currency":"inr","client_reference_id":"ord_1","url":"https://pay.example/cs_1","expires_at":1796121900,`
	for name, tc := range map[string]struct {
		rest     string
		order    campaigns.ProviderOrderState
		payments int
		payment  campaigns.ProviderPayment
	}{
		"not chosen yet": {`"status":"open","payment_status":"unpaid","payment_intent":null}`, "open", 0, campaigns.ProviderPayment{}},
		"expired":        {`"status":"expired","payment_status":"unpaid","payment_intent":null}`, "expired", 0, campaigns.ProviderPayment{}},
		"paid by card": {
			`"status":"complete","payment_status":"paid","payment_intent":{"id":"pi_1","status":"succeeded","amount":149900,"amount_received":149900,"currency":"inr","created":1796120000,
			"latest_charge":{"id":"ch_1","created":1796120100,"payment_method_details":{"type":"card","card":{"last4":"4242"}},"balance_transaction":{"id":"txn_1","fee":3100}}}}`,
			"paid", 1,
			campaigns.ProviderPayment{Ref: "pi_1", OrderRef: "cs_1", OrderID: "ord_1", State: "captured", Method: "card", Hint: "card ending 4242", Amount: 149900, Currency: "INR", Fee: 3100, CreatedAt: time.Unix(1796120000, 0).UTC(), ChangedAt: time.Unix(1796120100, 0).UTC()},
		},
		"the bank takes its time": {
			`"status":"complete","payment_status":"unpaid","payment_intent":{"id":"pi_1","status":"processing","amount":149900,"currency":"inr","created":1796120000}}`,
			"open", 1,
			campaigns.ProviderPayment{Ref: "pi_1", OrderRef: "cs_1", OrderID: "ord_1", State: "pending", Amount: 149900, Currency: "INR", CreatedAt: time.Unix(1796120000, 0).UTC(), ChangedAt: time.Unix(1796120000, 0).UTC()},
		},
		"declined, may be tried again": {
			`"status":"open","payment_status":"unpaid","payment_intent":{"id":"pi_1","status":"requires_payment_method","amount":149900,"currency":"inr","created":1796120000,"last_payment_error":{"message":"Your card was declined."}}}`,
			"open", 1,
			campaigns.ProviderPayment{Ref: "pi_1", OrderRef: "cs_1", OrderID: "ord_1", State: "failed", Failure: "Your card was declined.", Amount: 149900, Currency: "INR", CreatedAt: time.Unix(1796120000, 0).UTC(), ChangedAt: time.Unix(1796120000, 0).UTC()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(session + tc.rest))
			}))
			defer server.Close()
			c, _ := dialTo(t, server.URL)
			o, err := c.Fetch(t.Context(), "cs_1")
			if err != nil {
				t.Fatal(err)
			}
			if o.State != tc.order || len(o.Payments) != tc.payments || o.OrderID != "ord_1" || o.Amount != 149900 || o.Currency != "INR" {
				t.Fatalf("order %+v, want it %s with %d payments", o, tc.order, tc.payments)
			}
			if tc.payments > 0 && o.Payments[0] != tc.payment {
				t.Errorf("payment\n%+v\nwant\n%+v", o.Payments[0], tc.payment)
			}
		})
	}
}

// Stripe forgets keys after a day: the refund that a key made is found all the same.
func TestARefundIsLookedUpBeforeItIsMade(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.Query().Get("payment_intent") != "pi_1" {
			t.Errorf("%s %s: nothing may be made", r.Method, r.URL)
		}
		_, _ = w.Write([]byte(`{"object":"list","has_more":false,"url":"/v1/refunds","data":[
			{"id":"re_0","amount":1,"currency":"inr","status":"succeeded","payment_intent":"pi_1","metadata":{}},
			{"id":"re_1","amount":100,"currency":"inr","status":"failed","failure_reason":"expired_or_canceled_card","payment_intent":"pi_1","metadata":{"proofmark_key":"rfd_1"}}]}`))
	}))
	defer server.Close()
	c, _ := dialTo(t, server.URL)
	n := campaigns.NewProviderRefund{Key: "rfd_1", PaymentRef: "pi_1", Amount: 100, Currency: "INR"}
	r, err := c.Refund(t.Context(), n)
	if err != nil || r.Ref != "re_1" || r.State != campaigns.RefundFailed || r.Failure != "expired or canceled card" || r.PaymentRef != "pi_1" {
		t.Errorf("%+v, %v; want re_1, failed, with its reason", r, err)
	}
	n.Amount = 99
	if _, err := c.Refund(t.Context(), n); !errors.Is(err, campaigns.ErrRefused) {
		t.Errorf("another amount: %v, want ErrRefused", err)
	}
}

func TestAClientWithoutItsSecretsIsRefused(t *testing.T) {
	for name, c := range map[string]stripe.Config{
		"no key":            {WebhookSecrets: []string{"whsec_1"}},
		"the wrong key":     {Secret: "pk_test_1", WebhookSecrets: []string{"whsec_1"}},
		"no webhook secret": {Secret: "sk_test_1"},
		"an empty one":      {Secret: "sk_test_1", WebhookSecrets: []string{""}},
	} {
		if _, err := stripe.New(c); err == nil || strings.Contains(err.Error(), "sk_test_1") {
			t.Errorf("%s: %v, want a refusal that holds no key", name, err)
		}
	}
}
