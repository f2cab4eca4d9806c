package simulator

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// refund is money on its way back, as it is kept.
type refund struct {
	Refund
	DueAt time.Time `json:"due_at"` // when it is processed
	in    *order
}

func (p *PSP) refund(ctx context.Context, key string, n newRefund) (Refund, error) {
	if err := checkKey(key); err != nil {
		return Refund{}, err
	}
	p.mu.Lock()
	r, err := p.takeRefund(key, n)
	if err != nil {
		// A refusal is only as true as what it was judged by: that is stored first.
		b := p.stored()
		p.mu.Unlock()
		if stored := b.wait(ctx); stored != nil {
			return Refund{}, stored
		}
		return Refund{}, err
	}
	return p.tellRefund(ctx, r)
}

// takeRefund takes a refund on, or finds the one that it is. p.mu is held.
func (p *PSP) takeRefund(key string, n newRefund) (*refund, error) {
	refused := func(code, format string, args ...any) error {
		return &campaigns.RefusedError{Code: code, Reason: fmt.Sprintf(format, args...)}
	}
	if r := p.refKeys[key]; r != nil {
		if r.Payment != n.Payment || r.Amount != n.Amount || r.Currency != n.Currency || r.Reason != n.Reason {
			return nil, refused(codeKeyReused, "key %s was used for refund %s, which is not the same", key, r.ID)
		}
		return r, nil
	}
	o := p.payments[n.Payment]
	if o == nil {
		return nil, fmt.Errorf("payment %.60q: %w", n.Payment, campaigns.ErrNotAtProvider)
	}
	now := p.now()
	p.advance(o, now)
	pay := o.attempt(n.Payment)
	switch {
	case n.Amount <= 0:
		return nil, refused(codeInvalid, "amount %d: want more than 0", n.Amount)
	case n.Currency != o.New.Currency:
		return nil, refused(codeInvalid, "currency %.8q: the payment was in %s", n.Currency, o.New.Currency)
	case len(n.Reason) > 250:
		return nil, refused(codeInvalid, "reason of %d bytes: want at most 250", len(n.Reason))
	case pay.State != campaigns.PaymentCaptured:
		return nil, refused(codeNotCaptured, "payment %s is %s, not captured", pay.ID, pay.State)
	case n.Amount > pay.Amount-pay.Refunded:
		return nil, refused(codeTooMuch, "refund of %d: of payment %s %d is left", n.Amount, pay.ID, pay.Amount-pay.Refunded)
	case n.Amount > p.available():
		return nil, fmt.Errorf("refund of %d: %w: it is %d", n.Amount, campaigns.ErrInsufficientBalance, p.available())
	}
	r := &refund{Refund: Refund{
		ID: id.New("pspref"), Key: key, Payment: pay.ID, Amount: n.Amount, Currency: n.Currency,
		State: campaigns.RefundSent, Reason: n.Reason, CreatedAt: now, ChangedAt: now,
	}, DueAt: now.Add(p.opt.ProcessRefund), in: o}
	o.Refunds = append(o.Refunds, r)
	p.refunds[r.ID], p.refKeys[key] = r, r
	pay.Refunded += n.Amount
	p.settled -= n.Amount
	p.keep(kindOrder, o.ID, o)
	p.plan(o)
	return r, nil
}

// tellRefund is the refund as it is now. It takes over p.mu, and gives it back.
func (p *PSP) tellRefund(ctx context.Context, r *refund) (Refund, error) {
	p.advance(r.in, p.now())
	told, b := r.Refund, p.stored()
	p.mu.Unlock()
	return told, b.wait(ctx)
}

// fetchRefund finds a refund by its ref, or by payment and key.
func (p *PSP) fetchRefund(ctx context.Context, ref, payment, key string) (Refund, error) {
	p.mu.Lock()
	r := p.refunds[ref]
	if ref == "" {
		if r = p.refKeys[key]; r != nil && r.Payment != payment {
			r = nil
		}
	}
	if r == nil {
		// "There is none" must hold: a refund under way is stored or undone first.
		b := p.stored()
		p.mu.Unlock()
		if err := b.wait(ctx); err != nil {
			return Refund{}, err
		}
		return Refund{}, fmt.Errorf("refund %.60q of payment %.60q with key %.60q: %w", ref, payment, key, campaigns.ErrNotAtProvider)
	}
	return p.tellRefund(ctx, r)
}

// finishRefund is the bank's answer. p.mu is held.
func (p *PSP) finishRefund(o *order, r *refund, at time.Time) {
	pay := o.attempt(r.Payment)
	r.ChangedAt = at
	if pay.with().RefundFails {
		r.State, r.Failure = campaigns.RefundFailed, "the buyer's account is closed"
		pay.Refunded -= r.Amount
		p.settled += r.Amount
	} else {
		r.State, r.BankRef = campaigns.RefundProcessed, bankRef(r.ID)
	}
	told, paid := r.Refund, pay.public(o)
	p.emit(o, at, "refund."+string(r.State), &paid, &told)
}

// bankRef is a number of twelve digits, as banks give.
func bankRef(ref string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(ref))
	return fmt.Sprintf("%012d", h.Sum64()%1_000_000_000_000)
}
