package campaigns

import (
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// entryPrefix begins the ids of the waiting list's entries, which are the keys of
// the orders that are made for them.
const entryPrefix = "wtg"

// ErrInStock is wrapped when somebody wants to wait for what can be ordered.
var ErrInStock = errors.New("there is stock: order it")

// Join puts a backer on the waiting list. Who is on it already stays where he is.
type Join struct{ Entry Waiting } // ID, Campaign, Variant, Backer, Units

func (j *Join) about() string { return j.Entry.Campaign }

func (j *Join) needs(n *Needs) {
	key := CampaignBacker{j.Entry.Campaign, j.Entry.Backer}
	add(&n.Backers, key)
	add(&n.Waiters, key)
	add(&n.Entries, j.Entry.ID)
}

func (j *Join) decide(d *decision) {
	w := j.Entry
	if e := d.s.Entries[w.ID]; e != nil { // its first commit was made after all
		d.answer = Answer{Entry: e.Waiting}
		return
	}
	for _, e := range d.s.Entries {
		if e.Campaign == w.Campaign && e.Backer == w.Backer && e.Variant == w.Variant && e.State == WaitingWaits {
			d.answer = Answer{Entry: e.Waiting, Repeat: true}
			return
		}
	}
	if err := d.open(); err != nil {
		d.refuse(err)
		return
	}
	v, err := d.variant(w.Variant)
	if err != nil {
		d.refuse(err)
		return
	}
	err = d.fits(&Order{Campaign: w.Campaign, Backer: w.Backer, Variant: w.Variant, Units: w.Units}, v)
	switch {
	case w.Units < 1 || w.Units > maxUnits:
		d.refuse(fmt.Errorf("%w: wait for %d units; want 1 to %d", ErrBadOrder, w.Units, maxUnits))
		return
	case err == nil:
		d.refuse(fmt.Errorf("campaign %s, %d units: %w", w.Campaign, w.Units, ErrInStock))
		return
	case !errors.Is(err, ErrSoldOut):
		d.refuse(err)
		return
	}
	w.State, w.CreatedAt, w.ChangedAt = WaitingWaits, d.at, d.at
	row := &WaitingRow{Waiting: w, changed: true}
	d.s.Entries[w.ID] = row
	d.s.Waiting[w.Campaign] = append(d.s.Waiting[w.Campaign], row)
	d.countWaiting(row, 1)
	d.answer.Entry = w
}

// Leave takes a backer off the waiting list.
type Leave struct{ Campaign, EntryID, Backer string }

func (l *Leave) about() string { return l.Campaign }

func (l *Leave) needs(n *Needs) { add(&n.Entries, l.EntryID) }

func (l *Leave) decide(d *decision) {
	e := d.s.Entries[l.EntryID]
	if e == nil || e.Campaign != l.Campaign || e.Backer != l.Backer {
		d.refuse(fmt.Errorf("waiting list entry %s of campaign %s: %w", l.EntryID, l.Campaign, registry.ErrNotFound))
		return
	}
	if e.State == WaitingWaits {
		d.endWaiting(e, WaitingLeft)
	} else {
		d.answer.Repeat = true
	}
	d.answer.Entry = e.Waiting
}

// Feed serves the waiting list with stock that came free otherwise than by an
// order, such as by a raised limit. Of a campaign that takes no orders any more
// it ends the list.
type Feed struct{ Campaign string }

func (f *Feed) about() string { return f.Campaign }

func (f *Feed) needs(n *Needs) {
	add(&n.Releases, f.Campaign)
	add(&n.Facts, f.Campaign)
}

func (f *Feed) decide(d *decision) {
	if c := d.counter; !c.Held && (!c.Open || !d.at.Before(c.ClosesAt)) {
		for _, e := range d.s.Waiting[f.Campaign] {
			if e.State == WaitingWaits {
				d.endWaiting(e, WaitingEnded)
			}
		}
		return
	}
	d.release()
}

func (d *decision) endWaiting(e *WaitingRow, to WaitingState) {
	e.State, e.ChangedAt, e.changed = to, d.at, true
	d.countWaiting(e, -1)
}

func (d *decision) countWaiting(e *WaitingRow, n int64) {
	d.counter.Waiting += n
	d.touch(d.counter)
	if v := d.s.Variants[e.Variant]; v != nil {
		v.Waiting += n
		d.touchVariant(v)
	}
}

// feedAll offers what was given back in this batch to those who wait.
func (d *decision) feedAll() {
	for campaign := range d.released {
		d.counter = d.s.Counters[campaign]
		d.at = d.counter.Time(d.now)
		if d.open() != nil {
			continue
		}
		for _, e := range d.s.Waiting[campaign] {
			if free, limited := d.counter.Free(); limited && free <= 0 {
				break
			}
			d.offer(e)
		}
	}
}

// offer makes an order for an entry: of as many of its units as came free.
func (d *decision) offer(e *WaitingRow) {
	v := d.s.Variants[e.Variant]
	room := d.room(v)
	if e.State != WaitingWaits || room == 0 {
		return
	}
	units := min(e.Units, room, d.allowed(d.backer(e.Backer)))
	if units == 0 { // he ordered elsewhere meanwhile and may have no more
		d.endWaiting(e, WaitingEnded)
		return
	}
	o := d.reserve(Order{
		ID: d.newID("ord"), Campaign: e.Campaign, Backer: e.Backer, Key: e.ID, Variant: e.Variant, Units: units,
		Price: d.counter.Price, Currency: d.counter.Currency, Entry: e.ID,
	}, earlier(d.at.Add(OfferWindow), d.counter.ClosesAt.Add(PayWindow)))
	e.Order = o.ID
	d.endWaiting(e, WaitingOffered)
	d.tell("order.offered", o, nil)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
