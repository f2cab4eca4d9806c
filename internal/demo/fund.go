package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// Certify takes the purifier to its certificate and its regulatory documents, and no
// further.
func (w *World) Certify(ctx context.Context) error {
	return w.walk(ctx, step{"regulatory documents", w.regulated}, step{"the purifier's certificate", w.certified})
}

// Sell sells a campaign of the purifier for just as many units as its target.
func (w *World) Sell(ctx context.Context, title string, units int64, ends time.Duration) (campaigns.Campaign, error) {
	l := *funded
	l.title, l.target, l.stock, l.opens, l.closes, l.sells = title, units, units, -2*time.Hour, ends, units
	return w.sell(ctx, &l)
}

func (w *World) sell(ctx context.Context, l *listing) (campaigns.Campaign, error) {
	maker, err := w.actor(ctx, Maya)
	if err != nil {
		return campaigns.Campaign{}, err
	}
	operator, err := w.actor(ctx, Omar)
	if err != nil {
		return campaigns.Campaign{}, err
	}
	if err := w.identified(ctx, operator, maker.Orgs[0]); err != nil {
		return campaigns.Campaign{}, err
	}
	c, err := w.list(ctx, maker, l, campaigns.Campaign{})
	if err == nil {
		err = w.sold(ctx, w.Shop.Desk(time.Now), maker, c, l.sells)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", l.title, err)
	}
	return c, nil
}

// Judged waits for the end of a campaign of the purifier, and gives it back as it was
// judged.
func (w *World) Judged(ctx context.Context, c campaigns.Campaign) (campaigns.Campaign, error) {
	maker, err := w.actor(ctx, Maya)
	if err != nil {
		return c, err
	}
	return w.judged(ctx, w.Shop.Desk(time.Now), maker, c)
}
