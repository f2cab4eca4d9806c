package campaigns

import (
	"fmt"
	"strings"
	"time"
)

// Windows of time and limits of orders.
const (
	// PayWindow is how long stock is kept for an order that is not paid.
	PayWindow = 15 * time.Minute
	// OfferWindow is the pay window of an order made for the waiting list: its
	// backer is not sitting before the page.
	OfferWindow = 2 * time.Hour
	maxUnits    = 1000 // of one order
	// MaxPrice is the most that a unit may cost, in minor units: sums of a campaign
	// stay far below an int64.
	MaxPrice = 1_000_000_000_000
	maxKey   = 64 // bytes of an idempotency key
)

// Reserve asks for units of a live campaign. Order has ID, Campaign, Backer, Key,
// Variant and Units; its Price is what the backer was shown, 0 for any.
type Reserve struct{ Order Order }

// Check says what is wrong with the order by itself, without looking at the campaign.
func (r *Reserve) Check() error {
	o := &r.Order
	if o.Units < 1 || o.Units > maxUnits {
		return fmt.Errorf("%w: units %d; want 1 to %d", ErrBadOrder, o.Units, maxUnits)
	}
	if o.Price < 0 {
		return fmt.Errorf("%w: price %d; want what was shown, in minor units", ErrBadOrder, o.Price)
	}
	return checkKey(o.Key)
}

// checkKey wants what a header can carry and nobody else makes.
func checkKey(key string) error {
	if len(key) < 1 || len(key) > maxKey {
		return fmt.Errorf("%w: idempotency key of %d bytes; want 1 to %d", ErrBadOrder, len(key), maxKey)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return fmt.Errorf("%w: idempotency key %q; want visible ASCII characters", ErrBadOrder, key)
		}
	}
	if strings.HasPrefix(key, entryPrefix+"_") {
		return fmt.Errorf("%w: idempotency key %q; those of the waiting list begin with %s_", ErrBadOrder, key, entryPrefix)
	}
	return nil
}

func (r *Reserve) about() string { return r.Order.Campaign }

func (r *Reserve) needs(n *Needs) {
	add(&n.Keys, BackerKey{r.Order.Backer, r.Order.Key})
	add(&n.Backers, CampaignBacker{r.Order.Campaign, r.Order.Backer})
}

func (r *Reserve) decide(d *decision) {
	o := r.Order
	if before := d.s.Keys[BackerKey{o.Backer, o.Key}]; before != nil {
		r.again(d, &before.Order)
		return
	}
	if err := d.open(); err != nil {
		d.refuse(err)
		return
	}
	if err := r.Check(); err != nil {
		d.refuse(err)
		return
	}
	v, err := d.variant(o.Variant)
	if err != nil {
		d.refuse(err)
		return
	}
	if err := d.fits(&o, v); err != nil {
		d.refuse(err)
		return
	}
	o.Price, o.Currency = d.counter.Price, d.counter.Currency
	d.answer.Order = d.reserve(o, d.at.Add(PayWindow)).Order
}

// again answers an order whose key is known: the same order, or a refusal.
func (r *Reserve) again(d *decision, before *Order) {
	o := &r.Order
	switch {
	case before.ID == o.ID: // this very one: its first commit was made after all
		d.answer = Answer{Order: *before}
	case before.Campaign == o.Campaign && before.Variant == o.Variant && before.Units == o.Units:
		d.answer = Answer{Order: *before, Repeat: true}
	default:
		d.refuse(fmt.Errorf("%w: %q is order %s, %d units of campaign %s", ErrKeyReused, o.Key, before.ID, before.Units, before.Campaign))
	}
}

// fits says why there is no stock for an order; nil if there is.
func (d *decision) fits(o *Order, v *VariantCounter) error {
	c := d.counter
	waiting, name := c.Waiting, "campaign "+c.Campaign
	if v != nil {
		waiting, name = v.Waiting, "variant "+v.Variant
	}
	room := d.room(v)
	switch {
	case c.Price < 1 || c.Price > MaxPrice:
		return fmt.Errorf("%w: the price is %d %s; want 1 to %d", ErrBadOrder, c.Price, c.Currency, MaxPrice)
	case o.Price != 0 && o.Price != c.Price:
		return fmt.Errorf("%w: the price is %d %s now, not %d", ErrBadOrder, c.Price, c.Currency, o.Price)
	case waiting > 0: // what comes free is theirs
		return fmt.Errorf("%s: %w: %d are on the waiting list", name, ErrSoldOut, waiting)
	case room < o.Units:
		return fmt.Errorf("%s: %w: %d units wanted, %d left", name, ErrSoldOut, o.Units, room)
	}
	if b := d.backer(o.Backer); d.allowed(b) < o.Units {
		return fmt.Errorf("%w: %d units wanted, %d reserved or paid already, the limit of campaign %s is %d", ErrLimit, o.Units, b.Reserved+b.Paid, c.Campaign, c.PerBackerLimit)
	}
	return nil
}

// reserve makes an order that fits.
func (d *decision) reserve(o Order, until time.Time) *OrderRow {
	o.State, o.CreatedAt, o.ChangedAt, o.PayUntil = OrderReserved, d.at, d.at, until
	row := d.addOrder(o)
	d.count(&o, o.Units, 0, 0)
	d.out.Sells[o.Campaign] = true
	d.book(o.ID+"/reserved", pledged(o.Amount()))
	return row
}
