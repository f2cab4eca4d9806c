package razorpay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/proofmark/proofmark/campaigns"
)

// ParseEvent implements campaigns.Provider. The signature is over the body alone
// and has no time, so an old event can be sent again by who saw it: it can say
// nothing that is not so, and its id tells it from a new one.
func (c *Client) ParseEvent(headers map[string][]string, body []byte) (campaigns.ProviderEvent, error) {
	head := http.Header(headers)
	given := head.Get("X-Razorpay-Signature")
	ok := false
	for _, secret := range c.cfg.WebhookSecrets {
		ok = sameSignature(secret, body, given) || ok
	}
	if !ok {
		return campaigns.ProviderEvent{}, fmt.Errorf("razorpay: event: %w: X-Razorpay-Signature %.80q", campaigns.ErrBadSignature, given)
	}
	told, err := event(body)
	if err != nil {
		return campaigns.ProviderEvent{}, fmt.Errorf("razorpay: event: %w: %w", campaigns.ErrBadEvent, err)
	}
	if told.ID = head.Get("X-Razorpay-Event-Id"); told.ID == "" {
		sum := sha256.Sum256(body)
		told.ID = "sha256:" + hex.EncodeToString(sum[:])
	}
	return told, nil
}

// sameSignature compares in a time that does not depend on where they differ.
func sameSignature(secret string, message []byte, hexSignature string) bool {
	given, err := hex.DecodeString(hexSignature)
	if err != nil {
		return false
	}
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write(message)
	return hmac.Equal(h.Sum(nil), given)
}

type entity[T any] struct {
	Entity T `json:"entity"`
}

func event(body []byte) (campaigns.ProviderEvent, error) {
	var e struct {
		Event     string `json:"event"`
		CreatedAt int64  `json:"created_at"`
		Payload   struct {
			Order   *entity[order]   `json:"order"`
			Payment *entity[payment] `json:"payment"`
			Refund  *entity[refund]  `json:"refund"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return campaigns.ProviderEvent{}, err
	}
	if e.Event == "" {
		return campaigns.ProviderEvent{}, errors.New("it does not say which event it is")
	}
	told := campaigns.ProviderEvent{Kind: campaigns.EventOther, Name: e.Event, At: instant(e.CreatedAt)}
	if o := e.Payload.Order; o != nil {
		told.OrderRef, told.OrderID = o.Entity.ID, o.Entity.Notes[noteOrder]
	}
	if p := e.Payload.Payment; p != nil {
		pay := p.Entity.domain()
		pay.ChangedAt = told.At
		told.Payment = &pay
		if told.OrderRef == "" {
			told.OrderRef = pay.OrderRef
		}
		pay.OrderID = told.OrderID
	}
	if r := e.Payload.Refund; r != nil {
		back := r.Entity.domain()
		back.ChangedAt = told.At
		told.Refund = &back
	}
	switch e.Event {
	case "payment.authorized", "payment.captured", "payment.failed":
		told.Kind = campaigns.EventPayment
		if told.Payment == nil || told.Payment.Ref == "" {
			return told, fmt.Errorf("%s without its payment", e.Event)
		}
	case "order.paid":
		told.Kind = campaigns.EventOrder
		if told.OrderRef == "" {
			return told, fmt.Errorf("%s without its order", e.Event)
		}
	case "refund.created", "refund.processed", "refund.failed", "refund.speed_changed":
		told.Kind = campaigns.EventRefund
		if told.Refund == nil || told.Refund.Ref == "" {
			return told, fmt.Errorf("%s without its refund", e.Event)
		}
	}
	return told, nil
}

// VerifyReturn implements campaigns.ReturnVerifier: the signature is over
// "order_id|payment_id" with the key's secret. The way back of a payment that
// failed is not signed.
func (c *Client) VerifyReturn(form map[string][]string) (string, error) {
	v := url.Values(form)
	orderRef, paymentRef := v.Get("razorpay_order_id"), v.Get("razorpay_payment_id")
	if !sameSignature(c.cfg.Secret, []byte(orderRef+"|"+paymentRef), v.Get("razorpay_signature")) {
		return "", fmt.Errorf("razorpay: return of order %.60q: %w", orderRef, campaigns.ErrBadSignature)
	}
	return orderRef, nil
}
