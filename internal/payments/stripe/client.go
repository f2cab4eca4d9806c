package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/httpcall"
)

// Config is how a Client reaches Stripe.
type Config struct {
	Secret         string                    // the API key: sk_… or rk_…
	WebhookSecrets []string                  // whsec_…; any of them signs, two while one replaces the other
	Offered        []campaigns.PaymentMethod // the ways to pay that are switched on in Stripe's settings; card when empty
	URL            string                    // Stripe's when empty
	HTTP           *http.Client              // one with a time-out of 20 s when nil
}

// Client is a campaigns.Provider.
type Client struct {
	api     *stripe.Client
	webhook []string
	offered []campaigns.PaymentMethod
}

var _ campaigns.Provider = (*Client)(nil)

// New makes a Client; it calls nobody.
func New(c Config) (*Client, error) {
	if !strings.HasPrefix(c.Secret, "sk_") && !strings.HasPrefix(c.Secret, "rk_") {
		return nil, errors.New("stripe: the API key is missing or is none: want sk_… or rk_…")
	}
	if len(c.WebhookSecrets) == 0 || slices.Contains(c.WebhookSecrets, "") {
		return nil, errors.New("stripe: the webhook secret (whsec_…) is missing: events could not be told from forged ones")
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	if len(c.Offered) == 0 {
		c.Offered = []campaigns.PaymentMethod{campaigns.MethodCard}
	}
	backend := stripe.BackendConfig{
		HTTPClient: c.HTTP, MaxNetworkRetries: stripe.Int64(0), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // it would log what our errors say already
	}
	if c.URL != "" {
		backend.URL = stripe.String(c.URL)
	}
	return &Client{
		api:     stripe.NewClient(c.Secret, stripe.WithBackends(stripe.NewBackendsWithConfig(&backend))),
		webhook: c.WebhookSecrets, offered: c.Offered,
	}, nil
}

// Name implements campaigns.Provider.
func (c *Client) Name() string { return "stripe" }

// Methods implements campaigns.Provider.
func (c *Client) Methods() []campaigns.PaymentMethod { return slices.Clone(c.offered) }

// Keys of our metadata.
const (
	metaOrder  = "proofmark_order"
	metaKey    = "proofmark_key"
	metaReason = "proofmark_reason"
)

// atLeast is the shortest life of a session that Stripe takes (expires_at, "30
// minutes to 24 hours after creation"). It is added to the end of the pay window,
// not to the present, so that a repetition of the call is the same call.
const atLeast = 30 * time.Minute

// expanded are the parts of a session that come with it.
var expanded = []*string{stripe.String("payment_intent.latest_charge.balance_transaction")}

// CreateOrder implements campaigns.Provider. The session lives half an hour longer
// than the pay window: CloseOrder ends it.
func (c *Client) CreateOrder(ctx context.Context, o campaigns.NewProviderOrder) (campaigns.ProviderOrder, error) {
	if o.Key == "" {
		return campaigns.ProviderOrder{}, fmt.Errorf("stripe: create order %s: %w", o.OrderID, &campaigns.RefusedError{Code: "key_missing", Reason: "an idempotency key is needed"})
	}
	meta := map[string]string{metaOrder: o.OrderID, metaKey: o.Key}
	p := &stripe.CheckoutSessionCreateParams{
		Mode:              stripe.String("payment"),
		ClientReferenceID: stripe.String(o.OrderID),
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String(strings.ToLower(o.Currency)), UnitAmount: stripe.Int64(o.Amount),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(nonEmpty(o.Description, "Order "+o.OrderID))},
			},
		}},
		Metadata:          meta,
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{Metadata: meta},
		SuccessURL:        stripe.String(o.ReturnURL),
		CancelURL:         stripe.String(o.ReturnURL),
		ExpiresAt:         stripe.Int64(o.ExpiresAt.Add(atLeast).Unix()),
		Expand:            expanded,
	}
	if o.Customer.Email != "" {
		p.CustomerEmail = stripe.String(o.Customer.Email)
	}
	p.SetIdempotencyKey(o.Key)
	s, err := c.api.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return campaigns.ProviderOrder{}, fmt.Errorf("stripe: create order %s: %w", o.OrderID, translate(err))
	}
	return order(s), nil
}

// Fetch implements campaigns.Provider.
func (c *Client) Fetch(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	if err := checkRef("session", ref); err != nil {
		return campaigns.ProviderOrder{}, err
	}
	s, err := c.api.V1CheckoutSessions.Retrieve(ctx, ref, &stripe.CheckoutSessionRetrieveParams{Expand: expanded})
	if err != nil {
		return campaigns.ProviderOrder{}, fmt.Errorf("stripe: fetch session %s: %w", ref, translate(err))
	}
	return order(s), nil
}

