package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// payment is an attempt to pay, as it is kept.
type payment struct {
	ID         string                  `json:"id"`
	Attempt    string                  `json:"attempt"` // of the form that was sent: sent twice, it is one payment
	State      campaigns.PaymentState  `json:"state"`
	Method     campaigns.PaymentMethod `json:"method"`
	Instrument string                  `json:"instrument"` // its name: no card number
	Hint       string                  `json:"hint"`
	Amount     int64                   `json:"amount"`
	Fee        int64                   `json:"fee"`
	Refunded   int64                   `json:"refunded"`
	Failure    string                  `json:"failure,omitempty"`
	CreatedAt  time.Time               `json:"created_at"`
	ChangedAt  time.Time               `json:"changed_at"`
	Asks       challenge               `json:"asks,omitempty"` // what the buyer must do before it goes on
	Wrong      int                     `json:"wrong,omitempty"`
	Script     []step                  `json:"script,omitempty"`
	SettleAt   time.Time               `json:"settle_at"` // zero: nothing to settle, or settled
	Settled    bool                    `json:"settled,omitempty"`
}

// step is what will happen to a payment.
type step struct {
	At      time.Time              `json:"at"`
	State   campaigns.PaymentState `json:"state"`
	Failure string                 `json:"failure,omitempty"`
}

func (pay *payment) public(o *order) Payment {
	return Payment{
		ID: pay.ID, Order: o.ID, OrderID: o.New.OrderID, State: pay.State, Method: pay.Method, Hint: pay.Hint,
		Amount: pay.Amount, Currency: o.New.Currency, Fee: pay.Fee, Refunded: pay.Refunded, Failure: pay.Failure,
		CreatedAt: pay.CreatedAt, ChangedAt: pay.ChangedAt,
	}
}

// maxAttempts is how often one order may be tried to be paid.
const maxAttempts = 20

// attempt begins a payment with an instrument; again with the same attempt it is
// the same payment.
func (p *PSP) attempt(ctx context.Context, o *order, attempt string, in Instrument, hint string) (Payment, error) {
	p.mu.Lock()
	now := p.now()
	p.advance(o, now)
	for _, pay := range o.Attempts {
		if pay.Attempt == attempt {
			told, b := pay.public(o), p.stored()
			p.mu.Unlock()
			return told, b.wait(ctx)
		}
	}
	if err := o.takesPayment(); err != nil {
		b := p.stored()
		p.mu.Unlock()
		if err := b.wait(ctx); err != nil {
			return Payment{}, err
		}
		return Payment{}, err
	}
	pay := &payment{
		ID: id.New("psppay"), Attempt: attempt, Method: in.Method, Instrument: in.name(), Hint: hint,
		Amount: o.New.Amount - in.Short, CreatedAt: now, Asks: in.asks,
	}
	o.Attempts = append(o.Attempts, pay)
	p.payments[pay.ID] = o
	p.keep(kindOrder, o.ID, o)
	p.move(o, pay, campaigns.PaymentPending, "", now)
	if pay.Asks == asksNothing {
		pay.Script = in.script(now, o)
	}
	return p.tellPayment(ctx, o, pay)
}

func (o *order) takesPayment() error {
	reason := ""
	switch {
	case o.Paid:
		reason = "this order is already paid"
	case o.Expired:
		reason = "the time to pay has run out"
	case len(o.Attempts) >= maxAttempts:
		reason = fmt.Sprintf("this order was tried %d times", maxAttempts)
	default:
		return nil
	}
	return &campaigns.RefusedError{Code: codeInvalid, Reason: reason}
}

// tellPayment goes on with a payment as far as it goes by itself. It takes over
// p.mu, and gives it back.
func (p *PSP) tellPayment(ctx context.Context, o *order, pay *payment) (Payment, error) {
	p.advance(o, p.now())
	told, b := pay.public(o), p.stored()
	p.mu.Unlock()
	return told, b.wait(ctx)
}

// answer is what the buyer did about what the payment asks.
func (p *PSP) answer(ctx context.Context, o *order, ref, said string) (Payment, error) {
	p.mu.Lock()
	now := p.now()
	p.advance(o, now)
	pay := o.attempt(ref)
	if pay == nil {
		p.mu.Unlock()
		return Payment{}, fmt.Errorf("payment %.60q of order %s: %w", ref, o.ID, campaigns.ErrNotAtProvider)
	}
	if pay.Asks == asksNothing || pay.State != campaigns.PaymentPending { // answered twice
		return p.tellPayment(ctx, o, pay)
	}
	p.keep(kindOrder, o.ID, o)
	switch verdict := pay.Asks.judge(said, pay.Wrong); verdict {
	case answerRight:
		pay.Asks, pay.Script = asksNothing, pay.with().script(now, o)
	case answerWrong:
		pay.Wrong++
	default:
		pay.Asks, pay.Script = asksNothing, []step{{At: now, State: campaigns.PaymentFailed, Failure: string(verdict)}}
	}
	return p.tellPayment(ctx, o, pay)
}

func (o *order) attempt(ref string) *payment {
	for _, pay := range o.Attempts {
		if pay.ID == ref {
			return pay
		}
	}
	return nil
}

// nextStep does the first step of a payment's script. p.mu is held.
func (p *PSP) nextStep(o *order, pay *payment, at time.Time) {
	s := pay.Script[0]
	pay.Script = pay.Script[1:]
	p.move(o, pay, s.State, s.Failure, at)
}

// move brings a payment into a state. p.mu is held.
func (p *PSP) move(o *order, pay *payment, to campaigns.PaymentState, why string, at time.Time) {
	if to == campaigns.PaymentCaptured && o.Paid {
		// An order is paid once: the bank gets this one back at once.
		to, why, pay.Script = campaigns.PaymentFailed, "the order was already paid by another payment", nil
	}
	pay.State, pay.Failure, pay.ChangedAt = to, why, at
	if to == campaigns.PaymentCaptured {
		o.Paid = true
		pay.Fee = pay.Amount * p.opt.FeeBasisPoints / 10_000
		pay.SettleAt = at.Add(p.opt.SettleAfter)
		p.pending += pay.Amount - pay.Fee
	}
	told := pay.public(o)
	p.emit(o, at, "payment."+string(to), &told, nil)
	if to == campaigns.PaymentCaptured {
		p.emit(o, at, "order.paid", &told, nil)
	}
}

// Pay pays an order without its page, with a test instrument: for sample worlds,
// tests and load. The same attempt is the same payment.
func (p *PSP) Pay(ctx context.Context, orderRef, attempt string, method campaigns.PaymentMethod, instrument string) (Payment, error) {
	in, known := instrumentOf(method, instrument)
	if !known {
		return Payment{}, fmt.Errorf("pay order %s: no test instrument %q of method %q", orderRef, instrument, method)
	}
	p.mu.Lock()
	o := p.orders[orderRef]
	p.mu.Unlock()
	if o == nil {
		return Payment{}, fmt.Errorf("pay order %.60q: %w", orderRef, campaigns.ErrNotAtProvider)
	}
	return p.attempt(ctx, o, attempt, in, in.hint())
}
