package campaigns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Windows of time and limits of attempts to pay.
const (
	// AskAfter is how old an open attempt gets before its provider is asked.
	AskAfter = 15 * time.Minute
	// AskGrace is how long an order whose pay window has ended is kept for a
	// provider that does not answer.
	AskGrace = 2 * time.Minute
	// askUntil is how old an attempt gets before nobody asks any more: the longest
	// that a provider may still capture it (Razorpay: 5 days), and some.
	askUntil    = 7 * 24 * time.Hour
	askAgain    = time.Minute // after a provider that did not answer
	maxAttempts = 20          // of one order
)

// Paying is an attempt to pay and where it is paid.
type Paying struct {
	Payment Payment
	Order   Order   // as it is after the provider was asked
	Page    PayPage // zero: there is nothing left to pay
}

// Pay opens the pay page of an order that waits to be paid. The attempt is stored
// before the provider is asked, and its id is the provider's key: who asks again
// after ErrUnknown, or clicks twice, gets the same page and pays once.
func (p *Payments) Pay(ctx context.Context, o Order) (Paying, error) {
	switch {
	case o.State != OrderReserved:
		return Paying{}, fmt.Errorf("pay order %s, which is %s: %w: only a reserved one can be paid", o.ID, o.State, ErrTooLate)
	case !p.now().Before(o.PayUntil):
		return Paying{}, fmt.Errorf("pay order %s: %w: its pay window ended at %s", o.ID, ErrTooLate, o.PayUntil.Format(time.RFC3339))
	}
	attempts, err := p.store.PaymentsOfOrder(ctx, o.ID)
	if err != nil {
		return Paying{}, err
	}
	if n := len(attempts); n > 0 {
		if last := attempts[n-1]; last.Provider == p.Provider().Name() && last.State != PaymentCaptured {
			paying, usable, err := p.resume(ctx, o, last)
			if err != nil || usable {
				return paying, err
			}
		}
		if n >= maxAttempts {
			return Paying{}, fmt.Errorf("pay order %s: %w: it was tried %d times", o.ID, ErrTooLate, n)
		}
	}
	now := p.now()
	a := Payment{
		ID: id.New("pat"), OrderID: o.ID, Campaign: o.Campaign, Backer: o.Backer, Provider: p.Provider().Name(), Amount: o.Amount(), Currency: o.Currency,
		State: PaymentCreated, CreatedAt: now, ChangedAt: now, AskAt: earlier(now.Add(AskAfter), o.PayUntil),
	}
	if err := p.store.CreatePayment(ctx, a); errors.Is(err, registry.ErrExists) { // the other click was quicker
		if a, err = p.beginning(ctx, o.ID); err != nil {
			return Paying{}, err
		}
	} else if err != nil {
		return Paying{}, err
	}
	paying, _, err := p.open(ctx, o, a)
	return paying, err
}

// beginning is the attempt of an order that waits for its provider's order.
func (p *Payments) beginning(ctx context.Context, order string) (Payment, error) {
	attempts, err := p.store.PaymentsOfOrder(ctx, order)
	if err != nil {
		return Payment{}, err
	}
	i := slices.IndexFunc(attempts, func(a Payment) bool { return a.State == PaymentCreated && a.ProviderRef == "" })
	if i < 0 { // it went on meanwhile
		return Payment{}, fmt.Errorf("pay order %s: another attempt began at the same time; ask again: %w", order, registry.ErrConflict)
	}
	return attempts[i], nil
}

// resume goes on with an attempt that was begun. It is not usable when it asks for
// another amount than the order by now, or when the provider takes nothing for it
// any more.
func (p *Payments) resume(ctx context.Context, o Order, a Payment) (paying Paying, usable bool, err error) {
	stale := a.Amount != o.Amount() || a.Currency != o.Currency
	switch {
	case a.ProviderRef == "" && (a.State == PaymentFailed || stale):
		if a.State == PaymentFailed {
			return Paying{}, false, nil
		}
		return Paying{}, false, p.store.FailPayment(ctx, a.ID, "the order's amount changed", p.now(), time.Time{})
	case a.ProviderRef == "":
		return p.open(ctx, o, a)
	}
	told, err := p.ask(ctx, a, stale)
	if err != nil {
		return Paying{}, false, err
	}
	return p.paying(ctx, o, a, told)
}