// CloseOrder implements campaigns.Provider.
func (c *Client) CloseOrder(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	if err := checkRef("session", ref); err != nil {
		return campaigns.ProviderOrder{}, err
	}
	s, err := c.api.V1CheckoutSessions.Expire(ctx, ref, &stripe.CheckoutSessionExpireParams{Expand: expanded})
	if err = translate(err); errors.Is(err, campaigns.ErrRefused) {
		return c.Fetch(ctx, ref) // it is not open any more: paid, or expired before
	}
	if err != nil {
		return campaigns.ProviderOrder{}, fmt.Errorf("stripe: close session %s: %w", ref, err)
	}
	return order(s), nil
}

// Refund implements campaigns.Provider. Stripe repeats the answer to a key for a
// day, a refusal too: a balance that was short may take so long to count.
func (c *Client) Refund(ctx context.Context, r campaigns.NewProviderRefund) (campaigns.ProviderRefund, error) {
	found, err := c.FetchRefund(ctx, campaigns.RefundQuery{PaymentRef: r.PaymentRef, Key: r.Key})
	if err == nil && (found.Amount != r.Amount || found.Currency != r.Currency) {
		err = &campaigns.RefusedError{Code: "idempotency_error", Reason: fmt.Sprintf("the key was used for refund %s of %d %s", found.Ref, found.Amount, found.Currency)}
	}
	if !errors.Is(err, campaigns.ErrNotAtProvider) {
		return found, err
	}
	p := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(r.PaymentRef), Amount: stripe.Int64(r.Amount),
		Metadata: map[string]string{metaKey: r.Key, metaReason: r.Reason},
	}
	p.SetIdempotencyKey(r.Key)
	told, err := c.api.V1Refunds.Create(ctx, p)
	if err != nil {
		return campaigns.ProviderRefund{}, fmt.Errorf("stripe: refund %s of %s: %w", r.Key, r.PaymentRef, translate(err))
	}
	return refund(told), nil
}

// FetchRefund implements campaigns.Provider.
func (c *Client) FetchRefund(ctx context.Context, q campaigns.RefundQuery) (campaigns.ProviderRefund, error) {
	if q.Ref != "" {
		told, err := c.api.V1Refunds.Retrieve(ctx, q.Ref, nil)
		if err != nil {
			return campaigns.ProviderRefund{}, fmt.Errorf("stripe: fetch refund %s: %w", q.Ref, translate(err))
		}
		return refund(told), nil
	}
	if err := checkRef("payment", q.PaymentRef); err != nil {
		return campaigns.ProviderRefund{}, err
	}
	all := c.api.V1Refunds.List(ctx, &stripe.RefundListParams{PaymentIntent: stripe.String(q.PaymentRef)})
	for told, err := range all.All(ctx) {
		if err != nil {
			return campaigns.ProviderRefund{}, fmt.Errorf("stripe: refunds of %s: %w", q.PaymentRef, translate(err))
		}
		if q.Key != "" && told.Metadata[metaKey] == q.Key {
			return refund(told), nil
		}
	}
	return campaigns.ProviderRefund{}, fmt.Errorf("stripe: refund %s of %s: %w", q.Key, q.PaymentRef, campaigns.ErrNotAtProvider)
}

// checkRef keeps an empty name from becoming another path.
func checkRef(kind, ref string) error {
	if ref == "" {
		return fmt.Errorf("stripe: a %s without a name: %w", kind, campaigns.ErrNotAtProvider)
	}
	return nil
}

// translate puts an error of the library into the words of campaigns, by
// https://docs.stripe.com/api/errors.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var e *stripe.Error
	if !errors.As(err, &e) { // no answer, or none that could be read
		return fmt.Errorf("%w: %w", campaigns.ErrUnknown, err)
	}
	if unknown := httpcall.StatusError("request "+e.RequestID, e.HTTPStatusCode); unknown != nil {
		return unknown
	}
	switch e.Code {
	case stripe.ErrorCodeResourceMissing:
		return fmt.Errorf("%w: %s", campaigns.ErrNotAtProvider, e.Msg)
	case stripe.ErrorCodeBalanceInsufficient, stripe.ErrorCodeInsufficientFunds:
		return fmt.Errorf("%w: %s", campaigns.ErrInsufficientBalance, e.Msg)
	case stripe.ErrorCodeIdempotencyKeyInUse, stripe.ErrorCodeLockTimeout:
		return fmt.Errorf("%w: %s", campaigns.ErrUnknown, e.Msg) // the same call is under way
	}
	return &campaigns.RefusedError{Code: nonEmpty(string(e.Code), string(e.Type)), Reason: e.Msg}
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
