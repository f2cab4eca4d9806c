package campaigns

import (
	"reflect"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
)

// change makes c what the draft says, as far as its state allows: the text until
// its end, what it offers only in a draft. Of a live one stock may be raised: that
// takes nothing from anybody.
func (c *Campaign) change(d Draft, now time.Time) (textChanged, stockRaised bool, err error) {
	was := DraftOf(c)
	textChanged = d.Title != was.Title || d.Category != was.Category || !reflect.DeepEqual(d.Page, was.Page)
	switch {
	case c.State == CampaignDraft:
		d.write(c)
		return textChanged, false, nil
	case c.State == CampaignInReview || c.State.Final():
		return false, false, certification.Refuse(certification.ErrState, "text-state", "campaign %s is %s: nothing of it is changed then", c.ID, c.State)
	}
	stockRaised, err = c.raises(was, d, now)
	if err != nil {
		return false, false, err
	}
	d.write(c)
	if textChanged {
		c.TextVersion++
	}
	return textChanged, stockRaised, nil
}

// raises says whether the draft raises a stock, or what of the terms it may not change.
func (c *Campaign) raises(was, d Draft, now time.Time) (raised bool, err error) {
	refuse := func(rule, format string, args ...any) (bool, error) {
		return false, certification.Refuse(certification.ErrState, rule, "campaign %s is %s: "+format, append([]any{c.ID, c.State}, args...)...)
	}
	for _, t := range []struct {
		name     string
		was, now any
	}{
		{"price", was.Price, d.Price},
		{"retail price", was.RetailPrice, d.RetailPrice},
		{"currency", was.Currency, d.Currency},
		{"target", was.TargetUnits, d.TargetUnits},
		{"limit per backer", was.PerBackerLimit, d.PerBackerLimit},
		{"spare units", was.Spares, d.Spares},
		{"opening", was.OpensAt, d.OpensAt},
		{"deadline", was.ClosesAt, d.ClosesAt},
		{"ship promise", was.Ship, d.Ship},
	} {
		if t.was != t.now {
			return refuse("live-terms", "its %s stays %v, not %v", t.name, t.was, t.now)
		}
	}
	if !slices.Equal(was.Regions, d.Regions) || !slices.Equal(was.Schedule, d.Schedule) {
		return refuse("live-terms", "its regions and its schedule stay as they were approved")
	}
	if len(was.Variants) != len(d.Variants) {
		return refuse("live-terms", "it has %d variants, not %d", len(was.Variants), len(d.Variants))
	}
	type stock struct {
		name     string
		was, now int64
	}
	stocks := []stock{{"its stock limit", was.StockLimit, d.StockLimit}}
	for i, v := range was.Variants {
		n := d.Variants[i]
		if v.ID != n.ID || v.Name != n.Name {
			return refuse("live-terms", "variant %d stays %q (%s)", i+1, v.Name, v.ID)
		}
		stocks = append(stocks, stock{"the stock limit of variant " + v.Name, v.StockLimit, n.StockLimit})
	}
	for _, s := range stocks {
		switch {
		case s.was == s.now:
		case c.State != CampaignLive || !now.Before(c.ClosesAt):
			return refuse("live-terms", "%s is %d; it may be raised while the campaign is live", s.name, s.was)
		case s.was == 0 || s.now < s.was:
			return refuse("live-stock", "%s is %d; it may be raised, not made %d", s.name, s.was, s.now)
		default:
			raised = true
		}
	}
	return raised, nil
}