// open has the provider's order made for an attempt, or found again by its key.
func (p *Payments) open(ctx context.Context, o Order, a Payment) (paying Paying, usable bool, err error) {
	told, err := p.create(ctx, o, a)
	if err != nil {
		return Paying{}, false, err
	}
	a.ProviderRef = told.Ref
	return p.paying(ctx, o, a, told)
}

// create makes the provider's order. What the provider refuses ends the attempt;
// without an answer it stays, to be asked for again by the same key.
func (p *Payments) create(ctx context.Context, o Order, a Payment) (ProviderOrder, error) {
	provider, err := p.provider(a.Provider)
	if err != nil {
		return ProviderOrder{}, err
	}
	c, err := p.store.Campaign(ctx, a.Campaign)
	if err != nil {
		return ProviderOrder{}, err
	}
	customer, err := p.customer(ctx, a.Backer)
	if err != nil {
		return ProviderOrder{}, err
	}
	told, err := provider.CreateOrder(ctx, NewProviderOrder{
		Key: a.ID, OrderID: o.ID, Amount: a.Amount, Currency: a.Currency, Description: line(c.Title, 200), Customer: customer,
		ExpiresAt: o.PayUntil, ReturnURL: p.returnURL(o.ID),
	})
	if p.answered(err) != nil {
		if errors.Is(err, ErrRefused) {
			if failed := p.store.FailPayment(ctx, a.ID, err.Error(), p.now(), time.Time{}); failed != nil {
				err = errors.Join(err, failed)
			}
		}
		return ProviderOrder{}, fmt.Errorf("pay order %s by %s: %w", o.ID, a.Provider, err)
	}
	return told, p.store.NamePayment(ctx, a.ID, told.Ref, p.now())
}

// paying is what a buyer sees of an attempt after the provider was asked.
func (p *Payments) paying(ctx context.Context, o Order, a Payment, told ProviderOrder) (Paying, bool, error) {
	if len(told.Payments) > 0 {
		var err error
		if o, err = p.store.Order(ctx, o.ID); err != nil {
			return Paying{}, false, err
		}
		if a, err = p.store.Payment(ctx, a.ID); err != nil {
			return Paying{}, false, err
		}
	}
	usable := told.State == ProviderOrderOpen && told.PayPage.URL != "" && o.State == OrderReserved || o.State != OrderReserved
	out := Paying{Payment: a, Order: o}
	if o.State == OrderReserved {
		out.Page = told.PayPage
	}
	return out, usable, nil
}

// line is a text of one line and at most so many bytes, cut between characters.
func line(s string, most int) string {
	cut := make([]byte, 0, min(len(s), most))
	for _, r := range s {
		if r < ' ' {
			r = ' '
		}
		next := string(r)
		if len(cut)+len(next) > most {
			break
		}
		cut = append(cut, next...)
	}
	return string(cut)
}

// Returned is called when a browser comes back from a pay page. It asks the
// provider, whatever the browser says, and gives the order as it is then. A
// return whose signature is wrong asks nobody.
func (p *Payments) Returned(ctx context.Context, order string, form map[string][]string) (Order, error) {
	attempts, err := p.store.PaymentsOfOrder(ctx, order)
	if err != nil {
		return Order{}, err
	}
	attempts = slices.DeleteFunc(attempts, func(a Payment) bool { return a.ProviderRef == "" })
	if n := len(attempts); n > 0 {
		a := attempts[n-1]
		provider, err := p.provider(a.Provider)
		if err != nil {
			return Order{}, err
		}
		if signed, ok := provider.(ReturnVerifier); ok {
			ref, err := signed.VerifyReturn(form)
			i := slices.IndexFunc(attempts, func(a Payment) bool { return a.ProviderRef == ref })
			if err != nil || i < 0 {
				return Order{}, fmt.Errorf("return from the pay page of order %s: %w", order, ErrBadSignature)
			}
			a = attempts[i]
		}
		if a.State != PaymentCaptured {
			if _, err := p.ask(ctx, a, false); err != nil {
				return Order{}, err
			}
		}
	}
	return p.store.Order(ctx, order)
}

// Attempts are the attempts to pay an order, oldest first.
func (p *Payments) Attempts(ctx context.Context, order string) ([]Payment, error) {
	return p.store.PaymentsOfOrder(ctx, order)
}

// Flagged are the payments that a person should look at.
func (p *Payments) Flagged(ctx context.Context, after string, limit int) ([]Payment, error) {
	return p.store.FlaggedPayments(ctx, after, limit)
}
