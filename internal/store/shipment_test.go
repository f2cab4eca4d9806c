package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry"
)

// works is a shop whose campaign succeeded.
func works(t *testing.T, db *storeDB) (*till, *campaigns.Fulfilment) {
	t.Helper()
	s := newTill(t, db, 0)
	return s, campaigns.NewFulfilment(campaigns.FulfilmentOptions{Store: db.Fulfilment(), Book: s.book, Now: s.now})
}

func (s *till) succeeds() {
	s.t.Helper()
	must(s.t, s.db.Write(ctx, "UPDATE campaign SET state = 'succeeded', decided_at = 1795248000000000 WHERE id = '"+s.ID+"'"))
}

func (s *till) is(want campaigns.CampaignState) {
	s.t.Helper()
	same(s.t, get(s.store.Campaign(ctx, s.ID))(s.t).State, want)
}

var shipmentCases = []conformanceCase{
	{"units go out in the order of payment, and nobody is overtaken", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		a, b := s.bought("ann", 1, "success@test"), s.order("bob", 1)
		s.pass(time.Second)
		c := s.bought("carol", 3, "success@test")
		s.pass(time.Second)
		s.with(s.named(s.open(b)), campaigns.MethodUPI, "success@test")
		s.deliver() // he ordered second and paid last
		_, err := f.Allocate(ctx, s.ID, 3)
		wantError(t, err, registry.ErrConflict) // it has not succeeded
		s.succeeds()
		got := get(f.Allocate(ctx, s.ID, 3))(t)
		same(t, len(got), 1)
		same(t, got[0].ID, a.ID) // carol's three do not fit, and bob waits behind her
		got = get(f.Allocate(ctx, s.ID, 4))(t)
		same(t, []string{got[0].ID, got[1].ID}, []string{c.ID, b.ID})
		must(t, db.Write(ctx, "UPDATE campaign SET held = TRUE, held_reason = 'suspended' WHERE id = '"+s.ID+"'"))
		_, err = f.Allocate(ctx, s.ID, 1)
		wantError(t, err, campaigns.ErrHeld)
	}},
	{"an order is shipped in parts, and delivered when all of it is", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 3, "success@test")
		s.succeeds()
		addressed(t, f, o)
		ship := func(units int64, serials ...string) (campaigns.Shipment, error) {
			return f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: o.ID, Campaign: s.ID, Units: units, Carrier: "Post", Tracking: "T1", Serials: serials})
		}
		_, err := ship(1)
		wantError(t, err, registry.ErrConflict) // not allocated
		get(f.Allocate(ctx, s.ID, 3))(t)
		first := get(ship(2, "SN-1", "SN-2"))(t)
		_, err = ship(2)
		wantError(t, err, campaigns.ErrBadOrder)
		_, err = ship(1, "SN-2")
		wantError(t, err, registry.ErrExists)
		_, err = ship(1, "SN-3", "SN-4")
		wantError(t, err, campaigns.ErrBadOrder)
		same(t, get(f.ShipmentOfSerial(ctx, s.ProductID, "SN-2"))(t).ID, first.ID)
		must(t, second(f.Move(ctx, "acc_s", first.ID, campaigns.ShipmentHandedOver, "")))
		must(t, second(f.Move(ctx, "acc_s", first.ID, campaigns.ShipmentHandedOver, ""))) // the same click
		s.is(campaigns.CampaignFulfilling)
		s.state(o, campaigns.OrderShipped)
		s.refused(s.cancel(o, 1), campaigns.ErrTooLate)
		other := get(ship(1, "SN-3"))(t)
		must(t, second(f.Move(ctx, "acc_s", first.ID, campaigns.ShipmentDelivered, "")))
		s.state(o, campaigns.OrderShipped)
		s.balance(campaigns.AccountStartup, 0)
		must(t, second(f.Move(ctx, "acc_s", other.ID, campaigns.ShipmentHandedOver, "")))
		s.is(campaigns.CampaignFulfilling)
		must(t, second(f.Move(ctx, "acc_s", other.ID, campaigns.ShipmentDelivered, "")))
		s.state(o, campaigns.OrderDelivered)
		s.balance(campaigns.AccountStartup, 3*price)
		s.is(campaigns.CampaignCompleted)
		same(t, get(f.Allowance(ctx, s.Org, s.Model))(t), 3)
		// One of the two shipments comes back, and its serial number can go out again.
		a := get(f.Move(ctx, "acc_s", first.ID, campaigns.ShipmentReturned, "broken"))(t)
		same(t, []any{a.Refund.Kind, a.Refund.Amount, a.Order.State, a.Order.Returned}, []any{campaigns.RefundPartial, int64(2 * price), campaigns.OrderDelivered, int64(2)})
		_, err = f.ShipmentOfSerial(ctx, s.ProductID, "SN-2")
		wantError(t, err, registry.ErrNotFound)
		a = get(f.Move(ctx, "acc_s", other.ID, campaigns.ShipmentReturned, "too"))(t)
		same(t, a.Order.State, campaigns.OrderReturned)
		s.send()
		s.deliver()
		s.balance(campaigns.AccountStartup, 0)
		s.agrees()
	}},
	{"what is lost on the way is refunded, and the rest is delivered by itself", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 2, "success@test")
		s.succeeds()
		addressed(t, f, o)
		get(f.Allocate(ctx, s.ID, 2))(t)
		var ids []string
		for range 2 {
			p := get(f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: o.ID, Campaign: s.ID, Units: 1, Carrier: "Post"}))(t)
			must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentHandedOver, "")))
			ids = append(ids, p.ID)
		}
		must(t, second(f.Move(ctx, "acc_s", ids[0], campaigns.ShipmentDelivered, "")))
		a := get(f.Move(ctx, "acc_s", ids[1], campaigns.ShipmentReturned, "lost"))(t)
		same(t, []any{a.Order.State, a.Refund.Amount}, []any{campaigns.OrderDelivered, int64(price)})
		s.balance(campaigns.AccountStartup, price)
		s.is(campaigns.CampaignCompleted)
		s.audit()
	}},
	{"a device that comes to life says that its shipment arrived", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 2, "success@test")
		s.succeeds()
		addressed(t, f, o)
		get(f.Allocate(ctx, s.ID, 2))(t)
		for _, did := range []string{"pure.1", "pure.2"} {
			p := get(f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: o.ID, Campaign: s.ID, Units: 1, Carrier: "Post", Serials: []string{did}}))(t)
			must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentHandedOver, "")))
		}
		must(t, f.Alive(ctx, s.ProductID, "pure.9")) // sold elsewhere
		must(t, f.Alive(ctx, s.ProductID, "pure.1"))
		s.state(o, campaigns.OrderShipped) // the other one is still on its way
		must(t, f.Alive(ctx, s.ProductID, "pure.2"))
		s.state(o, campaigns.OrderBound)
		must(t, f.Alive(ctx, s.ProductID, "pure.2")) // told twice
		s.state(o, campaigns.OrderBound)
		s.balance(campaigns.AccountStartup, 2*price)
		s.is(campaigns.CampaignCompleted)
		s.agrees()
	}},
	{"a cancellation and a hand-over meet at one row", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 1, "success@test")
		s.succeeds()
		addressed(t, f, o)
		get(f.Allocate(ctx, s.ID, 1))(t)
		p := get(f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: o.ID, Campaign: s.ID, Units: 1, Carrier: "Post", Serials: []string{"SN-9"}}))(t)
		errs := together(2, func(i int) error {
			if i == 0 {
				return second(s.book.Do(ctx, s.cancel(o, 0)))
			}
			return second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentHandedOver, ""))
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("cancelled: %v, handed over: %v; want exactly one", errs[0], errs[1])
		}
		p = get(f.Shipment(ctx, p.ID))(t)
		want := map[bool]campaigns.ShipmentState{true: campaigns.ShipmentDropped, false: campaigns.ShipmentHandedOver}[errs[0] == nil]
		same(t, p.State, want)
		s.audit()
	}},
	{"a missed ship date is told once", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 1, "success@test")
		must(t, db.Write(ctx, "UPDATE campaign SET ship_kind = 'date', ship_by_at = "+micros(s.now().Add(24*time.Hour))+" WHERE id = '"+s.ID+"'"))
		s.succeeds()
		must(t, f.Tick(ctx, s.now()))
		same(t, get(s.store.Order(ctx, o.ID))(t).MissedAt.IsZero(), true)
		s.pass(24 * time.Hour)
		must(t, f.Tick(ctx, s.now()))
		at := get(s.store.Order(ctx, o.ID))(t).MissedAt
		same(t, at, s.now())
		s.pass(time.Hour)
		must(t, f.Tick(ctx, s.now()))
		same(t, get(s.store.Order(ctx, o.ID))(t).MissedAt, at)
		s.do(s.cancel(o, 0))
		s.send()
		s.deliver()
		must(t, f.Tick(ctx, s.now()))
		s.is(campaigns.CampaignCompleted)
	}},
	{"nobody pays a startup alone, and never by an old statement", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		a, b := s.bought("ann", 1, "success@test"), s.bought("bob", 1, "success@test")
		s.succeeds()
		deliver := func(o campaigns.Order) {
			addressed(t, f, o)
			get(f.Allocate(ctx, s.ID, 1))(t)
			p := get(f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: o.ID, Campaign: s.ID, Units: 1, Carrier: "Post"}))(t)
			must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentHandedOver, "")))
			must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentDelivered, "")))
		}
		_, err := f.ProposePayout(ctx, "acc_1", s.ID)
		wantError(t, err, registry.ErrConflict) // nothing is earned
		deliver(a)
		p := get(f.ProposePayout(ctx, "acc_1", s.ID))(t)
		_, err = f.ProposePayout(ctx, "acc_2", s.ID)
		wantError(t, err, registry.ErrExists)
		if _, err := f.EndPayout(ctx, "acc_1", p.ID, "N1", campaigns.PayoutPaid); err == nil {
			t.Error("who proposed a payout paid it")
		}
		_, err = f.EndPayout(ctx, "acc_2", p.ID, "N1", campaigns.PayoutPaid)
		wantError(t, err, registry.ErrConflict) // the provider has not settled
		must(t, f.Settled(ctx, "acc_1", s.ID, "simulator", "st_1", 2*price-1000, 1000))
		must(t, f.Settled(ctx, "acc_1", s.ID, "simulator", "st_1", 2*price-1000, 1000)) // once
		_, err = f.EndPayout(ctx, "acc_2", p.ID, "N1", campaigns.PayoutPaid)
		wantError(t, err, registry.ErrConflict) // the costs are another statement
		get(f.EndPayout(ctx, "acc_1", p.ID, "", campaigns.PayoutWithdrawn))(t)
		p = get(f.ProposePayout(ctx, "acc_1", s.ID))(t)
		same(t, p.Payable, int64(price-1000-price/20))
		get(f.EndPayout(ctx, "acc_2", p.ID, "N2", campaigns.PayoutPaid))(t)
		_, err = f.EndPayout(ctx, "acc_2", p.ID, "N2", campaigns.PayoutPaid)
		wantError(t, err, registry.ErrConflict)
		s.balance(campaigns.AccountStartup, 0)
		deliver(b)
		same(t, len(get(f.Payouts(ctx, s.ID))(t)), 2)
		s.audit()
	}},
}

func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }
