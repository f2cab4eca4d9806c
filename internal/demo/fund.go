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

// Fund sells a campaign of the purifier for just as many units as its target, lets it
// end then, and gives it back as it was judged.
func (w *World) Fund(ctx context.Context, title string, units int64, ends time.Duration) (campaigns.Campaign, error) {
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
	l := *funded
	l.title, l.target, l.stock, l.opens, l.closes, l.sells = title, units, units, -2*time.Hour, ends, units
	c, err := w.list(ctx, maker, &l, campaigns.Campaign{})
	if err != nil {
		return c, fmt.Errorf("%s: %w", title, err)
	}
	desk := w.Shop.Desk(time.Now)
	if err := w.sold(ctx, desk, maker, c, units); err != nil {
		return c, fmt.Errorf("%s: %w", title, err)
	}
	return w.judged(ctx, desk, maker, c)
}
