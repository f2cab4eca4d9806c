package razorpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/httpcall"
)

// live is Razorpay's API; test and live mode differ by the key.
const live = "https://api.razorpay.com"

// Config is how a Client reaches Razorpay.
type Config struct {
	KeyID          string // rzp_test_… or rzp_live_…
	Secret         string
	WebhookSecrets []string     // of the webhook's settings; any of them signs, two while one replaces the other
	Merchant       string       // on the checkout page
	URL            string       // Razorpay's when empty
	HTTP           *http.Client // one with a time-out of 20 s when nil
}

// Client is a campaigns.Provider.
type Client struct {
	cfg Config
}

var (
	_ campaigns.Provider       = (*Client)(nil)
	_ campaigns.ReturnVerifier = (*Client)(nil)
)

// New makes a Client; it calls nobody.
func New(c Config) (*Client, error) {
	if c.KeyID == "" || c.Secret == "" {
		return nil, errors.New("razorpay: key id (rzp_…) and key secret are needed")
	}
	if len(c.WebhookSecrets) == 0 || slices.Contains(c.WebhookSecrets, "") {
		return nil, errors.New("razorpay: the webhook secret is missing: events could not be told from forged ones")
	}
	if c.URL == "" {
		c.URL = live
	}
	c.URL = strings.TrimRight(c.URL, "/")
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	return &Client{cfg: c}, nil
}

// Name implements campaigns.Provider.
func (c *Client) Name() string { return "razorpay" }

// Methods implements campaigns.Provider.
func (c *Client) Methods() []campaigns.PaymentMethod {
	return []campaigns.PaymentMethod{
		campaigns.MethodUPI, campaigns.MethodCard, campaigns.MethodNetbanking, campaigns.MethodWallet, campaigns.MethodPayLater,
	}
}

// Keys of our notes.
const (
	noteOrder  = "proofmark_order"
	noteReason = "proofmark_reason"
)

// captureWithin is how long after its creation an authorized payment is captured
// by Razorpay, in minutes: the longest it takes. Money that a bank promised late
// is better captured and given back by us than given back without our knowing.
const captureWithin = 7200

// CreateOrder implements campaigns.Provider.
func (c *Client) CreateOrder(ctx context.Context, o campaigns.NewProviderOrder) (campaigns.ProviderOrder, error) {
	fail := func(err error) (campaigns.ProviderOrder, error) {
		return campaigns.ProviderOrder{}, fmt.Errorf("razorpay: create order %s: %w", o.OrderID, err)
	}
	if o.Key == "" || len(o.Key) > 40 {
		return fail(&campaigns.RefusedError{Code: codeBadRequest, Reason: fmt.Sprintf("the receipt %.60q has %d characters: want 1 to 40", o.Key, len(o.Key))})
	}
	var known collection[order]
	if err := c.call(ctx, http.MethodGet, "/v1/orders?"+url.Values{"receipt": {o.Key}}.Encode(), "", nil, &known); err != nil {
		return fail(err)
	}
	made, found := oldest(known.Items, o.Key)
	switch {
	case found && (made.Amount != o.Amount || made.Currency != o.Currency || made.Notes[noteOrder] != o.OrderID):
		return fail(&campaigns.RefusedError{Code: codeBadRequest, Reason: fmt.Sprintf("the key was used for %s, an order of %d %s", made.ID, made.Amount, made.Currency)})
	case !found:
		if err := c.call(ctx, http.MethodPost, "/v1/orders", "", newOrder{
			Amount: o.Amount, Currency: o.Currency, Receipt: o.Key, Notes: notes{noteOrder: o.OrderID},
			Payment: capture{Capture: "automatic", Options: captureOptions{Automatic: captureWithin, Manual: captureWithin, RefundSpeed: "normal"}},
		}, &made); err != nil {
			return fail(err)
		}
	}
	told := made.domain()
	if made.Status == statusAttempted || made.Status == statusPaid {
		var err error
		if told.Payments, err = c.payments(ctx, made); err != nil {
			return fail(err)
		}
	}
	if told.State == campaigns.ProviderOrderOpen {
		told.PayPage = c.payPage(made, o)
	}
	return told, nil
}

// oldest is the first order with the receipt: two calls at once may have made two.
func oldest(orders []order, receipt string) (first order, found bool) {
	for _, o := range orders {
		if o.Receipt == receipt && (!found || o.CreatedAt < first.CreatedAt || o.CreatedAt == first.CreatedAt && o.ID < first.ID) {
			first, found = o, true
		}
	}
	return first, found
}

// payPage is the form of the hosted checkout (docs: "Hosted Checkout").
func (c *Client) payPage(made order, o campaigns.NewProviderOrder) campaigns.PayPage {
	form := map[string]string{
		"key_id": c.cfg.KeyID, "order_id": made.ID, "amount": strconv.FormatInt(made.Amount, 10), "currency": made.Currency,
		"name": c.cfg.Merchant, "description": o.Description, "callback_url": o.ReturnURL, "cancel_url": o.ReturnURL,
		"prefill[name]": o.Customer.Name, "prefill[email]": o.Customer.Email, "prefill[contact]": o.Customer.Phone,
	}
	for name, value := range form {
		if value == "" {
			delete(form, name)
		}
	}
	return campaigns.PayPage{URL: c.cfg.URL + "/v1/checkout/embedded", Form: form}
}

