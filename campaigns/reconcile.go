package campaigns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// askedAtOnce is how many attempts are looked up together.
const askedAtOnce = 256

// EndPayWindows asks providers about the attempts that are due, and then ends the
// orders whose pay windows have run out: what was paid in the last moment, and told
// by nobody, is found before its order expires.
func (p *Payments) EndPayWindows(ctx context.Context, now time.Time) error {
	_, err := p.Reconcile(ctx, now)
	return errors.Join(err, p.book.Expire(ctx, now))
}

// Reconcile asks providers about every attempt that is due: open ones after 15
// minutes and at the end of their pay window, then less and less often for a week,
// also those that failed, since a bank may say yes late. It tells how many it asked
// about. What cannot be asked now is asked again a minute later.
func (p *Payments) Reconcile(ctx context.Context, now time.Time) (asked int, err error) {
	for ctx.Err() == nil {
		due, err := p.store.DuePayments(ctx, now, askedAtOnce)
		if err != nil || len(due) == 0 {
			return asked, err
		}
		failures := make([]error, len(due))
		eachAtOnce(len(due), p.parallel, func(i int) { failures[i] = p.reconcile(ctx, &due[i], now) })
		if err := errors.Join(failures...); err != nil {
			return asked, err
		}
		asked += len(due)
	}
	return asked, ctx.Err()
}

// reconcile asks about one attempt, and plans the next time. An error is the
// store's; the provider's are logged.
func (p *Payments) reconcile(ctx context.Context, d *DuePayment, now time.Time) error {
	if d.State == PaymentCaptured {
		return p.store.AskPaymentAt(ctx, d.ID, time.Time{})
	}
	over := d.OrderState != OrderReserved || !now.Before(d.PayUntil)
	told, err := p.look(ctx, d, over)
	switch {
	case errors.Is(err, registry.ErrUnavailable), ctx.Err() != nil:
		return err
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNotAtProvider):
		if failed := p.store.FailPayment(ctx, d.ID, err.Error(), now, time.Time{}); failed != nil && !errors.Is(failed, registry.ErrConflict) {
			return failed
		}
		return p.store.AskPaymentAt(ctx, d.ID, time.Time{})
	case err != nil:
		p.log.Warn("the provider of a payment was asked in vain", "payment", d.ID, "order", d.OrderID, "provider", d.Provider, "err", err)
		return p.store.AskPaymentAt(ctx, d.ID, now.Add(askAgain))
	}
	next := d.nextAsk(now, over)
	if over && told.State == ProviderOrderExpired && !slices.ContainsFunc(told.Payments, underWay) || next.IsZero() {
		failed := p.store.FailPayment(ctx, d.ID, "it was not paid in time", now, next)
		if failed != nil && !errors.Is(failed, registry.ErrConflict) {
			return failed
		}
	}
	return p.store.AskPaymentAt(ctx, d.ID, next) // of a captured one this changes nothing
}

func underWay(p ProviderPayment) bool { return p.State != PaymentFailed }

// nextAsk is when a provider is asked again; zero for never.
func (d *DuePayment) nextAsk(now time.Time, over bool) time.Time {
	age := now.Sub(d.CreatedAt)
	switch {
	case !over:
		return earlier(now.Add(AskAfter), d.PayUntil)
	case age >= askUntil:
		return time.Time{}
	}
	return now.Add(max(AskAfter, age/2))
}

// look asks about an attempt; one of which we never heard the provider's name is
// asked for by its key.
func (p *Payments) look(ctx context.Context, d *DuePayment, over bool) (ProviderOrder, error) {
	if d.ProviderRef == "" {
		if d.State == PaymentFailed {
			return ProviderOrder{}, fmt.Errorf("payment %s: %w", d.ID, ErrNotAtProvider)
		}
		o, err := p.store.Order(ctx, d.OrderID)
		if err != nil {
			return ProviderOrder{}, err
		}
		told, err := p.create(ctx, o, d.Payment)
		if err != nil {
			return told, err
		}
		d.ProviderRef = told.Ref
	}
	return p.ask(ctx, d.Payment, over)
}

// ask asks a provider about an attempt and applies what it says; with done the
// provider takes nothing for it any more.
func (p *Payments) ask(ctx context.Context, a Payment, done bool) (ProviderOrder, error) {
	provider, err := p.provider(a.Provider)
	if err != nil {
		return ProviderOrder{}, err
	}
	var told ProviderOrder
	if done {
		told, err = provider.CloseOrder(ctx, a.ProviderRef)
	} else {
		told, err = provider.Fetch(ctx, a.ProviderRef)
	}
	if p.answered(err) != nil {
		return told, fmt.Errorf("payment %s of order %s: %w", a.ID, a.OrderID, err)
	}
	return told, errors.Join(p.Apply(ctx, heardOf(a.Provider, told))...)
}

// heardOf are what an order of a provider says.
func heardOf(provider string, told ProviderOrder) []Heard {
	words := make([]Heard, len(told.Payments))
	for i := range told.Payments {
		words[i] = Heard{Provider: provider, OrderRef: told.Ref, OrderID: told.OrderID, Payment: &told.Payments[i]}
	}
	return words
}
