package campaigns

import (
	"fmt"

	"github.com/proofmark/proofmark/registry"
)

// Cause is why an order is cancelled.
type Cause string

// Causes of a cancellation.
const (
	// CauseBacker: the backer does not want it. The units do not count for the
	// target any more, and are for sale again.
	CauseBacker Cause = "backer"
	// CauseCampaign: the campaign failed, was cancelled, or lost its certificate.
	// What was reached stays visible, so the units still count.
	CauseCampaign Cause = "campaign"
)

// Cancel ends an order, or takes some of its units off, until it is handed over.
// What was paid for goes back: the refund is queued in the same transaction.
type Cancel struct {
	ID       string // can_… or the backer's own key, the same when it is given again
	Campaign string
	OrderID  string
	Backer   string // whose order it must be; empty for anybody's
	Units    int64  // 0: all that are left
	Cause    Cause
	Reason   string // for the refund, one line
	RefundID string // rfd_… if there is one to be made
}

func (c *Cancel) event() string { return c.OrderID + "/cancelled/" + c.ID }
func (c *Cancel) about() string { return c.Campaign }

func (c *Cancel) needs(n *Needs) {
	add(&n.Orders, c.OrderID)
	add(&n.Events, c.event())
	add(&n.Refunds, c.RefundID)
	add(&n.Releases, c.Campaign)
	add(&n.Facts, c.Campaign)
}

func (c *Cancel) decide(d *decision) {
	o, err := d.order(c.OrderID)
	if err != nil || c.Backer != "" && o.Backer != c.Backer { // who does not own it learns nothing
		d.refuse(fmt.Errorf("order %s of campaign %s: %w", c.OrderID, c.Campaign, registry.ErrNotFound))
		return
	}
	if err := checkKey(c.ID); err != nil {
		d.refuse(fmt.Errorf("cancel order %s: %w", o.ID, err))
		return
	}
	if d.s.Events[c.event()] || c.Units == 0 && (o.State == OrderCancelled || o.State == OrderRefundDue || o.State == OrderRefunded) {
		d.answer = Answer{Order: o.Order, Repeat: true}
		if r := d.s.Refunds[c.RefundID]; r != nil {
			d.answer.Refund = r.Refund
		}
		return
	}
	units := c.Units
	if units == 0 {
		units = o.Live()
	}
	switch {
	case units < 1 || units > o.Live():
		d.refuse(fmt.Errorf("%w: cancel %d units of order %s, which has %d", ErrBadOrder, units, o.ID, o.Live()))
	case o.State == OrderReserved:
		c.unreserve(d, o, units)
	case o.State == OrderPaid || o.State == OrderAllocated:
		c.giveBack(d, o, units)
	default:
		d.refuse(fmt.Errorf("order %s is %s: %w: it can be cancelled until it is handed over", o.ID, o.State, ErrTooLate))
	}
}

// unreserve takes units off an order that is not paid.
func (c *Cancel) unreserve(d *decision, o *OrderRow, units int64) {
	d.count(&o.Order, -units, 0, 0)
	d.book(c.event(), unpledged(units*o.Price))
	if units == o.Units {
		d.move(o, OrderCancelled)
	} else {
		o.Units -= units
		d.move(o, OrderReserved)
	}
	d.tell("order.cancelled", o, nil)
	d.answer.Order = o.Order
}

// giveBack takes units off an order that is paid.
func (c *Cancel) giveBack(d *decision, o *OrderRow, units int64) {
	paid := d.s.Paying[o.ID]
	if paid == nil {
		d.refuse(fmt.Errorf("order %s is %s: %w: no payment paid it", o.ID, o.State, registry.ErrConflict))
		return
	}
	whole := units == o.Live()
	kind := RefundPartial
	if units == o.Units {
		kind = RefundFull
	}
	back := o.Advanced
	if !whole {
		back = o.Advanced / o.Live() * units // the rest stays with the units that stay
	}
	o.Advanced -= back
	if c.Cause == CauseBacker {
		o.Cancelled += units
		d.count(&o.Order, 0, 0, units)
	}
	if o.State == OrderAllocated {
		d.out.Dropped = append(d.out.Dropped, o.ID)
	}
	if whole {
		d.move(o, OrderRefundDue)
	} else {
		d.move(o, OrderPaid)
	}
	d.book(c.event(), owed(units*o.Price), recalled(back))
	r := d.refund(c.RefundID, paid, o, kind, units, units*o.Price, c.Reason)
	d.tell("order.cancelled", o, &r.Refund)
	d.answer.Order, d.answer.Refund = o.Order, r.Refund
}

// refund queues money to go back.
func (d *decision) refund(id string, p *PaymentRow, o *OrderRow, kind RefundKind, units, amount int64, reason string) *RefundRow {
	r := &RefundRow{changed: true, Refund: Refund{
		ID: id, PaymentID: p.ID, OrderID: o.ID, Campaign: o.Campaign, Kind: kind, Units: units, Amount: amount, Currency: p.Currency,
		Reason: reason, State: RefundQueued, Try: 1, CreatedAt: d.at, ChangedAt: d.at, WakeAt: d.at,
	}}
	d.s.Refunds[id] = r
	if kind == RefundFull || kind == RefundPartial {
		d.s.Owed[o.ID]++
	}
	return r
}

// Expire ends an order whose pay window has run out. One that was paid meanwhile,
// or whose window is still open, stays as it is.
type Expire struct{ Campaign, OrderID string }

func (e *Expire) about() string { return e.Campaign }

func (e *Expire) needs(n *Needs) {
	add(&n.Orders, e.OrderID)
	add(&n.Releases, e.Campaign)
	add(&n.Facts, e.Campaign)
}

func (e *Expire) decide(d *decision) {
	o, err := d.order(e.OrderID)
	if err != nil {
		d.refuse(err)
		return
	}
	if o.State == OrderReserved && !d.at.Before(o.PayUntil) {
		d.count(&o.Order, -o.Units, 0, 0)
		d.book(o.ID+"/expired", unpledged(o.Amount()))
		d.move(o, OrderExpired)
		d.tell("order.expired", o, nil)
	}
	d.answer.Order = o.Order
}
