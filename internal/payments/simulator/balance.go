package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// Balance is the merchant's money at the PSP, in minor units.
type Balance struct {
	Pending   int64 `json:"pending"`   // captured, less fees, not settled yet
	Settled   int64 `json:"settled"`   // settled and topped up, less what was refunded and paid out; below 0 where a refund was taken from Pending
	Available int64 `json:"available"` // what refunds may take
	ToppedUp  int64 `json:"topped_up"` // ever
	PaidOut   int64 `json:"paid_out"`  // ever
}

// available is what refunds may take. p.mu is held.
func (p *PSP) available() int64 {
	a := p.settled + p.bank.ToppedUp - p.bank.PaidOut
	if !p.opt.RefundSettled {
		a += p.pending
	}
	return max(a, 0)
}

// settle moves a captured payment from pending to settled. p.mu is held.
func (p *PSP) settle(pay *payment) {
	pay.Settled, pay.SettleAt = true, time.Time{}
	p.pending -= pay.Amount - pay.Fee
	p.settled += pay.Amount - pay.Fee
}

// account adds what a kept order holds to the balance.
func (p *PSP) account(o *order) {
	for _, pay := range o.Attempts {
		switch {
		case pay.State != campaigns.PaymentCaptured:
		case pay.Settled:
			p.settled += pay.Amount - pay.Fee
		default:
			p.pending += pay.Amount - pay.Fee
		}
	}
	for _, r := range o.Refunds {
		if r.State != campaigns.RefundFailed {
			p.settled -= r.Amount
		}
	}
}

// Balance is the merchant's money now.
func (p *PSP) Balance() Balance {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.catchUp()
	return Balance{
		Pending: p.pending, Settled: p.settled + p.bank.ToppedUp - p.bank.PaidOut, Available: p.available(),
		ToppedUp: p.bank.ToppedUp, PaidOut: p.bank.PaidOut,
	}
}

// TopUp brings money from the merchant's bank account.
func (p *PSP) TopUp(ctx context.Context, amount int64) error {
	if amount <= 0 || amount > most {
		return fmt.Errorf("top up by %d: want 1 to %d minor units", amount, int64(most))
	}
	p.mu.Lock()
	p.bank.ToppedUp += amount
	return p.storeBank(ctx)
}

// PayOut sends money to the merchant's bank account; 0 is all that is settled.
// Refunds cannot take it any more.
func (p *PSP) PayOut(ctx context.Context, amount int64) error {
	p.mu.Lock()
	p.catchUp()
	has := max(p.settled+p.bank.ToppedUp-p.bank.PaidOut, 0)
	if amount == 0 {
		amount = has
	}
	if amount < 0 || amount > has {
		p.mu.Unlock()
		return fmt.Errorf("pay out %d: %d is settled", amount, has)
	}
	p.bank.PaidOut += amount
	return p.storeBank(ctx)
}

// storeBank takes over p.mu, and gives it back.
func (p *PSP) storeBank(ctx context.Context) error {
	p.keep(kindSetting, settingBank, p.bank)
	b := p.stored()
	p.mu.Unlock()
	return b.wait(ctx)
}
