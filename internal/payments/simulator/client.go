package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/httpcall"
)

// Client is the merchant's side: a campaigns.Provider that speaks to a PSP over
// HTTP.
type Client struct {
	base    string
	keys    Keys
	webhook []string
	http    *http.Client
	now     func() time.Time
}

var (
	_ campaigns.Provider       = (*Client)(nil)
	_ campaigns.ReturnVerifier = (*Client)(nil)
)

// ClientConfig says which PSP a Client speaks to.
type ClientConfig struct {
	URL            string // of the PSP with its path: "http://127.0.0.1:8080/psp"
	ID, Secret     string
	WebhookSecrets []string         // any of them signs; two while one replaces the other
	HTTP           *http.Client     // one with a time-out of 10 s when nil
	Now            func() time.Time // time.Now when nil
}

// NewClient makes a Client.
func NewClient(c ClientConfig) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("payment simulator: URL %q: want http://HOST/PATH", c.URL)
	}
	if c.ID == "" || c.Secret == "" || len(c.WebhookSecrets) == 0 || slices.Contains(c.WebhookSecrets, "") {
		return nil, errors.New("payment simulator: key id, secret and webhook secret are needed")
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{
		base: strings.TrimRight(c.URL, "/") + "/v1", keys: Keys{ID: c.ID, Secret: c.Secret},
		webhook: c.WebhookSecrets, http: c.HTTP, now: c.Now,
	}, nil
}

// Client is the merchant's side of this PSP, without a socket between.
func (p *PSP) Client() *Client {
	return &Client{
		base: "http://psp.invalid" + p.opt.Path + "/v1", keys: p.keys, webhook: []string{p.keys.Webhook},
		http: &http.Client{Transport: InProcess(p), Timeout: 10 * time.Second}, now: p.opt.Now,
	}
}

// Name implements campaigns.Provider.
func (c *Client) Name() string { return "simulator" }

// Methods implements campaigns.Provider.
func (c *Client) Methods() []campaigns.PaymentMethod { return slices.Clone(methods) }

// CreateOrder implements campaigns.Provider.
func (c *Client) CreateOrder(ctx context.Context, o campaigns.NewProviderOrder) (campaigns.ProviderOrder, error) {
	var told Order
	err := c.call(ctx, http.MethodPost, "/orders", o.Key, newOrder{
		OrderID: o.OrderID, Amount: o.Amount, Currency: o.Currency, Description: o.Description,
		Name: o.Customer.Name, Email: o.Customer.Email, Phone: o.Customer.Phone, ExpiresAt: o.ExpiresAt, ReturnURL: o.ReturnURL,
	}, &told)
	return told.domain(), wrap(err, "create order %s", o.OrderID)
}

// Fetch implements campaigns.Provider.
func (c *Client) Fetch(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	var told Order
	err := c.call(ctx, http.MethodGet, "/orders/"+url.PathEscape(ref), "", nil, &told)
	return told.domain(), wrap(err, "fetch order %.60q", ref)
}

// CloseOrder implements campaigns.Provider.
func (c *Client) CloseOrder(ctx context.Context, ref string) (campaigns.ProviderOrder, error) {
	var told Order
	err := c.call(ctx, http.MethodPost, "/orders/"+url.PathEscape(ref)+"/close", "", nil, &told)
	return told.domain(), wrap(err, "close order %.60q", ref)
}

// Refund implements campaigns.Provider.
func (c *Client) Refund(ctx context.Context, r campaigns.NewProviderRefund) (campaigns.ProviderRefund, error) {
	var told Refund
	err := c.call(ctx, http.MethodPost, "/refunds", r.Key, newRefund{Payment: r.PaymentRef, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason}, &told)
	return told.domain(), wrap(err, "refund %s of payment %.60q", r.Key, r.PaymentRef)
}

// FetchRefund implements campaigns.Provider.
func (c *Client) FetchRefund(ctx context.Context, q campaigns.RefundQuery) (campaigns.ProviderRefund, error) {
	path := "/refunds?" + url.Values{"payment": {q.PaymentRef}, "key": {q.Key}}.Encode()
	if q.Ref != "" {
		path = "/refunds/" + url.PathEscape(q.Ref)
	}
	var told Refund
	err := c.call(ctx, http.MethodGet, path, "", nil, &told)
	return told.domain(), wrap(err, "fetch refund %.60q of payment %.60q", q.Ref+q.Key, q.PaymentRef)
}

