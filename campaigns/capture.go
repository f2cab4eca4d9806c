package campaigns

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// Capture says that a provider took money for an order. It is idempotent by the
// provider's name of the payment, whoever tells it: the return page, an event,
// or a reconciler.
type Capture struct {
	Campaign string
	OrderID  string
	Payment  string          // pat_… for which the provider took it
	Provider string          // Provider.Name
	Captured ProviderPayment // what the provider says
	SpareID  string          // pat_… for a second payment on the same provider order
	RefundID string          // rfd_… for what belongs to no order
}

func (c *Capture) about() string           { return c.Campaign }
func (c *Capture) ref() ProviderPaymentRef { return ProviderPaymentRef{c.Provider, c.Captured.Ref} }

func (c *Capture) needs(n *Needs) {
	add(&n.Orders, c.OrderID)
	add(&n.Payments, c.Payment)
	add(&n.Captures, c.ref())
	add(&n.Facts, c.Campaign)
}

func (c *Capture) decide(d *decision) {
	if p := d.s.Captures[c.ref()]; p != nil && p.State == PaymentCaptured {
		d.answer = Answer{Payment: p.Payment, Outcome: p.Outcome, Repeat: true}
		if o := d.s.Orders[p.OrderID]; o != nil {
			d.answer.Order = o.Order
		}
		return
	}
	o, err := d.order(c.OrderID)
	if err != nil {
		d.refuse(err)
		return
	}
	p := d.s.Payments[c.Payment]
	switch {
	case p == nil || p.OrderID != o.ID:
		d.refuse(fmt.Errorf("payment %s of order %s: %w", c.Payment, o.ID, registry.ErrNotFound))
		return
	case p.Provider != c.Provider || c.Captured.Ref == "" || c.Captured.Amount <= 0 || c.Captured.Currency != o.Currency:
		d.refuse(fmt.Errorf("%w: captured %d %s as %q by provider %q for payment %s; want an amount in %s by provider %q", ErrBadOrder,
			c.Captured.Amount, c.Captured.Currency, c.Captured.Ref, c.Provider, p.ID, o.Currency, p.Provider))
		return
	}
	if p.State == PaymentCaptured { // paid twice: the second one gets a row of its own
		spare := p.Payment
		spare.ID, spare.CreatedAt, spare.ProviderRef, spare.Flag = c.SpareID, d.at, "", ""
		p = &PaymentRow{Payment: spare}
		d.s.Payments[spare.ID] = p
	}
	c.take(d, o, p)
}

// take puts the money where it belongs.
func (c *Capture) take(d *decision, o *OrderRow, p *PaymentRow) {
	got := &c.Captured
	p.State, p.PaymentRef, p.Method, p.Hint, p.Failure = PaymentCaptured, got.Ref, got.Method, got.Hint, ""
	if got.Amount != p.Amount {
		p.Flag = fmt.Sprintf("%d were captured where %d were asked for", got.Amount, p.Amount)
	}
	p.Amount, p.Fee, p.CapturedAt, p.ChangedAt, p.AskAt, p.changed = got.Amount, got.Fee, d.at, d.at, time.Time{}, true
	d.s.Captures[c.ref()] = p
	due := o.Amount()
	event := p.ID + "/captured"
	switch {
	case o.State == OrderReserved && got.Amount >= due:
		p.Outcome = CapturePaid
		d.count(&o.Order, -o.Units, o.Units, 0)
		d.book(event, unpledged(due), received(c.Provider, due), stranded(c.Provider, got.Amount-due))
	case o.State == OrderExpired && got.Amount >= due && d.readmits(o):
		p.Outcome = CaptureReadmitted
		d.count(&o.Order, 0, o.Units, 0)
		d.out.Sells[o.Campaign] = true
		d.book(event, received(c.Provider, due), stranded(c.Provider, got.Amount-due))
	default:
		p.Outcome = CaptureOrphan
		if p.Flag == "" {
			p.Flag = fmt.Sprintf("captured when order %s was %s", o.ID, o.State)
		}
		d.book(event, stranded(c.Provider, got.Amount))
		r := d.refund(c.RefundID, p, o, RefundOrphan, 0, got.Amount, fmt.Sprintf("order %s was %s", o.ID, o.State))
		d.tell("payment.orphaned", o, &r.Refund)
		d.answer = Answer{Order: o.Order, Payment: p.Payment, Outcome: p.Outcome, Refund: r.Refund}
		return
	}
	d.move(o, OrderPaid)
	o.PaidAt = d.at
	d.s.Paying[o.ID] = p
	d.voucher(VoucherReceipt, p.ID, o, due)
	d.answer = Answer{Payment: p.Payment, Outcome: p.Outcome}
	if over := got.Amount - due; over > 0 {
		r := d.refund(c.RefundID, p, o, RefundSurplus, 0, over, fmt.Sprintf("order %s costs %d, %d was paid", o.ID, due, got.Amount))
		d.answer.Refund = r.Refund
	}
	d.tell("order.paid", o, nil)
	d.answer.Order = o.Order
}

// readmits says whether an expired order may be taken in again: as a new one could.
func (d *decision) readmits(o *OrderRow) bool {
	if d.open() != nil {
		return false
	}
	v, err := d.variant(o.Variant)
	if err != nil {
		return false
	}
	asked := o.Order
	asked.Price = 0 // it keeps the price at which it was made
	return d.fits(&asked, v) == nil
}
