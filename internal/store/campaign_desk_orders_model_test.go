package store_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
)

// What backers and the startup do to the orders of a deskModel's campaign.

// units are those that are reserved, and those that count for the target.
func (m *deskModel) units() (reserved, paid int64) {
	for _, o := range m.orders {
		switch {
		case o.State == campaigns.OrderReserved:
			reserved += o.Units
		case !o.PaidAt.IsZero():
			paid += o.Units - o.Cancelled
		}
	}
	return reserved, paid
}

// sells is why the campaign takes no order.
func (m *deskModel) sells(r *reasons, units int64) {
	reserved, paid := m.units()
	r.add(m.held, "held")
	r.add(m.state != campaigns.CampaignLive || !m.at.Before(m.closes), "not-open")
	r.add(m.stock > 0 && reserved+paid+units > m.stock, "sold-out")
}

func (m *deskModel) buy(t *rapid.T) {
	w := m.wish(rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "backer"), rapid.Int64Range(1, 3).Draw(t, "units"))
	var r reasons
	m.sells(&r, w.Order.Units)
	a := m.apply(w)[0]
	if r.is(t, "order", a.Err) {
		m.orders = append(m.orders, &modelOrder{a.Order, w})
	}
}

// some is an order in one of the states; nil if there is none.
func (m *deskModel) some(t *rapid.T, states ...campaigns.OrderState) *modelOrder {
	var found []*modelOrder
	for _, o := range m.orders {
		if slices.Contains(states, o.State) {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[rapid.IntRange(0, len(found)-1).Draw(t, "order")]
}

// pays captures an order; one that has expired is taken in again as a new one would be.
func (m *deskModel) pays(t *rapid.T) {
	o := m.some(t, campaigns.OrderReserved, campaigns.OrderExpired)
	if o == nil {
		return
	}
	a := m.do(capture(m.attempt(o.Order), o.Amount()))
	var r reasons
	if o.State == campaigns.OrderExpired {
		m.sells(&r, o.Units)
	}
	if taken := a.Outcome != campaigns.CaptureOrphan; taken != (len(r) == 0) {
		t.Fatalf("a capture for an order that is %s: %s; the model says %q", o.State, a.Outcome, r)
	}
	if len(r) == 0 {
		o.State, o.PaidAt = campaigns.OrderPaid, m.at
	}
}

func (m *deskModel) backOut(t *rapid.T) {
	o := m.some(t, campaigns.OrderReserved, campaigns.OrderPaid, campaigns.OrderAllocated, campaigns.OrderShipped)
	if o == nil || m.rarely(t, 2) {
		return
	}
	var r reasons
	r.add(o.State == campaigns.OrderShipped, "too-late")
	a := m.apply(m.cancel(o.Order, o.Live()))[0]
	if !r.is(t, "cancel an order", a.Err) {
		return
	}
	if o.State == campaigns.OrderReserved {
		o.State = campaigns.OrderCancelled
		return
	}
	o.State, o.Cancelled = campaigns.OrderRefundDue, o.Units
}

func (m *deskModel) refunded(t *rapid.T) {
	o := m.some(t, campaigns.OrderRefundDue)
	if o == nil {
		return
	}
	for _, refund := range get(m.db.Payments().RefundsOfOrder(ctx, o.ID))(m.t) {
		if refund.Kind == campaigns.RefundFull && refund.State == campaigns.RefundQueued {
			m.processed(refund)
		}
	}
	o.State = campaigns.OrderRefunded
}

// ships is why nothing is set aside or handed over.
func (m *deskModel) ships(r *reasons) {
	r.add(!m.in(campaigns.CampaignSucceeded, campaigns.CampaignFulfilling), "conflict")
	r.add(m.held, "held")
}

func (m *deskModel) allocate(t *rapid.T) {
	var r reasons
	m.ships(&r)
	got, err := m.fulfilment.Allocate(ctx, m.ID, 1000)
	if !r.is(t, "allocate", err) {
		return
	}
	for _, o := range m.orders {
		if o.State == campaigns.OrderPaid {
			o.State = campaigns.OrderAllocated
			if !slices.ContainsFunc(got, func(g campaigns.Order) bool { return g.ID == o.ID }) {
				t.Fatalf("order %s was paid and got nothing", o.ID)
			}
		}
	}
}

func (m *deskModel) handOver(t *rapid.T) {
	o := m.some(t, campaigns.OrderAllocated)
	if o == nil {
		return
	}
	var r reasons
	m.ships(&r)
	if m.shipments[o.ID] == "" {
		addressed(m.t, m.fulfilment, o.Order)
		s, err := m.fulfilment.Ship(ctx, m.startup.Account, campaigns.Shipment{OrderID: o.ID, Campaign: m.ID, Units: o.Live(), Carrier: "Post"})
		if !r.is(t, "ship", err) {
			return
		}
		m.shipments[o.ID] = s.ID
	}
	_, err := m.fulfilment.Move(ctx, m.startup.Account, m.shipments[o.ID], campaigns.ShipmentHandedOver, "")
	if r.is(t, "hand over", err) {
		o.State = campaigns.OrderShipped
		m.follows()
	}
}

func (m *deskModel) deliver(t *rapid.T) {
	o := m.some(t, campaigns.OrderShipped)
	if o == nil {
		return
	}
	_, err := m.fulfilment.Move(ctx, m.startup.Account, m.shipments[o.ID], campaigns.ShipmentDelivered, "")
	must(m.t, err)
	o.State = campaigns.OrderDelivered
	m.follows()
}

// follows is where a campaign goes by its orders.
func (m *deskModel) follows() {
	handed, open := false, false
	for _, o := range m.orders {
		switch o.State {
		case campaigns.OrderPaid, campaigns.OrderAllocated, campaigns.OrderRefundDue:
			open = true
		case campaigns.OrderShipped:
			handed, open = true, true
		case campaigns.OrderDelivered:
			handed = true
		}
	}
	steps := 0
	if m.state == campaigns.CampaignSucceeded && (handed || !open) {
		m.becomes(campaigns.CampaignFulfilling, "campaign.fulfilling")
		steps++
	}
	if m.state == campaigns.CampaignFulfilling && !open {
		m.becomes(campaigns.CampaignCompleted, "campaign.completed")
		steps++
	}
	if steps == 2 { // one change
		m.version--
	}
}

// round is what the service does again and again, for all campaigns.
func (m *deskModel) round(*rapid.T) {
	must(m.t, m.fulfilment.Tick(ctx, m.at))
	if m.in(campaigns.CampaignSucceeded, campaigns.CampaignFulfilling) {
		m.follows()
	}
}