// ParseEvent implements campaigns.Provider.
func (c *Client) ParseEvent(headers map[string][]string, body []byte) (campaigns.ProviderEvent, error) {
	if err := verify(c.webhook, http.Header(headers).Get(headerSignature), c.now(), body); err != nil {
		return campaigns.ProviderEvent{}, wrap(err, "event")
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return campaigns.ProviderEvent{}, wrap(fmt.Errorf("%w: %w", campaigns.ErrBadEvent, err), "event")
	}
	told := campaigns.ProviderEvent{ID: e.ID, Kind: eventKind(e.Name), Name: e.Name, At: e.CreatedAt, OrderRef: e.Order, OrderID: e.OrderID}
	if e.Payment != nil {
		pay := e.Payment.domain()
		told.Payment = &pay
	}
	if e.Refund != nil {
		r := e.Refund.domain()
		told.Refund = &r
	}
	if e.ID == "" || told.Kind == campaigns.EventPayment && told.Payment == nil || told.Kind == campaigns.EventRefund && told.Refund == nil {
		return campaigns.ProviderEvent{}, wrap(fmt.Errorf("%w: %q lacks its id, payment or refund", campaigns.ErrBadEvent, e.Name), "event %.60q", e.ID)
	}
	return told, nil
}

// VerifyReturn implements campaigns.ReturnVerifier.
func (c *Client) VerifyReturn(form map[string][]string) (string, error) {
	v := url.Values(form)
	ref := v.Get(returnOrder)
	for _, secret := range c.webhook {
		if v.Get(returnSignature) == mac(secret, returnPurpose, ref) { // not secret: it stands in the buyer's address bar
			return ref, nil
		}
	}
	return "", wrap(campaigns.ErrBadSignature, "return of order %.60q", ref)
}

// Fields of the way back.
const (
	returnOrder     = "psp_order"
	returnSignature = "psp_signature"
	returnPurpose   = "return|" // so that it is no signature of an event
)

// call is one call of the API.
func (c *Client) call(ctx context.Context, method, path, key string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth(c.keys.ID, c.keys.Secret)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	status, answer, err := httpcall.Do(c.http, r)
	if err != nil {
		return err
	}
	if status/100 == 2 {
		if err := json.Unmarshal(answer, out); err != nil {
			return fmt.Errorf("%w: an answer that is not its JSON: %w", campaigns.ErrUnknown, err)
		}
		return nil
	}
	var f failure
	if err := json.Unmarshal(answer, &f); err != nil || f.Error.Code == "" {
		return fmt.Errorf("%w: it answered %d without saying why", campaigns.ErrUnknown, status)
	}
	if f.Error.Code == codeBalance {
		return fmt.Errorf("%w (%s)", campaigns.ErrInsufficientBalance, f.Error.Message)
	}
	return &campaigns.RefusedError{Code: f.Error.Code, Reason: f.Error.Message}
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("payment simulator: "+format+": %w", append(args, err)...)
}

func (o Order) domain() campaigns.ProviderOrder {
	told := campaigns.ProviderOrder{
		Ref: o.ID, OrderID: o.OrderID, Amount: o.Amount, Currency: o.Currency, State: o.State, ExpiresAt: o.ExpiresAt,
		PayPage: campaigns.PayPage{URL: o.PayURL},
	}
	for _, pay := range o.Payments {
		told.Payments = append(told.Payments, pay.domain())
	}
	return told
}

func (p Payment) domain() campaigns.ProviderPayment {
	return campaigns.ProviderPayment{
		Ref: p.ID, OrderRef: p.Order, OrderID: p.OrderID, State: p.State, Method: p.Method, Hint: p.Hint, Amount: p.Amount,
		Currency: p.Currency, Fee: p.Fee, Failure: p.Failure, CreatedAt: p.CreatedAt, ChangedAt: p.ChangedAt,
	}
}

func (r Refund) domain() campaigns.ProviderRefund {
	return campaigns.ProviderRefund{
		Ref: r.ID, Key: r.Key, PaymentRef: r.Payment, Amount: r.Amount, Currency: r.Currency, State: r.State,
		Failure: r.Failure, BankRef: r.BankRef, CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt,
	}
}
