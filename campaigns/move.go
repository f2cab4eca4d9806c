package campaigns

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// Move brings a paid order forward: allocated, shipped, delivered, bound,
// returned, or back from allocated to paid. It books what the step earns or owes.
type Move struct {
	Campaign string
	OrderID  string
	From, To OrderState
	Reason   string // of a return, for its refund
	RefundID string // rfd_… for a return
}

var moves = []OrderState{OrderPaid, OrderAllocated, OrderShipped, OrderDelivered, OrderBound, OrderReturned}

func (m *Move) about() string { return m.Campaign }

func (m *Move) needs(n *Needs) {
	add(&n.Orders, m.OrderID)
	add(&n.Facts, m.Campaign)
}

func (m *Move) decide(d *decision) {
	o, err := d.order(m.OrderID)
	switch {
	case err != nil:
		d.refuse(err)
	case !m.From.CanBecome(m.To) || !slices.Contains(moves, m.From) || !slices.Contains(moves, m.To):
		d.refuse(fmt.Errorf("%w: order %s from %s to %s is no step of fulfilment", ErrBadOrder, o.ID, m.From, m.To))
	case o.State == m.To && m.To != OrderPaid:
		d.answer = Answer{Order: o.Order, Repeat: true}
	case o.State != m.From:
		d.refuse(fmt.Errorf("order %s is %s, not %s: %w", o.ID, o.State, m.From, registry.ErrConflict))
	case d.counter.Held && (m.To == OrderAllocated || m.To == OrderShipped):
		d.refuse(fmt.Errorf("order %s to %s: campaign %s: %w", o.ID, m.To, m.Campaign, ErrHeld))
	default:
		m.step(d, o)
	}
}

func (m *Move) step(d *decision, o *OrderRow) {
	amount, advanced := o.Live()*o.Price, o.Advanced
	event := o.ID + "/" + string(m.To)
	switch m.To {
	case OrderDelivered:
		d.book(event, earned(amount), recalled(advanced))
		o.Advanced = 0
	case OrderReturned:
		if err := d.takeBack(o, event, o.Live(), m.Reason, m.RefundID); err != nil {
			d.refuse(err)
		}
		return
	}
	d.move(o, m.To)
	d.tell("order."+string(m.To), o, nil)
	d.answer.Order = o.Order
}

// takeBack takes back units that were handed over, and queues their refund.
func (d *decision) takeBack(o *OrderRow, event string, units int64, reason, refundID string) error {
	paid := d.s.Paying[o.ID]
	if paid == nil {
		return fmt.Errorf("order %s is %s: %w: no payment paid it", o.ID, o.State, registry.ErrConflict)
	}
	amount := units * o.Price
	if o.State == OrderShipped { // not all of it arrived, so nothing was earned
		back := o.Advanced
		if units < o.Live() {
			back = o.Advanced / o.Live() * units
		}
		o.Advanced -= back
		d.book(event, owed(amount), recalled(back))
	} else {
		d.book(event, unearned(amount))
	}
	kind := RefundPartial
	if units == o.Units {
		kind = RefundFull
	}
	o.Returned += units
	to := o.State
	if o.Live() == 0 {
		to = OrderReturned
	}
	d.move(o, to)
	r := d.refund(refundID, paid, o, kind, units, amount, reason)
	d.tell("order.returned", o, &r.Refund)
	d.answer.Order, d.answer.Refund = o.Order, r.Refund
	return nil
}

// MoveRefund brings a refund forward, and its order with it.
type MoveRefund struct {
	Campaign    string
	OrderID     string
	RefundID    string
	PaymentID   string
	From, To    RefundState
	ProviderRef string    // kept where given
	BankRef     string    // kept where given
	Error       string    // why it failed
	Wake        time.Time // when it is sent again, of one that goes back into the queue
	Hand        string    // hnd_…: a person paid it back as another proposed; empty: it is not paid by hand
	Actor       string    // acc_… who decided it; empty: nobody did, it happened
}

func (m *MoveRefund) about() string { return m.Campaign }

func (m *MoveRefund) needs(n *Needs) {
	add(&n.Orders, m.OrderID)
	add(&n.Refunds, m.RefundID)
	add(&n.Payments, m.PaymentID)
	add(&n.Facts, m.Campaign)
}

