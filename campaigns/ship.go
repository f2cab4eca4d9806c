package campaigns

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// Limits of what is said of a shipment.
const (
	maxCarrier = 100 // characters of carrier and tracking number
	maxSerial  = 64  // bytes of a serial number or did
)

// Ship prepares a shipment of an allocated order, or a further one of an order of
// which some units were handed over. Shipment has ID, OrderID, Campaign, Units,
// Carrier, Tracking and Serials.
type Ship struct {
	Shipment Shipment
	Actor    string // acc_… who prepares it
}

func (s *Ship) about() string { return s.Shipment.Campaign }

func (s *Ship) needs(n *Needs) {
	add(&n.Orders, s.Shipment.OrderID)
	add(&n.Shipped, s.Shipment.OrderID)
	add(&n.Facts, s.Shipment.Campaign)
}

// Check says what is wrong with the shipment by itself.
func (s *Ship) Check() error {
	p := &s.Shipment
	switch {
	case p.Units < 1:
		return fmt.Errorf("%w: shipment of %d units; want 1 or more", ErrBadOrder, p.Units)
	case line(p.Carrier, maxCarrier) != p.Carrier || p.Carrier == "" || line(p.Tracking, maxCarrier) != p.Tracking:
		return fmt.Errorf("%w: carrier %q, tracking number %q; want one line of at most %d bytes each, and a carrier", ErrBadOrder, line(p.Carrier, 200), line(p.Tracking, 200), maxCarrier)
	case len(p.Serials) > 0 && int64(len(p.Serials)) != p.Units:
		return fmt.Errorf("%w: %d serial numbers for %d units; want one for each, or none", ErrBadOrder, len(p.Serials), p.Units)
	}
	for i, serial := range p.Serials {
		if err := checkKey(serial); err != nil || len(serial) > maxSerial {
			return fmt.Errorf("%w: serial number %q; want 1 to %d visible ASCII characters", ErrBadOrder, line(serial, 100), maxSerial)
		}
		if slices.Contains(p.Serials[:i], serial) {
			return fmt.Errorf("%w: serial number %s twice in one shipment", ErrBadOrder, serial)
		}
	}
	return nil
}

func (s *Ship) decide(d *decision) {
	p := s.Shipment
	o, err := d.order(p.OrderID)
	if err != nil {
		d.refuse(err)
		return
	}
	for _, known := range d.s.Shipments[o.ID] {
		if known.ID == p.ID { // its first commit was made after all
			d.answer = Answer{Order: o.Order, Shipment: known.Shipment, Repeat: true}
			return
		}
	}
	left := o.Live()
	for _, other := range d.s.Shipments[o.ID] {
		if other.State != ShipmentDropped && other.State != ShipmentReturned {
			left -= other.Units
		}
	}
	switch err := s.Check(); {
	case err != nil:
		d.refuse(err)
	case d.counter.Held:
		d.refuse(fmt.Errorf("ship order %s: campaign %s: %w", o.ID, p.Campaign, ErrHeld))
	case o.State != OrderAllocated && o.State != OrderShipped:
		d.refuse(fmt.Errorf("ship order %s, which is %s: %w: allocate it first", o.ID, o.State, registry.ErrConflict))
	case p.Units > left:
		d.refuse(fmt.Errorf("%w: ship %d units of order %s; %d are in no shipment yet", ErrBadOrder, p.Units, o.ID, left))
	default:
		p.State, p.CreatedAt, p.ChangedAt = ShipmentPrepared, d.at, d.at
		d.addShipment(o.ID, p)
		d.decided(s.Actor, "shipment.prepared", p.ID, map[string]any{"order": o.ID, "units": p.Units, "carrier": p.Carrier})
		d.answer = Answer{Order: o.Order, Shipment: p}
	}
}

func (d *decision) addShipment(order string, p Shipment) {
	if d.s.Shipments == nil {
		d.s.Shipments = make(map[string][]*ShipmentRow)
	}
	d.s.Shipments[order] = append(d.s.Shipments[order], &ShipmentRow{Shipment: p, Product: d.s.Facts[p.Campaign].Product, changed: true})
}

// MoveShipment brings a shipment forward, and its order with it: the first
// hand-over makes the order shipped, after which it can no longer be cancelled; when
// all its units are delivered the order is; what comes back is refunded.
type MoveShipment struct {
	Campaign   string
	OrderID    string
	ShipmentID string
	To         ShipmentState
	Reason     string // of a return, for its refund
	RefundID   string // rfd_… for a return
	Actor      string // acc_… who says so
}

