package razorpay_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// captured is an event as the documentation shows it.
const captured = `{"entity":"event","account_id":"acc_1","event":"payment.captured","contains":["payment"],"payload":{"payment":{"entity":{
	"id":"pay_1","entity":"payment","amount":149900,"currency":"INR","status":"captured","order_id":"order_1","method":"card",
	"card":{"id":"card_1","last4":"1111","network":"Any","name":"Gaurav Kumar"},"email":"gaurav.kumar@example.com","contact":"+919876543210",
	"notes":[],"fee":3538,"tax":540,"created_at":1796120000}}},"created_at":1796120060}`

func signed(body string) http.Header {
	return http.Header{"X-Razorpay-Signature": {sign(signer, body)}, "X-Razorpay-Event-Id": {"evt_1"}}
}

func TestEventsAreReadAsRazorpayDocumentsThem(t *testing.T) {
	c, _ := serve(t)
	e, err := c.ParseEvent(signed(captured), []byte(captured))
	if err != nil {
		t.Fatal(err)
	}
	want := campaigns.ProviderPayment{
		Ref: "pay_1", OrderRef: "order_1", State: "captured", Method: "card", Hint: "card ending 1111", Amount: 149900, Currency: "INR", Fee: 3538,
		CreatedAt: time.Unix(1796120000, 0).UTC(), ChangedAt: time.Unix(1796120060, 0).UTC(),
	}
	if e.ID != "evt_1" || e.Kind != campaigns.EventPayment || e.Name != "payment.captured" || e.OrderRef != "order_1" || *e.Payment != want {
		t.Errorf("%+v\n%+v\nwant %+v", e, *e.Payment, want)
	}

	for name, tc := range map[string]struct {
		body string
		kind campaigns.ProviderEventKind
		ok   func(e campaigns.ProviderEvent) bool
	}{
		"an order that is paid names ours": {
			`{"event":"order.paid","payload":{"order":{"entity":{"id":"order_1","notes":{"proofmark_order":"ord_1"}}},"payment":{"entity":{"id":"pay_1","status":"captured","order_id":"order_1"}}},"created_at":1}`,
			"order",
			func(e campaigns.ProviderEvent) bool {
				return e.OrderRef == "order_1" && e.OrderID == "ord_1" && e.Payment.OrderID == "ord_1"
			},
		},
		"a refund that is processed": {
			`{"event":"refund.processed","payload":{"refund":{"entity":{"id":"rfnd_1","payment_id":"pay_1","amount":100,"currency":"INR","receipt":"rfd_1","status":"processed","acquirer_data":{"arn":"10000000000000"}}},"payment":{"entity":{"id":"pay_1","status":"refunded","order_id":"order_1"}}},"created_at":1}`,
			"refund",
			func(e campaigns.ProviderEvent) bool {
				return e.Refund.State == "processed" && e.Refund.Key == "rfd_1" && e.Refund.BankRef == "10000000000000" && e.Payment.State == "captured" && e.OrderRef == "order_1"
			},
		},
		"a refund that failed": {
			`{"event":"refund.failed","payload":{"refund":{"entity":{"id":"rfnd_1","payment_id":"pay_1","status":"failed"}}},"created_at":1}`,
			"refund", func(e campaigns.ProviderEvent) bool { return e.Refund.State == "failed" && e.Refund.Failure != "" },
		},
		"an event of something else": {
			`{"event":"invoice.paid","payload":{},"created_at":1}`, "other", func(campaigns.ProviderEvent) bool { return true },
		},
	} {
		head := signed(tc.body)
		delete(head, "X-Razorpay-Event-Id")
		e, err := c.ParseEvent(head, []byte(tc.body))
		if err != nil || e.Kind != tc.kind || !tc.ok(e) || len(e.ID) != len("sha256:")+64 {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	for name, body := range map[string]string{
		"no JSON":                   `hello`,
		"no event":                  `{"payload":{}}`,
		"a payment without itself":  `{"event":"payment.captured","payload":{}}`,
		"a payment without its id":  `{"event":"payment.captured","payload":{"payment":{"entity":{}}}}`,
		"a refund without itself":   `{"event":"refund.processed","payload":{"payment":{"entity":{"id":"pay_1"}}}}`,
		"a paid order without one":  `{"event":"order.paid","payload":{}}`,
		"an amount that is no sum":  `{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_1","amount":"1"}}}}`,
		"an amount with a fraction": `{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_1","amount":1.5}}}}`,
	} {
		if _, err := c.ParseEvent(signed(body), []byte(body)); !errors.Is(err, campaigns.ErrBadEvent) {
			t.Errorf("%s: %v, want ErrBadEvent", name, err)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add(sign(signer, captured), []byte(captured), false)
	f.Add("", []byte(captured), true)
	f.Add("00", []byte(`{"event":"refund.failed","payload":{"refund":{"entity":{"id":"rfnd_1","notes":[1]}}}}`), true)
	f.Add("zz", []byte(`{"event":"order.paid","payload":{"order":{"entity":{"id":"order_1","notes":{"a":1}}}}}`), true)
	c := dial(&testing.T{}, "http://127.0.0.1:1")
	f.Fuzz(func(t *testing.T, signature string, body []byte, genuine bool) {
		if genuine {
			signature = sign(signer, string(body))
		}
		e, err := c.ParseEvent(http.Header{"X-Razorpay-Signature": {signature}}, body)
		if err == nil && (e.ID == "" || e.Name == "" || e.Kind == campaigns.EventPayment && e.Payment == nil || e.Kind == campaigns.EventRefund && e.Refund == nil) {
			t.Errorf("%q gave %+v", body, e)
		}
		if err != nil && !errors.Is(err, campaigns.ErrBadSignature) && !errors.Is(err, campaigns.ErrBadEvent) {
			t.Errorf("%v: want ErrBadSignature or ErrBadEvent", err)
		}
	})
}
