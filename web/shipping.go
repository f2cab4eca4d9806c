package web

import (
	"encoding/csv"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// ShippingPage are the paid orders of a campaign, and what is sent of them.
type ShippingPage struct {
	OrgPage
	Campaign campaigns.Campaign
	States   []campaigns.OrderState
	State    campaigns.OrderState
	Rows     []ShippingRow
	Next     string
	Forms    *Forms
	Missing  int64 // orders that cannot be shipped: nobody has said where to
}

// ShippingRow is one order with its shipments.
type ShippingRow struct {
	Order     campaigns.Order
	Kind      string // of unit
	Backer    string
	Shipments []ShipmentView
	Left      int64 // units that are in no shipment
	To        campaigns.Address
	NoAddress bool // and it is still to be sent
}

// ShipmentView is a shipment and what may become of it.
type ShipmentView struct {
	campaigns.Shipment
	Steps []campaigns.ShipmentState
	Stale bool // the address was changed after it was prepared
}

// MayShip says whether units of the order can be put into a shipment.
func (r ShippingRow) MayShip() bool {
	return r.Left > 0 && (r.Order.State == campaigns.OrderAllocated || r.Order.State == campaigns.OrderShipped)
}

// shipSteps are what may become of a shipment, in the order of a page.
var shipSteps = []campaigns.ShipmentState{campaigns.ShipmentHandedOver, campaigns.ShipmentDelivered, campaigns.ShipmentReturned, campaigns.ShipmentDropped}

// shippingStates are those that the list can be narrowed to.
var shippingStates = []campaigns.OrderState{
	campaigns.OrderPaid, campaigns.OrderAllocated, campaigns.OrderShipped, campaigns.OrderDelivered, campaigns.OrderBound, campaigns.OrderRefundDue, campaigns.OrderRefunded, campaigns.OrderReturned,
}

const ordersListed = 50

func (s *Sellers) mountShipping(p *Pages) {
	member := Only(auth.RoleStartup)
	const at = sellPath + "{campaign}/orders"
	p.Get(at, member, func(v *Visit) error { return s.orders(v, nil) })
	p.Get(at+"/list.csv", member, s.ordersCSV)
	p.Get(at+"/labels.csv", member, s.labelsCSV)
	for place, do := range map[string]func(v *Visit, c campaigns.Campaign, f *Form) error{
		"allocate": s.allocate, "{order}/ship": s.ship, "shipments/{shipment}/{step}": s.moveShipment,
	} {
		p.Post(at+"/"+place, member, func(v *Visit) error {
			x, err := s.owned(v)
			if err != nil {
				return err
			}
			return v.act(func(f *Form) error { return s.orders(v, f) }, func(f *Form) (string, error) {
				to := sellPath + x.ID + "/orders"
				if from := v.back(); strings.HasPrefix(from, to) { // the list as it was narrowed
					to = from
				}
				return to, f.told(do(v, x.Campaign, f))
			}, shippingPlaces...)
		})
	}
}

// shippingPlaces are with which field a refusal belongs.
var shippingPlaces = []Place{{campaigns.ErrBadOrder, ""}, {campaigns.ErrHeld, ""}, {registry.ErrExists, "serials"}}

// told says a conflict in the domain's words: they say what is in the way, which is
// more than that somebody was quicker.
func (f *Form) told(err error) error {
	if errors.Is(err, registry.ErrConflict) {
		f.Refuse("", sentence(plain(err)))
		return nil
	}
	return err
}

func (s *Sellers) allocate(v *Visit, c campaigns.Campaign, f *Form) error {
	units := wholeNumber(v, f, "units", 1, 10_000_000)
	if !f.OK() {
		return nil
	}
	got, err := s.Fulfil.Allocate(v.Context(), c.ID, units)
	if err == nil {
		v.Note("good", v.Say("shipping.allocated", len(got)))
	}
	return err
}

// ship prepares a shipment. The form's key names it: sent twice it is one.
func (s *Sellers) ship(v *Visit, c campaigns.Campaign, f *Form) error {
	units := wholeNumber(v, f, "units", 1, 1000)
	if !f.OK() {
		return nil
	}
	_, err := v.Once(f, func() (string, error) {
		_, err := s.Fulfil.Ship(v.Context(), v.Actor.Account, campaigns.Shipment{
			OrderID: v.Param("order"), Campaign: c.ID, Units: units, Carrier: f.Get("carrier"), Tracking: f.Get("tracking"), Serials: listed(f.Get("serials")),
		})
		return "", err
	})
	return err
}

func (s *Sellers) moveShipment(v *Visit, c campaigns.Campaign, f *Form) error {
	p, err := s.Fulfil.Shipment(v.Context(), v.Param("shipment"))
	if err == nil && p.Campaign != c.ID {
		err = errAbsent
	}
	if err != nil {
		return err
	}
	_, err = s.Fulfil.Move(v.Context(), v.Actor.Account, p.ID, campaigns.ShipmentState(v.Param("step")), f.Get("reason"))
	return err
}

func (s *Sellers) orders(v *Visit, sent *Form) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	head, err := orgHead(v, s.Auth, x.Org, "campaigns", v.Say("selling.orders"))
	if err != nil {
		return err
	}
	base := sellPath + x.ID + "/orders"
	p := &ShippingPage{OrgPage: head, Campaign: x.Campaign, States: shippingStates, State: campaigns.OrderState(v.Query("state")), Forms: newForms(base).with(sent)}
	var after campaigns.Order
	if n, err := strconv.ParseInt(v.Query("at"), 10, 64); err == nil {
		after = campaigns.Order{ID: v.Query("after"), PaidAt: time.UnixMicro(n)}
	}
	found, err := s.Fulfil.Orders(v.Context(), x.ID, p.State, after, ordersListed+1)
	if err != nil {
		return err
	}
	if len(found) > ordersListed {
		found = found[:ordersListed]
		last := found[ordersListed-1]
		p.Next = base + "?" + url.Values{"state": {string(p.State)}, "after": {last.ID}, "at": {number64(last.PaidAt.UnixMicro())}}.Encode()
	}
	if p.Missing, err = s.Fulfil.Unaddressed(v.Context(), x.ID); err != nil {
		return err
	}
	if p.Rows, err = s.shippingRows(v, x.Campaign, found); err != nil {
		return err
	}
	for _, row := range p.Rows { // what was refused is said where it was asked for
		for i := range row.Shipments {
			view := &row.Shipments[i]
			for _, to := range shipSteps {
				if p.Forms.Refused("shipments/"+view.ID+"/"+string(to)) && !slices.Contains(view.Steps, to) {
					view.Steps = append(view.Steps, to)
				}
			}
		}
	}
	if sent != nil {
		return v.Again("shipping", p)
	}
	return v.Show("shipping", p)
}

