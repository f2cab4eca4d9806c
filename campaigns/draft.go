package campaigns

import (
	"cmp"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Draft is what a startup writes of a campaign: what it says, and what it offers.
type Draft struct {
	Title    string
	Category Category
	Page     Page

	Regions        []string
	Price          int64
	RetailPrice    int64
	Currency       string
	TargetUnits    int64
	StockLimit     int64
	PerBackerLimit int64
	Spares         int64
	OpensAt        time.Time
	ClosesAt       time.Time
	Ship           ShipPromise
	Schedule       Schedule
	Variants       []Variant // an ID says which one is meant; none makes a new one
}

// DraftOf is a campaign as its author wrote it.
func DraftOf(c *Campaign) Draft {
	return Draft{
		Title: c.Title, Category: c.Category, Page: c.Page,
		Regions: c.Regions, Price: c.Price, RetailPrice: c.RetailPrice, Currency: c.Currency, TargetUnits: c.TargetUnits,
		StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit, Spares: c.Spares,
		OpensAt: c.OpensAt, ClosesAt: c.ClosesAt, Ship: c.Ship, Schedule: c.Schedule, Variants: c.Variants,
	}
}

// write makes c what the draft says.
func (d Draft) write(c *Campaign) {
	c.Title, c.Category, c.Page = d.Title, d.Category, d.Page
	c.Regions, c.Price, c.RetailPrice, c.Currency, c.TargetUnits = d.Regions, d.Price, d.RetailPrice, d.Currency, d.TargetUnits
	c.StockLimit, c.PerBackerLimit, c.Spares = d.StockLimit, d.PerBackerLimit, d.Spares
	c.OpensAt, c.ClosesAt, c.Ship, c.Schedule, c.Variants = d.OpensAt, d.ClosesAt, d.Ship, d.Schedule, d.Variants
}

// tidy gives a draft the form in which it is stored: instants to the millisecond
// in UTC, variants numbered and with ids. known are those that the campaign has.
func (d Draft) tidy(campaign string, known []Variant) Draft {
	for _, t := range []*time.Time{&d.OpensAt, &d.ClosesAt, &d.Ship.By} {
		*t = stored(*t).Truncate(time.Millisecond) // as the interface shows it: what comes back is the same
	}
	if d.Ship.Kind == ShipByDate {
		d.Ship.Days = 0
	} else {
		d.Ship.By = time.Time{}
	}
	d.Currency = cmp.Or(d.Currency, "INR")
	d.Variants = slices.Clone(d.Variants)
	for i := range d.Variants {
		v := &d.Variants[i]
		v.Campaign, v.Position = campaign, i+1
		if !slices.ContainsFunc(known, func(k Variant) bool { return k.ID == v.ID }) {
			v.ID = id.New("var")
		}
	}
	return d
}

func stored(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Latest is the last day for which a unit may be promised: what the certificate
// and the regional documents have to hold for.
func (c *Campaign) Latest() time.Time {
	if c.Ship.Kind == ShipByDate {
		return c.Ship.By
	}
	return c.ClosesAt.Add(PayWindow).AddDate(0, 0, c.Ship.Days) // judged when the last pay window has run out
}
