package campaigns

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// Decide answers ops in their order, each after those before it, and gives what
// has to be written for all of them. It is a pure function but for newID, which
// names what is made; s is used up.
//
// The first orders that fit get in, exactly: a batch gives out what the same
// orders would have got one by one.
func Decide(now time.Time, s *Snapshot, ops []Op, newID func(prefix string) string) ([]Answer, *Changes) {
	d := &decision{now: now, s: s, newID: newID, out: &Changes{Sells: make(map[string]bool)}}
	answers := make([]Answer, len(ops))
	for i, op := range ops {
		d.answer = Answer{}
		if d.counter = s.Counters[op.about()]; d.counter == nil {
			d.refuse(fmt.Errorf("campaign %s: %w", op.about(), registry.ErrNotFound))
		} else {
			d.at = d.counter.Time(d.now)
			op.decide(d)
		}
		answers[i] = d.answer
	}
	d.feedAll()
	return answers, d.collect()
}

// decision is the state of Decide. counter, at and answer are those of the op at hand.
type decision struct {
	now     time.Time
	s       *Snapshot
	newID   func(prefix string) string
	out     *Changes
	counter *Counter
	at      time.Time
	answer  Answer

	touched  map[*Counter]bool
	variants map[*VariantCounter]bool
	released map[string]bool // campaigns that got stock back
}

func (d *decision) refuse(err error) { d.answer = Answer{Err: err} }

// open says why the campaign gives out no stock now; nil if it does.
func (d *decision) open() error {
	c := d.counter
	switch {
	case c.Held:
		return fmt.Errorf("campaign %s: %w", c.Campaign, ErrHeld)
	case !c.Open:
		return fmt.Errorf("campaign %s: %w: it is not live", c.Campaign, ErrNotOpen)
	case d.at.Before(c.OpensAt):
		return fmt.Errorf("campaign %s: %w: it opens at %s", c.Campaign, ErrNotOpen, c.OpensAt.Format(time.RFC3339))
	case !d.at.Before(c.ClosesAt):
		return fmt.Errorf("campaign %s: %w: it closed at %s", c.Campaign, ErrNotOpen, c.ClosesAt.Format(time.RFC3339))
	}
	return nil
}

// variant is the stock row of an order's variant: nil for none.
func (d *decision) variant(id string) (*VariantCounter, error) {
	if id == "" {
		for _, v := range d.s.Variants {
			if v.Campaign == d.counter.Campaign {
				return nil, fmt.Errorf("%w: campaign %s has variants; name one", ErrBadOrder, d.counter.Campaign)
			}
		}
		return nil, nil
	}
	v := d.s.Variants[id]
	if v == nil || v.Campaign != d.counter.Campaign {
		return nil, fmt.Errorf("%w: campaign %s has no variant %s", ErrBadOrder, d.counter.Campaign, id)
	}
	return v, nil
}

// room is how many units the stock of campaign and variant still holds.
func (d *decision) room(v *VariantCounter) int64 {
	const plenty = 1 << 40
	left := int64(plenty)
	if free, limited := d.counter.Free(); limited {
		left = free
	}
	if v != nil {
		if free, limited := v.Free(); limited {
			left = min(left, free)
		}
	}
	return max(left, 0)
}

// allowed is how many more units the backer may have.
func (d *decision) allowed(b *BackerCount) int64 {
	if d.counter.PerBackerLimit == 0 || d.s.Blind {
		return maxUnits
	}
	return max(d.counter.PerBackerLimit-b.Reserved-b.Paid, 0)
}

// count adds to the counters of campaign, variant and backer.
func (d *decision) count(o *Order, reserved, paid, cancelled int64) {
	c := d.counter
	c.Reserved, c.Paid, c.Cancelled = c.Reserved+reserved, c.Paid+paid, c.Cancelled+cancelled
	d.touch(c)
	if v := d.s.Variants[o.Variant]; v != nil {
		v.Reserved, v.Paid, v.Cancelled = v.Reserved+reserved, v.Paid+paid, v.Cancelled+cancelled
		d.touchVariant(v)
	}
	b := d.backer(o.Backer)
	had := b.Paid > 0
	b.Reserved, b.Paid = b.Reserved+reserved, b.Paid+paid-cancelled
	b.changed = true
	switch has := b.Paid > 0; {
	case has && !had:
		c.Backers++
	case had && !has:
		c.Backers--
	}
	if reserved+paid-cancelled < 0 {
		d.release()
	}
}

func (d *decision) release() {
	if d.released == nil {
		d.released = make(map[string]bool)
	}
	d.released[d.counter.Campaign] = true
}

func (d *decision) touch(c *Counter) {
	if d.touched == nil {
		d.touched = make(map[*Counter]bool)
	}
	d.touched[c] = true
}