func (s *Sellers) shippingRows(v *Visit, c campaigns.Campaign, orders []campaigns.Order) ([]ShippingRow, error) {
	var backers, ids []string
	for _, o := range orders {
		backers, ids = append(backers, o.Backer), append(ids, o.ID)
	}
	people := v.people(backers...)
	where := map[string]campaigns.Address{}
	if v.Actor.MemberOf(c.Org) { // an operator sees no address
		var err error
		if where, err = s.Fulfil.AddressesOf(v.Context(), c.ID, ids...); err != nil {
			return nil, err
		}
	}
	var out []ShippingRow
	for _, o := range orders {
		of, err := s.Fulfil.ShipmentsOfOrder(v.Context(), o.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, shippingRow(o, variantName(c, o.Variant), people.Who(o.Backer), where[o.ID], of))
	}
	return out, nil
}

func shippingRow(o campaigns.Order, kind, backer string, to campaigns.Address, shipments []campaigns.Shipment) ShippingRow {
	row := ShippingRow{Order: o, Kind: kind, Backer: backer, Left: o.Live(), To: to, NoAddress: to.Order == "" && o.Addressable()}
	for _, p := range shipments {
		view := ShipmentView{Shipment: p, Stale: p.State == campaigns.ShipmentPrepared && to.ChangedAt.After(p.CreatedAt)}
		for _, to := range shipSteps {
			if p.State.CanBecome(to) {
				view.Steps = append(view.Steps, to)
			}
		}
		if p.State != campaigns.ShipmentDropped && p.State != campaigns.ShipmentReturned {
			row.Left -= p.Units
		}
		row.Shipments = append(row.Shipments, view)
	}
	return row
}

// ordersCSV is every paid order with its shipments, a shipment a line.
func (s *Sellers) ordersCSV(v *Visit) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	w := v.csv("orders-" + x.ID)
	_ = w.Write([]string{"order", "paid_at", "state", "backer", "variant", "units", "amount", "currency", "shipment", "shipment_state", "shipped_units", "carrier", "tracking", "serials"}) // Error below has it
	var after campaigns.Order
	for {
		found, err := s.Fulfil.Orders(v.Context(), x.ID, "", after, ordersListed)
		if err != nil {
			return err
		}
		rows, err := s.shippingRows(v, x.Campaign, found)
		if err != nil {
			return err
		}
		for _, r := range rows {
			o := r.Order
			head := []string{o.ID, instant(o.PaidAt), string(o.State), cell(r.Backer), cell(r.Kind), number64(o.Live()), amountPlain(o.Live()*o.Price, o.Currency), o.Currency}
			if len(r.Shipments) == 0 {
				_ = w.Write(append(head, "", "", "", "", "", ""))
			}
			for _, p := range r.Shipments {
				_ = w.Write(append(head[:8:8], p.ID, string(p.State), number64(p.Units), cell(p.Carrier), cell(p.Tracking), cell(strings.Join(p.Serials, " "))))
			}
		}
		w.Flush()
		if len(found) < ordersListed || w.Error() != nil {
			return nil // the client has it, or is gone
		}
		after = found[len(found)-1]
	}
}

// csv begins a file of comma-separated values.
func (v *Visit) csv(name string) *csv.Writer {
	h := v.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	return csv.NewWriter(v.w)
}

// labelsCSV is what is prepared for the carrier, with the addresses.
func (s *Sellers) labelsCSV(v *Visit) error {
	x, err := s.owned(v)
	if err == nil && !v.Actor.MemberOf(x.Org) { // an operator sees no address
		err = errAbsent
	}
	if err != nil {
		return err
	}
	w := v.csv("labels-" + x.ID)
	_ = w.Write([]string{"shipment", "order", "units", "carrier", "tracking", "name", "line1", "line2", "city", "state", "postcode", "country", "phone"}) // Error below has it
	err = s.Fulfil.Labels(v.Context(), v.Actor.Account, x.ID, func(l campaigns.Label) error {
		a := l.Address
		return w.Write([]string{
			l.ID, l.OrderID, number64(l.Units), cell(l.Carrier), cell(l.Tracking), cell(a.Name), cell(a.Line1), cell(a.Line2), cell(a.City), cell(a.State),
			cell(a.Postcode), a.Country, cell(a.Phone),
		})
	})
	w.Flush()
	return err
}

// cell is a text that a spreadsheet does not take for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