func (m *MoveRefund) decide(d *decision) {
	r, p, o := d.s.Refunds[m.RefundID], d.s.Payments[m.PaymentID], d.s.Orders[m.OrderID]
	switch {
	case r == nil || p == nil || o == nil || r.PaymentID != p.ID || r.OrderID != o.ID || r.Campaign != m.Campaign:
		d.refuse(fmt.Errorf("refund %s of payment %s of order %s: %w", m.RefundID, m.PaymentID, m.OrderID, registry.ErrNotFound))
	case r.State == m.To:
		d.answer = Answer{Order: o.Order, Payment: p.Payment, Refund: r.Refund, Repeat: true}
	case r.State != m.From:
		d.refuse(fmt.Errorf("refund %s is %s, not %s: %w", r.ID, r.State, m.From, registry.ErrConflict))
	case !m.From.CanBecome(m.To):
		d.refuse(fmt.Errorf("%w: refund %s from %s to %s", ErrBadOrder, r.ID, m.From, m.To))
	case m.From == RefundProcessed && r.ByHand:
		d.refuse(fmt.Errorf("%w: refund %s was paid back by hand; no provider can fail it", ErrBadOrder, r.ID))
	default:
		if err := m.byHand(&r.Refund); err != nil {
			d.refuse(err)
			return
		}
		m.step(d, r, p, o)
	}
}

func (m *MoveRefund) step(d *decision, r *RefundRow, p *PaymentRow, o *OrderRow) {
	if m.To == RefundSent || m.From == RefundQueued || m.From == RefundManual { // the number is part of the postings' names
		r.Attempts++
	}
	if m.ProviderRef != "" {
		r.ProviderRef = m.ProviderRef
	}
	if m.Hand != "" {
		r.BankRef, r.Hand.ConfirmedBy = r.Hand.BankRef, m.Actor
	} else if m.BankRef != "" {
		r.BankRef = m.BankRef
	}
	r.LastError, r.changed = m.Error, true
	r.wake(d.at, m)
	from, counts := AccountProvider(p.Provider), r.Kind == RefundFull || r.Kind == RefundPartial
	switch {
	case m.To == RefundProcessed:
		if m.Hand != "" {
			from, r.ByHand = AccountBank, true
		}
		d.book(fmt.Sprintf("%s/processed/%d", r.ID, r.Attempts), refunded(r.Kind, from, r.Amount))
		if counts {
			d.s.Owed[o.ID]--
			if r.ProcessedAt.IsZero() {
				d.voucher(VoucherRefund, r.ID, o, r.Amount)
			}
		}
		r.ProcessedAt = d.at
	case m.From == RefundProcessed: // the bank sent it back
		d.book(fmt.Sprintf("%s/returned/%d", r.ID, r.Attempts), refunded(r.Kind, from, r.Amount).reverse())
		if counts {
			d.s.Owed[o.ID]++
		}
	}
	r.State, r.ChangedAt = m.To, d.at
	switch {
	case o.State == OrderRefundDue && d.s.Owed[o.ID] == 0:
		d.move(o, OrderRefunded)
		d.tell("order.refunded", o, &r.Refund)
	case m.To == RefundProcessed:
		d.tell("refund.processed", o, &r.Refund)
	case m.To == RefundManual:
		d.tell("refund.manual", o, &r.Refund)
	case o.State == OrderRefunded && d.s.Owed[o.ID] > 0:
		d.move(o, OrderRefundDue)
	}
	d.decided(m.Actor, "refund."+string(m.To), r.ID, m.told(r))
	d.answer = Answer{Order: o.Order, Payment: p.Payment, Refund: r.Refund}
}

// told is what the record of decisions keeps of the step.
func (m *MoveRefund) told(r *RefundRow) map[string]any {
	detail := map[string]any{"order": r.OrderID, "amount": r.Amount, "currency": r.Currency, "bank_ref": m.BankRef}
	if m.Hand != "" {
		detail["bank_ref"], detail["proposal"], detail["proposed_by"] = r.BankRef, r.Hand.ID, r.Hand.ProposedBy
	}
	return detail
}

// AskRefundAfter is how long a provider may have a refund before it is asked what
// became of it.
const AskRefundAfter = 15 * time.Minute

// wake sets when there is something to be done about a refund that m moves.
func (r *RefundRow) wake(at time.Time, m *MoveRefund) {
	switch m.To {
	case RefundQueued:
		r.Try++
		r.WakeAt = at
		if m.Wake.After(at) {
			r.WakeAt = m.Wake
		}
	case RefundSent:
		r.WakeAt = at.Add(AskRefundAfter)
	case RefundFailed:
		r.WakeAt = at
	default:
		r.WakeAt = time.Time{}
	}
}

// Post writes a transfer that is not about a single order: a settlement, a
// provider's fee, a payout.
type Post struct {
	Transfer Transfer
	Actor    string // acc_… who says so; empty: nobody does
}

func (p *Post) about() string { return p.Transfer.Campaign }

func (p *Post) needs(n *Needs) {
	add(&n.Events, p.Transfer.Event)
	add(&n.Facts, p.Transfer.Campaign)
}

func (p *Post) decide(d *decision) {
	t := p.Transfer
	t.At = d.at
	if err := t.Check(); err != nil {
		d.refuse(err)
		return
	}
	if d.s.Events[t.Event] {
		d.answer.Repeat = true
		return
	}
	d.book(t.Event, t.Postings...)
	d.decided(p.Actor, "transfer.posted", t.Campaign, map[string]any{"event": t.Event, "postings": t.Postings})
}