func (d *decision) touchVariant(v *VariantCounter) {
	if d.variants == nil {
		d.variants = make(map[*VariantCounter]bool)
	}
	d.variants[v] = true
}

func (d *decision) backer(id string) *BackerCount {
	key := CampaignBacker{d.counter.Campaign, id}
	b := d.s.Backers[key]
	if b == nil {
		b = &BackerCount{CampaignBacker: key}
		d.s.Backers[key] = b
	}
	return b
}

// order is the row of an order of the campaign at hand.
func (d *decision) order(id string) (*OrderRow, error) {
	o := d.s.Orders[id]
	if o == nil || o.Campaign != d.counter.Campaign {
		return nil, fmt.Errorf("order %s of campaign %s: %w", id, d.counter.Campaign, registry.ErrNotFound)
	}
	return o, nil
}

// move brings an order into a state that may follow.
func (d *decision) move(o *OrderRow, to OrderState) {
	o.State, o.ChangedAt, o.changed = to, d.at, true
}

func (d *decision) addOrder(o Order) *OrderRow {
	row := &OrderRow{Order: o, changed: true}
	d.s.Orders[o.ID] = row
	d.s.Keys[BackerKey{o.Backer, o.Key}] = row
	d.out.Orders = append(d.out.Orders, row)
	return row
}

// book writes a transfer. Postings of nothing are left out.
func (d *decision) book(event string, postings ...Posting) {
	postings = slices.DeleteFunc(postings, func(p Posting) bool { return p.Amount == 0 })
	if len(postings) == 0 {
		return
	}
	d.out.Transfers = append(d.out.Transfers, Transfer{Event: event, Campaign: d.counter.Campaign, At: d.at, Postings: postings})
	add(&d.s.Events, event)
}

func (d *decision) tell(kind string, o *OrderRow, r *Refund) {
	d.out.Told = append(d.out.Told, Told{Kind: kind, Org: d.s.Facts[o.Campaign].Org, Order: o.Order, Refund: r, At: d.at})
}

// decided writes down that a person decided it; nobody did when actor is empty.
func (d *decision) decided(actor, action, subject string, detail any) {
	if actor == "" {
		return
	}
	e, err := audit.New(d.at, actor, action, subject, d.s.Facts[d.counter.Campaign].Org, detail)
	if err != nil { // only what JSON cannot hold, and we give it words and numbers
		panic(err)
	}
	d.out.Decided = append(d.out.Decided, e)
}

// collect gathers what was changed, in the order of the keys: pages are touched
// one after the other, and two processes never wait for each other in a circle.
func (d *decision) collect() *Changes {
	out := d.out
	out.Limits = make(map[string]int64)
	for _, c := range d.s.Counters {
		if d.touched[c] {
			c.SeenAt = c.Time(d.now)
			out.Counters = append(out.Counters, c)
			if d.s.Blind && c.PerBackerLimit > 0 {
				out.Limits[c.Campaign] = c.PerBackerLimit
			}
		}
	}
	slices.SortFunc(out.Counters, func(a, b *Counter) int { return cmp.Compare(a.Campaign, b.Campaign) })
	for v := range d.variants {
		out.Variants = append(out.Variants, v)
	}
	slices.SortFunc(out.Variants, func(a, b *VariantCounter) int { return cmp.Compare(a.Variant, b.Variant) })
	for _, b := range d.s.Backers {
		if b.changed {
			out.Backers = append(out.Backers, b)
		}
	}
	slices.SortFunc(out.Backers, func(a, b *BackerCount) int {
		if c := cmp.Compare(a.Campaign, b.Campaign); c != 0 {
			return c
		}
		return cmp.Compare(a.Backer, b.Backer)
	})
	for _, o := range d.s.Orders {
		if o.changed && o.Was != "" {
			out.Orders = append(out.Orders, o)
		}
	}
	slices.SortFunc(out.Orders, func(a, b *OrderRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range d.s.Payments {
		if p.changed {
			out.Payments = append(out.Payments, p)
		}
	}
	slices.SortFunc(out.Payments, func(a, b *PaymentRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range d.s.Refunds {
		if r.changed {
			out.Refunds = append(out.Refunds, r)
		}
	}
	slices.SortFunc(out.Refunds, func(a, b *RefundRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, of := range d.s.Shipments {
		for _, s := range of {
			if s.changed {
				out.Shipments = append(out.Shipments, s)
			}
		}
	}
	slices.SortFunc(out.Shipments, func(a, b *ShipmentRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, w := range d.s.Entries {
		if w.changed {
			out.Waiting = append(out.Waiting, w)
		}
	}
	slices.SortFunc(out.Waiting, func(a, b *WaitingRow) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
