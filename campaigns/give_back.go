package campaigns

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// RefundRun says that all of a campaign's backers get their money back.
type RefundRun struct {
	Campaign  string
	Reason    string
	StartedAt time.Time
	QueuedAt  time.Time // when the last of the refunds was queued; zero: not yet
}

// cancelledAtOnce is how many orders of a refund run are cancelled together.
const cancelledAtOnce = 1024

// refundReason is why a campaign's backers get their money back.
func refundReason(c Campaign) (string, error) {
	switch c.State {
	case CampaignFailed:
		return "the campaign did not reach its target", nil
	case CampaignCancelled:
		return line("the campaign was cancelled: "+c.Reason, 200), nil
	}
	return "", fmt.Errorf("refund campaign %s, which is %s: it has neither failed nor was it cancelled: %w", c.ID, c.State, registry.ErrConflict)
}

// GiveBack is the job JobGiveBack. It cancels every order of a campaign that was
// not handed over, and so queues the refunds of those that were paid. It may be run
// again, after a kill too: what was cancelled is found cancelled.
func (p *Payments) GiveBack(ctx context.Context, campaign string) error {
	c, err := p.store.Campaign(ctx, campaign)
	if err != nil {
		return err
	}
	reason, err := refundReason(c)
	if err != nil {
		return err
	}
	if err := p.store.BeginRefundRun(ctx, RefundRun{Campaign: campaign, Reason: reason, StartedAt: p.now()}); err != nil {
		return err
	}
	for again := true; again; { // until a whole pass finds nothing: an order may be paid meanwhile
		again = false
		for {
			reserved, err := p.store.ReservedToCancel(ctx, campaign, cancelledAtOnce)
			if err != nil {
				return err
			}
			if len(reserved) == 0 {
				break
			}
			if err := p.cancelAll(ctx, campaign, reserved, reason); err != nil {
				return err
			}
			again = true
		}
		var last Order
		for {
			paid, err := p.store.PaidToCancel(ctx, campaign, last, cancelledAtOnce)
			if err != nil {
				return err
			}
			if len(paid) == 0 {
				break
			}
			orders := make([]string, len(paid))
			for i := range paid {
				orders[i] = paid[i].ID
			}
			if err := p.cancelAll(ctx, campaign, orders, reason); err != nil {
				return err
			}
			last, again = paid[len(paid)-1], true
		}
	}
	return p.store.EndRefundRun(ctx, campaign, p.now())
}

// causeKey is the cancellation's own name for each order of a refund run.
const causeKey = "campaign"

// cancelAll cancels orders. One that was handed over in the meantime stays.
func (p *Payments) cancelAll(ctx context.Context, campaign string, orders []string, reason string) error {
	ops := make([]Op, len(orders))
	for i, order := range orders {
		ops[i] = &Cancel{ID: causeKey, Campaign: campaign, OrderID: order, Cause: CauseCampaign, Reason: reason, RefundID: id.New("rfd")}
	}
	answers, err := p.book.DoAll(ctx, ops)
	for _, a := range answers {
		if a.Err != nil && !errors.Is(a.Err, ErrTooLate) {
			err = errors.Join(err, a.Err)
		}
	}
	return err
}

// RefundProgress is how far a campaign's refunds are, for everybody to see.
// Amounts are in minor units.
type RefundProgress struct {
	Campaign   string
	Currency   string
	Everybody  bool      // all backers get their money back
	Reason     string    // why, where Everybody
	StartedAt  time.Time // since when, where Everybody
	Refunds    int64     // to be done in all
	Amount     int64
	Done       int64 // of Refunds
	DoneAmount int64
	ByHand     int64     // of those not done: a person pays them back
	Troubled   int64     // of those not done: the last attempt failed, they wait
	Oldest     time.Time // when the oldest of those not done was queued; zero if all are
	At         time.Time // when this was so
}

// Percent is how much of the amount is refunded, with one decimal, rounded down:
// it is 100.0 only when nothing is left. With nothing to refund it is empty.
func (r RefundProgress) Percent() string {
	if r.Amount == 0 {
		return ""
	}
	return tenths(new(big.Int).Div(new(big.Int).Mul(big.NewInt(r.DoneAmount), big.NewInt(1000)), big.NewInt(r.Amount)).Int64())
}

// Pending is the age of the oldest refund that is not done.
func (r RefundProgress) Pending() time.Duration {
	if r.Oldest.IsZero() {
		return 0
	}
	return max(r.At.Sub(r.Oldest), 0)
}

// progressFor is how long a progress may be shown again.
const progressFor = time.Second

// RefundProgress tells how far the refunds of a campaign are. It is looked up
// at most once a second.
func (p *Payments) RefundProgress(ctx context.Context, campaign string) (RefundProgress, error) {
	now := p.now()
	p.mu.Lock()
	known, ok := p.progress[campaign]
	p.mu.Unlock()
	if age := now.Sub(known.At); ok && age >= 0 && age < progressFor {
		return known, nil
	}
	found, err := p.refundProgress(ctx, campaign, now)
	if err != nil {
		return RefundProgress{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.progress) > 1000 {
		clear(p.progress)
	}
	p.progress[campaign] = found
	return found, nil
}

func (p *Payments) refundProgress(ctx context.Context, campaign string, now time.Time) (RefundProgress, error) {
	c, err := p.store.Counter(ctx, campaign)
	if err != nil {
		return RefundProgress{}, err
	}
	r := RefundProgress{Campaign: campaign, Currency: c.Currency, At: now}
	sums, open, err := p.store.RefundSums(ctx, campaign)
	if err != nil {
		return r, err
	}
	for _, s := range sums {
		r.Refunds, r.Amount = r.Refunds+s.Count, r.Amount+s.Amount
		if s.State == RefundProcessed {
			r.Done, r.DoneAmount = s.Count, s.Amount
			continue
		}
		r.Troubled += s.Troubled
		if s.State == RefundManual {
			r.ByHand, r.Troubled = s.Count, r.Troubled-s.Troubled
		}
		if r.Oldest.IsZero() || s.Oldest.Before(r.Oldest) {
			r.Oldest = s.Oldest
		}
	}
	run, err := p.refundRun(ctx, campaign)
	if err != nil || run.Campaign == "" {
		return r, err
	}
	r.Everybody, r.Reason, r.StartedAt = true, run.Reason, run.StartedAt
	if run.QueuedAt.IsZero() && open.Count > 0 { // some are not queued yet
		r.Refunds, r.Amount = r.Refunds+open.Count, r.Amount+open.Amount
		if r.Oldest.IsZero() || run.StartedAt.Before(r.Oldest) {
			r.Oldest = run.StartedAt
		}
	}
	return r, nil
}

// refundRun is a campaign's; the zero value if its backers are not all given back.
// Of a campaign that has just failed it is true before its job has begun: everybody
// sees at once what is owed.
func (p *Payments) refundRun(ctx context.Context, campaign string) (RefundRun, error) {
	run, err := p.store.RefundRun(ctx, campaign)
	if !errors.Is(err, registry.ErrNotFound) {
		return run, err
	}
	c, err := p.store.Campaign(ctx, campaign)
	if err != nil {
		return RefundRun{}, err
	}
	reason, err := refundReason(c)
	if err != nil {
		return RefundRun{}, nil // it goes on
	}
	return RefundRun{Campaign: campaign, Reason: reason, StartedAt: c.DecidedAt}, nil
}
