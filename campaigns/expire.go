package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// overdueAtOnce is how many overdue orders are looked up together.
const overdueAtOnce = 5000

// Expire ends the orders whose pay windows have run out, which feeds the waiting
// lists, and serves the lists that stock came to otherwise.
func (b *Book) Expire(ctx context.Context, now time.Time) error {
	for {
		overdue, err := b.store.OverdueOrders(ctx, now, overdueAtOnce)
		if err != nil {
			return err
		}
		ops := make([]Op, len(overdue))
		for i := range overdue {
			ops[i] = &overdue[i]
		}
		if err := b.doEach(ctx, ops); err != nil {
			return fmt.Errorf("expire %d orders: %w", len(ops), err)
		}
		if len(overdue) < overdueAtOnce {
			break
		}
	}
	hungry, err := b.store.CampaignsToFeed(ctx, now)
	if err != nil {
		return err
	}
	ops := make([]Op, len(hungry))
	for i, campaign := range hungry {
		ops[i] = &Feed{Campaign: campaign}
	}
	return b.doEach(ctx, ops)
}

// doEach has ops done and gives all their errors.
func (b *Book) doEach(ctx context.Context, ops []Op) error {
	answers, err := b.DoAll(ctx, ops)
	for _, a := range answers {
		err = errors.Join(err, a.Err)
	}
	return err
}
