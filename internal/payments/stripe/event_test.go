package stripe_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	lib "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/paymentstest"
)

// signed is the header of a body that is signed at t.
func signed(body []byte, secret string, t time.Time) http.Header {
	p := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: t})
	return http.Header{"Stripe-Signature": {p.Header}}
}

func eventBody(kind, object string) []byte {
	return []byte(`{"id":"evt_1","object":"event","api_version":"` + lib.APIVersion + `","created":1796120000,"type":"` + kind + `","data":{"object":` + object + `}}`)
}

func TestEventsAreReadAsStripeDocumentsThem(t *testing.T) {
	c, _ := dialTo(t, "http://127.0.0.1:1")
	at := time.Unix(1796120000, 0).UTC()
	session := `{"id":"cs_1","object":"checkout.session","status":"complete","payment_status":"paid","client_reference_id":"ord_1","metadata":{"proofmark_order":"ord_1"},"payment_intent":"pi_1"}`
	for _, tc := range []struct {
		kind, object string
		want         campaigns.ProviderEvent
	}{
		{"checkout.session.completed", session, campaigns.ProviderEvent{Kind: "order", OrderRef: "cs_1", OrderID: "ord_1"}},
		{"checkout.session.expired", session, campaigns.ProviderEvent{Kind: "order", OrderRef: "cs_1", OrderID: "ord_1"}},
		{"payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent"}`, campaigns.ProviderEvent{Kind: "other"}},
		{"customer.created", `{"id":"cus_1"}`, campaigns.ProviderEvent{Kind: "other"}},
	} {
		body := eventBody(tc.kind, tc.object)
		got, err := c.ParseEvent(signed(body, signer, time.Now()), body)
		tc.want.ID, tc.want.Name, tc.want.At = "evt_1", tc.kind, at
		if err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v\nwant %+v", tc.kind, got, err, tc.want)
		}
	}
	for status, want := range map[string]campaigns.RefundState{"pending": "sent", "succeeded": "processed", "failed": "failed", "canceled": "failed", "requires_action": "sent"} {
		body := eventBody("refund.updated", `{"id":"re_1","object":"refund","amount":100,"currency":"inr","status":"`+status+`","payment_intent":"pi_1","metadata":{"proofmark_key":"rfd_1"}}`)
		got, err := c.ParseEvent(signed(body, signer, time.Now()), body)
		if err != nil || got.Kind != campaigns.EventRefund || got.Refund.State != want || got.Refund.Key != "rfd_1" || got.Refund.PaymentRef != "pi_1" || !got.Refund.ChangedAt.Equal(at) {
			t.Errorf("refund %s: %+v, %v", status, got, err)
		}
	}
}

func TestForgedChangedOldAndForeignEventsAreRefused(t *testing.T) {
	c, _ := dialTo(t, "http://127.0.0.1:1")
	body := eventBody("checkout.session.completed", `{"id":"cs_1","object":"checkout.session"}`)
	other := eventBody("checkout.session.completed", `{"id":"cs_2","object":"checkout.session"}`)
	for name, tc := range map[string]struct {
		head http.Header
		body []byte
		want error
	}{
		"signed":                   {signed(body, signer, time.Now()), body, nil},
		"signed with the old one":  {signed(body, "whsec_old", time.Now()), body, nil},
		"not signed":               {nil, body, campaigns.ErrBadSignature},
		"another secret":           {signed(body, "whsec_else", time.Now()), body, campaigns.ErrBadSignature},
		"another body":             {signed(body, signer, time.Now()), other, campaigns.ErrBadSignature},
		"a space more":             {signed(body, signer, time.Now()), append([]byte(" "), body...), campaigns.ErrBadSignature},
		"six minutes old":          {signed(body, signer, time.Now().Add(-6*time.Minute)), body, campaigns.ErrBadSignature},
		"an old API version":       {nil, []byte(`{"id":"evt_1","object":"event","api_version":"2020-08-27","type":"x"}`), campaigns.ErrBadEvent},
		"no JSON":                  {nil, []byte(`hello`), campaigns.ErrBadEvent},
		"a session without an id":  {nil, eventBody("checkout.session.completed", `{"object":"checkout.session"}`), campaigns.ErrBadEvent},
		"a session that is a list": {nil, eventBody("checkout.session.completed", `[]`), campaigns.ErrBadEvent},
	} {
		if tc.head == nil && errors.Is(tc.want, campaigns.ErrBadEvent) {
			tc.head = signed(tc.body, signer, time.Now())
		}
		if _, err := c.ParseEvent(tc.head, tc.body); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add("t=1,v1=00", []byte(`{}`), false)
	f.Add("", eventBody("checkout.session.completed", `{"id":"cs_1"}`), true)
	f.Add("", eventBody("refund.failed", `{"id":"re_1","payment_intent":{"id":"pi_1"},"destination_details":{"card":{}}}`), true)
	f.Add("", []byte(`{"id":"evt_1","object":"event","api_version":".","type":"refund."}`), true)
	f.Fuzz(func(t *testing.T, header string, body []byte, sign bool) {
		c, _ := dialTo(&testing.T{}, "http://127.0.0.1:1")
		head := http.Header{"Stripe-Signature": {header}}
		if sign {
			head = signed(body, signer, time.Now())
		}
		e, err := c.ParseEvent(head, body)
		switch {
		case err == nil && !sign:
			t.Errorf("an event that we did not sign was taken: %q", header)
		case err == nil && (e.ID == "" || e.Kind == campaigns.EventRefund && e.Refund == nil || e.Kind == campaigns.EventOrder && e.OrderRef == ""):
			t.Errorf("%s gave %+v", body, e)
		case err != nil && !errors.Is(err, campaigns.ErrBadSignature) && !errors.Is(err, campaigns.ErrBadEvent):
			t.Errorf("%v: want ErrBadSignature or ErrBadEvent", err)
		}
	})
}

// What needs no state of the provider; stripe-mock keeps none.
func TestContract(t *testing.T) {
	c, _ := dialTo(t, "http://127.0.0.1:1")
	paymentstest.Run(t, paymentstest.Harness{
		Provider: c, Unreachable: c,
		Event: func(*testing.T) (map[string][]string, []byte) {
			body := eventBody("checkout.session.completed", `{"id":"cs_1","object":"checkout.session"}`)
			return signed(body, signer, time.Now()), body
		},
	})
}