func (m *MoveShipment) about() string { return m.Campaign }

func (m *MoveShipment) needs(n *Needs) {
	add(&n.Orders, m.OrderID)
	add(&n.Shipped, m.OrderID)
	add(&n.Facts, m.Campaign)
}

func (m *MoveShipment) decide(d *decision) {
	o, err := d.order(m.OrderID)
	if err != nil {
		d.refuse(err)
		return
	}
	of := d.s.Shipments[o.ID]
	i := slices.IndexFunc(of, func(s *ShipmentRow) bool { return s.ID == m.ShipmentID })
	if i < 0 {
		d.refuse(fmt.Errorf("shipment %s of order %s: %w", m.ShipmentID, o.ID, registry.ErrNotFound))
		return
	}
	switch s := of[i]; {
	case s.State == m.To:
		d.answer = Answer{Order: o.Order, Shipment: s.Shipment, Repeat: true}
	case !s.State.CanBecome(m.To):
		d.refuse(fmt.Errorf("shipment %s is %s and cannot become %s: %w", s.ID, s.State, m.To, registry.ErrConflict))
	case m.To == ShipmentHandedOver && d.counter.Held:
		d.refuse(fmt.Errorf("hand over shipment %s: campaign %s: %w", s.ID, m.Campaign, ErrHeld))
	case m.To == ShipmentHandedOver && o.State != OrderAllocated && o.State != OrderShipped:
		d.refuse(fmt.Errorf("hand over shipment %s of order %s, which is %s: %w", s.ID, o.ID, o.State, registry.ErrConflict))
	default:
		m.step(d, s, o)
	}
}

func (m *MoveShipment) step(d *decision, s *ShipmentRow, o *OrderRow) {
	if m.To == ShipmentReturned {
		if err := d.takeBack(o, o.ID+"/returned/"+s.ID, s.Units, line(m.Reason, 200), m.RefundID); err != nil {
			d.refuse(err)
			return
		}
	}
	s.State, s.ChangedAt, s.changed = m.To, d.at, true
	switch m.To {
	case ShipmentHandedOver:
		s.HandedAt = d.at
		if o.State == OrderAllocated {
			d.move(o, OrderShipped)
		}
		d.tell("order.shipped", o, nil)
		d.out.Told[len(d.out.Told)-1].Shipment = &s.Shipment
	case ShipmentDelivered:
		s.DeliveredAt = d.at
	}
	if o.State == OrderShipped && d.arrived(o) {
		d.book(o.ID+"/"+string(OrderDelivered), earned(o.Live()*o.Price), recalled(o.Advanced))
		o.Advanced = 0
		d.move(o, OrderDelivered)
		d.tell("order.delivered", o, nil)
	}
	d.decided(m.Actor, "shipment."+string(m.To), s.ID, map[string]any{"order": o.ID, "units": s.Units, "reason": m.Reason})
	d.answer.Order, d.answer.Shipment = o.Order, s.Shipment
}

// arrived says whether all units that an order still has are delivered.
func (d *decision) arrived(o *OrderRow) bool {
	var units int64
	for _, s := range d.s.Shipments[o.ID] {
		if s.State == ShipmentDelivered {
			units += s.Units
		}
	}
	return o.Live() > 0 && units >= o.Live()
}

// Miss says that the promised ship date of an order has passed. Its backer is told
// once, with the right to cancel that holds until the hand-over.
type Miss struct {
	Campaign string
	OrderID  string
	Due      time.Time
}

func (m *Miss) about() string { return m.Campaign }

func (m *Miss) needs(n *Needs) {
	add(&n.Orders, m.OrderID)
	add(&n.Facts, m.Campaign)
}

func (m *Miss) decide(d *decision) {
	o, err := d.order(m.OrderID)
	if err != nil {
		d.refuse(err)
		return
	}
	d.answer = Answer{Order: o.Order, Repeat: true}
	if !o.MissedAt.IsZero() || o.State != OrderPaid && o.State != OrderAllocated || d.at.Before(m.Due) {
		return
	}
	o.MissedAt, o.changed = d.at, true
	d.tell("order.ship-date-missed", o, nil)
	d.answer = Answer{Order: o.Order}
}
