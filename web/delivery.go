package web

import (
	"fmt"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// delivery adds what is known of the way of an order's units to their backer.
func (s *Shop) delivery(v *Visit, o campaigns.Order, c *campaigns.Campaign, p *OrderPage, forms *Forms) error {
	sent, err := s.ships.ShipmentsOfOrder(v.Context(), o.ID)
	if err != nil {
		return err
	}
	for _, x := range sent {
		row := ParcelView{Shipment: x}
		if arrived := "shipments/" + x.ID + "/delivered"; x.State == campaigns.ShipmentHandedOver || forms.Refused(arrived) {
			row.Arrived = forms.Of(arrived)
		}
		p.Shipments = append(p.Shipments, row)
	}
	if o.Backer != v.Actor.Account { // an operator sees the order, and not where its backer lives
		return nil
	}
	a, err := s.ships.Address(v.Context(), o.ID)
	if err != nil {
		return err
	}
	if a.Order == "" && !o.Addressable() && !forms.Refused("address") {
		return nil
	}
	p.Address = &AddressView{Address: a, Needed: a.Order == "", Countries: countriesOf(c), States: []Option{{"", v.Say("draft.choose")}}}
	for _, state := range campaigns.IndianStates {
		p.Address.States = append(p.Address.States, Option{state, state})
	}
	if o.Addressable() || forms.Refused("address") {
		country := a.Country
		if country == "" && len(p.Address.Countries) > 0 {
			country = p.Address.Countries[0].Value
		}
		name := a.Name
		if name == "" {
			name = v.person.Name
		}
		p.Address.Form = forms.Of("address", "name", name, "line1", a.Line1, "line2", a.Line2, "city", a.City, "state", a.State, "postcode", a.Postcode, "country", country, "phone", a.Phone)
		v.restore(p.Address.Form)
	}
	return nil
}

// countriesOf are those that a campaign ships to, to choose from.
func countriesOf(c *campaigns.Campaign) (out []Option) {
	for _, code := range c.ShipsTo() {
		out = append(out, Option{code, code})
	}
	return out
}

// AsksState says whether the state is one of a list: where all goes to India.
func (a *AddressView) AsksState() bool { return len(a.Countries) == 1 && a.Countries[0].Value == "IN" }

func (s *Shop) setAddress(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	return v.act(func(f *Form) error { return s.showOrder(v, o, f) }, func(f *Form) (string, error) {
		_, err := s.ships.SetAddress(v.Context(), v.Actor.Account, campaigns.Address{
			Order: o.ID, Name: f.Get("name"), Line1: f.Get("line1"), Line2: f.Get("line2"), City: f.Get("city"), State: f.Get("state"),
			Postcode: f.Get("postcode"), Country: f.Get("country"), Phone: f.Get("phone"),
		})
		err = f.beside(err, func(r *certification.Refusal) string {
			return startsWith(r.Detail, "the name", "name", "the first line", "line1", "the second line", "line2", "the city", "city", "the country", "country",
				"the state", "state", "the PIN", "postcode", "the postcode", "postcode", "the phone", "phone")
		})
		if err == nil && f.OK() {
			v.Note("good", v.Say("address.saved"))
		}
		return "/orders/" + o.ID + "#where", err
	}, Place{campaigns.ErrTooLate, ""})
}

// arrived is the backer's word that a shipment has come.
func (s *Shop) arrived(v *Visit) error {
	o, err := s.own(v)
	if err != nil {
		return err
	}
	return v.act(func(f *Form) error { return s.showOrder(v, o, f) }, func(f *Form) (string, error) {
		p, err := s.ships.Shipment(v.Context(), v.Param("shipment"))
		if err == nil && (p.OrderID != o.ID || o.Backer != v.Actor.Account) {
			err = fmt.Errorf("shipment %s of order %s: %w", p.ID, o.ID, registry.ErrNotFound)
		}
		if err != nil {
			return "", err
		}
		if _, err := s.ships.Move(v.Context(), v.Actor.Account, p.ID, campaigns.ShipmentDelivered, ""); err != nil {
			return "", f.told(err)
		}
		v.Note("good", v.Say("parcel.thanks"))
		return "/orders/" + o.ID + "#parcels", nil
	})
}