// Fetch implements campaigns.Provider. It tells no PayPage: that is a form which
// only CreateOrder can fill in.
func (c *Client) Fetch(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	path, err := refPath("/v1/orders/", ref, "order_")
	if err != nil {
		return campaigns.ProviderOrder{}, err
	}
	var o order
	if err := c.call(ctx, http.MethodGet, path, "", nil, &o); err != nil {
		return campaigns.ProviderOrder{}, fmt.Errorf("razorpay: fetch order %s: %w", ref, err)
	}
	told := o.domain()
	if told.Payments, err = c.payments(ctx, o); err != nil {
		return campaigns.ProviderOrder{}, fmt.Errorf("razorpay: fetch order %s: %w", ref, err)
	}
	return told, nil
}

// payments are an order's, the oldest first.
func (c *Client) payments(ctx context.Context, o order) ([]campaigns.ProviderPayment, error) {
	var all collection[payment]
	if err := c.call(ctx, http.MethodGet, "/v1/orders/"+o.ID+"/payments", "", nil, &all); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all.Items, func(a, b payment) int { return int(a.CreatedAt - b.CreatedAt) })
	told := make([]campaigns.ProviderPayment, len(all.Items))
	for i, p := range all.Items {
		told[i] = p.domain()
		told[i].OrderID = o.Notes[noteOrder]
	}
	return told, nil
}

// CloseOrder implements campaigns.Provider: Razorpay has no such thing.
func (c *Client) CloseOrder(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	return c.Fetch(ctx, ref)
}

// Refund implements campaigns.Provider.
func (c *Client) Refund(ctx context.Context, r campaigns.NewProviderRefund) (campaigns.ProviderRefund, error) {
	fail := func(err error) (campaigns.ProviderRefund, error) {
		return campaigns.ProviderRefund{}, fmt.Errorf("razorpay: refund %s of %s: %w", r.Key, r.PaymentRef, err)
	}
	path, err := refPath("/v1/payments/", r.PaymentRef, "pay_")
	if err != nil {
		return fail(err)
	}
	if len(r.Key) < 10 || len(r.Key) > 40 {
		return fail(&campaigns.RefusedError{Code: codeBadRequest, Reason: fmt.Sprintf("the idempotency key has %d characters: want 10 to 40", len(r.Key))})
	}
	var told refund
	if err := c.call(ctx, http.MethodPost, path+"/refund", r.Key, newRefund{
		Amount: r.Amount, Speed: "normal", Receipt: r.Key, Notes: notes{noteReason: r.Reason},
	}, &told); err != nil {
		return fail(err)
	}
	return told.domain(), nil
}

// FetchRefund implements campaigns.Provider.
func (c *Client) FetchRefund(ctx context.Context, q campaigns.RefundQuery) (campaigns.ProviderRefund, error) {
	if q.Ref != "" {
		path, err := refPath("/v1/refunds/", q.Ref, "rfnd_")
		if err != nil {
			return campaigns.ProviderRefund{}, err
		}
		var told refund
		if err := c.call(ctx, http.MethodGet, path, "", nil, &told); err != nil {
			return campaigns.ProviderRefund{}, fmt.Errorf("razorpay: fetch refund %s: %w", q.Ref, err)
		}
		return told.domain(), nil
	}
	path, err := refPath("/v1/payments/", q.PaymentRef, "pay_")
	if err != nil {
		return campaigns.ProviderRefund{}, err
	}
	// A payment is refunded a handful of times; a hundred is the most in one answer.
	for skip := 0; ; skip += page {
		var all collection[refund]
		if err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s/refunds?count=%d&skip=%d", path, page, skip), "", nil, &all); err != nil {
			return campaigns.ProviderRefund{}, fmt.Errorf("razorpay: refunds of %s: %w", q.PaymentRef, err)
		}
		for _, r := range all.Items {
			if q.Key != "" && r.Receipt == q.Key {
				return r.domain(), nil
			}
		}
		if len(all.Items) < page {
			return campaigns.ProviderRefund{}, fmt.Errorf("razorpay: refund %s of %s: %w", q.Key, q.PaymentRef, campaigns.ErrNotAtProvider)
		}
	}
}

const page = 100

// refPath keeps a name of another form from becoming another path.
func refPath(prefix, ref, kind string) (string, error) {
	isName := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	}
	if !strings.HasPrefix(ref, kind) || strings.ContainsFunc(ref, func(r rune) bool { return !isName(r) }) {
		return "", fmt.Errorf("razorpay: %.60q is no name of theirs, want %s…: %w", ref, kind, campaigns.ErrNotAtProvider)
	}
	return prefix + ref, nil
}

// call is one call of the API.
func (c *Client) call(ctx context.Context, method, path, key string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.cfg.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth(c.cfg.KeyID, c.cfg.Secret)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("X-Refund-Idempotency", key)
	}
	status, answer, err := httpcall.Do(c.cfg.HTTP, r)
	switch {
	case err != nil:
		return err
	case status == http.StatusConflict: // the same key is under way
		return fmt.Errorf("%w: it answered %d", campaigns.ErrUnknown, status)
	case status/100 != 2:
		return refusal(status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%w: an answer that is not its JSON: %w", campaigns.ErrUnknown, err)
	}
	return nil
}
