package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/proofmark/proofmark/campaigns"
)

// ParseEvent implements campaigns.Provider. A signature is taken for five minutes.
func (c *Client) ParseEvent(headers map[string][]string, body []byte) (campaigns.ProviderEvent, error) {
	header := http.Header(headers).Get("Stripe-Signature")
	secret, err := c.signer(header, body)
	if err != nil {
		return campaigns.ProviderEvent{}, fmt.Errorf("stripe: event: %w: %w", campaigns.ErrBadSignature, err)
	}
	e, err := webhook.ConstructEventWithTolerance(body, header, secret, webhook.DefaultTolerance)
	if err != nil { // another API version, or no event
		return campaigns.ProviderEvent{}, fmt.Errorf("stripe: event: %w: %w", campaigns.ErrBadEvent, err)
	}
	told, err := event(e)
	if err != nil {
		return campaigns.ProviderEvent{}, fmt.Errorf("stripe: event %.60q: %w: %w", e.ID, campaigns.ErrBadEvent, err)
	}
	return told, nil
}

// signer finds the secret with which the body was signed.
func (c *Client) signer(header string, body []byte) (secret string, err error) {
	for _, secret = range c.webhook {
		if err = webhook.ValidatePayload(body, header, secret); err == nil {
			return secret, nil
		}
	}
	return "", err
}

func event(e stripe.Event) (campaigns.ProviderEvent, error) {
	told := campaigns.ProviderEvent{ID: e.ID, Kind: campaigns.EventOther, Name: string(e.Type), At: instant(e.Created)}
	if e.ID == "" || e.Type == "" {
		return told, fmt.Errorf("id %q and type %q: want both", e.ID, e.Type)
	}
	if e.Data == nil {
		return told, nil
	}
	switch {
	case strings.HasPrefix(told.Name, "checkout.session."):
		var s stripe.CheckoutSession
		if err := json.Unmarshal(e.Data.Raw, &s); err != nil {
			return told, err
		}
		if s.ID == "" {
			return told, fmt.Errorf("its session has no id")
		}
		o := order(&s)
		told.Kind, told.OrderRef, told.OrderID = campaigns.EventOrder, o.Ref, o.OrderID
	case strings.HasPrefix(told.Name, "refund."), told.Name == "charge.refund.updated":
		var r stripe.Refund
		if err := json.Unmarshal(e.Data.Raw, &r); err != nil {
			return told, err
		}
		if r.ID == "" {
			return told, fmt.Errorf("its refund has no id")
		}
		back := refund(&r)
		back.ChangedAt = told.At
		told.Kind, told.Refund = campaigns.EventRefund, &back
	}
	return told, nil
}
