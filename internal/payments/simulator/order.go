package simulator

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// order is an order as it is kept, with its payments and refunds.
type order struct {
	ID        string     `json:"id"`
	Key       string     `json:"key"`
	Token     string     `json:"token"` // opens the pay page: random, so the page needs no login
	New       newOrder   `json:"new"`
	CreatedAt time.Time  `json:"created_at"`
	ClosedAt  time.Time  `json:"closed_at"` // by the merchant; zero: not
	Expired   bool       `json:"expired"`   // its end was noted
	Paid      bool       `json:"paid"`
	Attempts  []*payment `json:"attempts"`
	Refunds   []*refund  `json:"refunds"`

	planned time.Time // the appointment on the agenda
}

// ends is when the order takes no more payments.
func (o *order) ends() time.Time {
	if !o.ClosedAt.IsZero() && o.ClosedAt.Before(o.New.ExpiresAt) {
		return o.ClosedAt
	}
	return o.New.ExpiresAt
}

func (o *order) state() campaigns.ProviderOrderState {
	switch {
	case o.Paid:
		return campaigns.ProviderOrderPaid
	case o.Expired:
		return campaigns.ProviderOrderExpired
	}
	return campaigns.ProviderOrderOpen
}

// due is the order's next planned step: when, and what it does. What is planned
// for the same instant happens in this order: the end of the pay window first, so
// that a capture in that instant is a late one.
func (o *order) due() (at time.Time, do func(p *PSP, at time.Time)) {
	earlier := func(t time.Time, f func(p *PSP, at time.Time)) {
		if at.IsZero() || t.Before(at) {
			at, do = t, f
		}
	}
	if !o.Expired && !o.Paid {
		earlier(o.ends(), func(p *PSP, at time.Time) {
			o.Expired = true
			p.emit(o, at, "order.expired", nil, nil)
		})
	}
	for _, pay := range o.Attempts {
		if len(pay.Script) > 0 {
			earlier(pay.Script[0].At, func(p *PSP, at time.Time) { p.nextStep(o, pay, at) })
		}
		if !pay.SettleAt.IsZero() {
			earlier(pay.SettleAt, func(p *PSP, _ time.Time) { p.settle(pay) })
		}
	}
	for _, r := range o.Refunds {
		if r.State == campaigns.RefundSent {
			earlier(r.DueAt, func(p *PSP, at time.Time) { p.finishRefund(o, r, at) })
		}
	}
	return at, do
}

// advance does what the order has planned until now, in its order, and plans the
// rest. p.mu is held.
func (p *PSP) advance(o *order, now time.Time) {
	moved := false
	for {
		at, do := o.due()
		if at.IsZero() || at.After(now) {
			break
		}
		do(p, at)
		moved = true
	}
	if moved {
		p.keep(kindOrder, o.ID, o)
	}
	p.flush(o)
	p.plan(o)
}

// most is the largest amount of one order, in minor units: a crore of rupees.
const most = 1_00_00_000_00

func (n newOrder) check(now time.Time) error {
	invalid := func(format string, args ...any) error {
		return &campaigns.RefusedError{Code: codeInvalid, Reason: fmt.Sprintf(format, args...)}
	}
	u, err := url.Parse(n.ReturnURL)
	switch {
	case n.OrderID == "" || len(n.OrderID) > 64:
		return invalid("order_id %.80q: want 1 to 64 bytes", n.OrderID)
	case n.Amount < 100 || n.Amount > most:
		return invalid("amount %d: want 100 to %d minor units", n.Amount, int64(most))
	case len(n.Currency) != 3 || strings.Trim(n.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return invalid("currency %.8q: want an ISO 4217 code such as INR", n.Currency)
	case len(n.Description) > 250 || len(n.Name) > 250 || len(n.Email) > 250 || len(n.Phone) > 40:
		return invalid("description, name or email of more than 250 bytes, or phone of more than 40")
	case !n.ExpiresAt.After(now):
		return invalid("expires_at %s is not after now, %s", n.ExpiresAt.Format(time.RFC3339), now.Format(time.RFC3339))
	case n.ExpiresAt.Sub(now) > 7*24*time.Hour:
		return invalid("expires_at %s: at most 7 days ahead", n.ExpiresAt.Format(time.RFC3339))
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return invalid("return_url %.200q: want an absolute http or https address", n.ReturnURL)
	}
	return nil
}

func checkKey(key string) error {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	if key == "" || len(key) > 40 || strings.ContainsFunc(key, func(r rune) bool { return !ok(r) }) {
		return &campaigns.RefusedError{Code: codeInvalid, Reason: fmt.Sprintf("idempotency key %.60q: want 1 to 40 of letters, digits, _ and -", key)}
	}
	return nil
}

func (p *PSP) createOrder(ctx context.Context, key string, n newOrder) (Order, error) {
	if err := checkKey(key); err != nil {
		return Order{}, err
	}
	n.ExpiresAt = n.ExpiresAt.UTC()
	p.mu.Lock()
	o := p.byKey[key]
	switch {
	case o == nil:
		now := p.now()
		if err := n.check(now); err != nil {
			p.mu.Unlock()
			return Order{}, err
		}
		o = &order{ID: id.New("psporder"), Key: key, Token: rand.Text(), New: n, CreatedAt: now}
		p.remember(o)
		p.keep(kindOrder, o.ID, o)
		p.plan(o)
	case o.New != n:
		p.mu.Unlock()
		return Order{}, &campaigns.RefusedError{Code: codeKeyReused, Reason: fmt.Sprintf("key %s was used for order %s, which is not the same", key, o.New.OrderID)}
	}
	return p.tell(ctx, o)
}

// tell is the order as it is now. It takes over p.mu, and gives it back.
func (p *PSP) tell(ctx context.Context, o *order) (Order, error) {
	p.advance(o, p.now())
	told, b := p.order(o), p.stored()
	p.mu.Unlock()
	return told, b.wait(ctx)
}

func (p *PSP) fetchOrder(ctx context.Context, ref string) (Order, error) {
	p.mu.Lock()
	o := p.orders[ref]
	if o == nil {
		p.mu.Unlock()
		return Order{}, fmt.Errorf("order %.60q: %w", ref, campaigns.ErrNotAtProvider)
	}
	return p.tell(ctx, o)
}

func (p *PSP) closeOrder(ctx context.Context, ref string) (Order, error) {
	p.mu.Lock()
	o := p.orders[ref]
	if o == nil {
		p.mu.Unlock()
		return Order{}, fmt.Errorf("order %.60q: %w", ref, campaigns.ErrNotAtProvider)
	}
	now := p.now()
	p.advance(o, now)
	if o.state() == campaigns.ProviderOrderOpen {
		o.ClosedAt = now
		p.keep(kindOrder, o.ID, o)
	}
	return p.tell(ctx, o)
}

// order is o in the PSP's JSON. p.mu is held.
func (p *PSP) order(o *order) Order {
	told := Order{
		ID: o.ID, OrderID: o.New.OrderID, Amount: o.New.Amount, Currency: o.New.Currency, State: o.state(),
		CreatedAt: o.CreatedAt, ExpiresAt: o.ends(), Payments: make([]Payment, 0, len(o.Attempts)),
	}
	if told.State == campaigns.ProviderOrderOpen {
		told.PayURL = p.opt.PublicURL + p.payPath(o)
	}
	for _, pay := range o.Attempts {
		told.Payments = append(told.Payments, pay.public(o))
	}
	return told
}
