package store_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// addressed says where an order is to be brought.
func addressed(t testing.TB, f *campaigns.Fulfilment, o campaigns.Order) campaigns.Address {
	t.Helper()
	a, err := f.SetAddress(ctx, o.Backer, campaigns.Address{
		Order: o.ID, Name: "Asha Rao", Line1: "14, 3rd Cross", Line2: "Jayanagar", City: "Bengaluru", State: "Karnataka", Postcode: "560 011", Country: "in", Phone: "098450 12345",
	})
	must(t, err)
	return a
}

var addressCases = []conformanceCase{
	{"an order goes where its backer said last, until it is handed over", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 2, "success@test")
		s.succeeds()
		get(f.Allocate(ctx, s.ID, 2))(t)
		ship := func() (campaigns.Shipment, error) {
			return f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: o.ID, Campaign: s.ID, Units: 1, Carrier: "Post"})
		}
		_, err := ship()
		rule(t, err, "address-missing")
		same(t, get(f.Unaddressed(ctx, s.ID))(t), int64(1))
		same(t, get(f.Address(ctx, o.ID))(t), campaigns.Address{})
		a := addressed(t, f, o)
		same(t, []string{a.Postcode, a.Country, a.Phone}, []string{"560011", "IN", "+919845012345"})
		same(t, get(f.Unaddressed(ctx, s.ID))(t), int64(0))

		_, err = f.SetAddress(ctx, "acc_other", a)
		wantError(t, err, registry.ErrNotFound)
		bad := a
		bad.Postcode = "0"
		_, err = f.SetAddress(ctx, o.Backer, bad)
		rule(t, err, "address-form")
		p := get(ship())(t)
		a.Line2 = "Jayanagar 4th Block"
		s.pass(time.Second)
		a = get(f.SetAddress(ctx, o.Backer, a))(t) // the label is printed anew
		same(t, get(f.Address(ctx, o.ID))(t), a)
		var labels []campaigns.Label
		must(t, f.Labels(ctx, "acc_s", s.ID, func(l campaigns.Label) error { labels = append(labels, l); return nil }))
		same(t, labels, []campaigns.Label{{Shipment: p, Address: a}})
		entries := db.entriesOf(t, s.ID)
		same(t, entries[len(entries)-1].Action, "addresses.exported")

		must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentHandedOver, "")))
		_, err = f.SetAddress(ctx, o.Backer, a)
		wantError(t, err, campaigns.ErrTooLate)
		wantError(t, db.Fulfilment().SaveAddress(ctx, a), campaigns.ErrTooLate) // whoever comes with what he read before
		get(ship())(t)                                                          // the rest goes there too
		same(t, get(f.AddressesOf(ctx, s.ID, o.ID, "ord_none"))(t), map[string]campaigns.Address{o.ID: a})
		same(t, len(get(f.AddressesOf(ctx, "cmp_other", o.ID))(t)), 0)
		same(t, get(f.AddressesOfBacker(ctx, o.Backer))(t), []campaigns.Address{a})
	}},
	{"who has not said where to is asked, again, and not for ever", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		o := s.bought("ann", 1, "success@test")
		must(t, f.Tick(ctx, s.at))
		same(t, db.noticesOf(t, o.ID, "order.address-missing"), 0) // nothing is sent yet
		s.succeeds()
		for range 10 {
			must(t, f.Tick(ctx, s.at))
			must(t, f.Tick(ctx, s.at))
			s.pass(4 * 24 * time.Hour)
		}
		same(t, db.noticesOf(t, o.ID, "order.address-missing"), 4)
	}},
	{"an address goes after its order's end, and with its backer", func(t *testing.T, db *storeDB) {
		s, f := works(t, db)
		a, b := s.bought("ann", 1, "success@test"), s.bought("bob", 1, "success@test")
		s.succeeds()
		get(f.Allocate(ctx, s.ID, 2))(t)
		addressed(t, f, a)
		addressed(t, f, b)
		p := get(f.Ship(ctx, "acc_s", campaigns.Shipment{OrderID: a.ID, Campaign: s.ID, Units: 1, Carrier: "Post"}))(t)
		must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentHandedOver, "")))
		must(t, second(f.Move(ctx, "acc_s", p.ID, campaigns.ShipmentDelivered, "")))
		kept := func(o campaigns.Order) bool { return get(f.Address(ctx, o.ID))(t).Order != "" }
		s.pass(campaigns.AddressKept)
		must(t, f.ForgetAddresses(ctx, s.at))
		same(t, []bool{kept(a), kept(b)}, []bool{true, true})
		s.pass(time.Second)
		must(t, f.ForgetAddresses(ctx, s.at))
		same(t, []bool{kept(a), kept(b)}, []bool{false, true}) // b is still to be shipped

		gone := db.person(t).ID
		must(t, db.Write(ctx, "UPDATE campaign_order SET backer = '"+gone+"' WHERE id = '"+b.ID+"'"))
		must(t, db.Auth().DeletePerson(ctx, gone, auth.DeletedName, s.at, decision(gone)))
		same(t, kept(b), false)
	}},
}
