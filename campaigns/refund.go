package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// refundsAtOnce is how many refunds are sent, and stored as sent, together.
const refundsAtOnce = 1024

// RefundsDue says whether SendRefunds has something to do.
func (p *Payments) RefundsDue(ctx context.Context) (bool, error) {
	due, err := p.store.DueRefunds(ctx, p.now(), 1)
	return len(due) > 0, err
}

// SendRefunds does what is due about refunds, and says for how many: those that
// are queued are sent under their keys, those that were sent long ago are asked
// about. Which were done is stored after each round; after a kill in between the
// same ones are sent again under the same keys, and the provider does each once.
func (p *Payments) SendRefunds(ctx context.Context) (int, error) {
	due, err := p.store.DueRefunds(ctx, p.now(), refundsAtOnce)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	words, errs := make([]Heard, len(due)), make([]error, len(due))
	eachAtOnce(len(due), p.parallel, func(i int) { words[i], errs[i] = p.sendRefund(ctx, &due[i]) })
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	var heard []Heard
	var of []int
	var ops []Op
	for i := range due {
		switch {
		case due[i].State == RefundFailed: // killed between two steps
			ops = append(ops, due[i].move(RefundFailed, afterFailure(&due[i].Refund), due[i].LastError, p.now().Add(retryRefundAfter)))
		case errs[i] == nil:
			heard, of = append(heard, words[i]), append(of, i)
		case due[i].State == RefundSent && errors.Is(errs[i], ErrNotAtProvider): // it forgot
			ops = append(ops, due[i].move(RefundSent, RefundFailed, errs[i].Error(), time.Time{}),
				due[i].move(RefundFailed, afterFailure(&due[i].Refund), errs[i].Error(), time.Time{}))
			errs[i] = nil
		case hopeless(errs[i]):
			ops = append(ops, due[i].refused(errs[i])...)
			errs[i] = nil
		}
	}
	for j, err := range p.Apply(ctx, heard) {
		errs[of[j]] = err
	}
	failed := p.book.doEach(ctx, ops)
	var later []Refund
	for i := range due {
		switch r := due[i].Refund; {
		case errs[i] != nil:
			r.Attempts++
			r.LastError = line(errs[i].Error(), 300)
			r.WakeAt = p.now().Add(r.patience())
			later = append(later, r)
			p.log.Warn("a refund has to wait", "refund", r.ID, "order", r.OrderID, "state", r.State, "until", r.WakeAt, "err", errs[i])
		case r.State == RefundSent && words[i].Refund != nil && words[i].Refund.State == RefundSent:
			r.Attempts++
			r.WakeAt = p.now().Add(r.patience())
			later = append(later, r)
		}
	}
	return len(due), errors.Join(failed, p.store.PutOffRefunds(ctx, later))
}

// patience is how long until a refund is looked at again.
func (r *Refund) patience() time.Duration {
	if r.State == RefundSent {
		return backoff(AskRefundAfter, r.Attempts, 24*time.Hour)
	}
	return backoff(time.Minute, r.Attempts, time.Hour)
}

// hopeless says whether the provider would say the same again.
func hopeless(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrNotAtProvider)
}

// move is a step of a refund.
func (d *DueRefund) move(from, to RefundState, why string, wake time.Time) *MoveRefund {
	return &MoveRefund{
		Campaign: d.Campaign, OrderID: d.OrderID, RefundID: d.ID, PaymentID: d.PaymentID, From: from, To: to, Error: line(why, 300), Wake: wake,
	}
}

// refused are the steps of a refund that the provider will not do: a person must.
func (d *DueRefund) refused(err error) []Op {
	return []Op{
		d.move(d.State, RefundFailed, err.Error(), time.Time{}),
		d.move(RefundFailed, RefundManual, err.Error(), time.Time{}),
	}
}

// sendRefund gives a refund to its provider, or asks what became of it.
func (p *Payments) sendRefund(ctx context.Context, d *DueRefund) (Heard, error) {
	if d.State == RefundFailed {
		return Heard{}, nil
	}
	provider, err := p.provider(d.Provider)
	if err != nil {
		// Not hopeless: it is set up again, or somebody pays by hand.
		return Heard{}, fmt.Errorf("refund %s: %w: payment provider %q is not set up here", d.ID, registry.ErrUnavailable, d.Provider)
	}
	var told ProviderRefund
	if d.State == RefundSent {
		told, err = provider.FetchRefund(ctx, RefundQuery{Ref: d.ProviderRef, PaymentRef: d.PaymentRef, Key: d.Key()})
	} else {
		told, err = provider.Refund(ctx, NewProviderRefund{
			Key: d.Key(), PaymentRef: d.PaymentRef, Amount: d.Amount, Currency: d.Currency, Reason: line(d.Reason, 200),
		})
	}
	if told.Key == "" {
		told.Key = d.Key()
	}
	return Heard{Provider: d.Provider, Refund: &told}, p.answered(err)
}

// RetryRefund gives a refund that waits for a person to its provider once more,
// as a new try. One that is proposed to be paid by hand is not: it would go back twice.
func (p *Payments) RetryRefund(ctx context.Context, actor, refund string) (Refund, error) {
	r, err := p.store.Refund(ctx, refund)
	if err != nil {
		return r, err
	}
	if r.Try >= 9 {
		return r, fmt.Errorf("%w: refund %s was tried %d times; pay it back by hand", ErrBadOrder, r.ID, r.Try)
	}
	a, err := p.book.Do(ctx, &MoveRefund{
		Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, From: RefundManual, To: RefundQueued, Actor: actor,
	})
	return a.Refund, err
}

// RefundsOfOrder are the refunds of an order, oldest first.
func (p *Payments) RefundsOfOrder(ctx context.Context, order string) ([]Refund, error) {
	return p.store.RefundsOfOrder(ctx, order)
}

// RefundsInState lists refunds, for operators.
func (p *Payments) RefundsInState(ctx context.Context, state RefundState, after string, limit int) ([]Refund, error) {
	return p.store.RefundsInState(ctx, state, after, limit)
}
