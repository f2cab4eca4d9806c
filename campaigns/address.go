package campaigns

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// Address is where the units of one order are brought.
type Address struct {
	Order     string // ord_…
	Campaign  string
	Name      string // of who takes the parcel
	Line1     string
	Line2     string
	City      string
	State     string // in India one of IndianStates; free elsewhere
	Postcode  string // in India the PIN code
	Country   string // ISO 3166, two letters
	Phone     string // ITU-T E.164: + and at most 15 digits
	ChangedAt time.Time
}

// AddressStore keeps delivery addresses.
type AddressStore interface {
	// SaveAddress keeps the address of an order that is not handed over yet, under the
	// lock of its campaign's counter: ErrTooLate for any other.
	SaveAddress(ctx context.Context, a Address) error
	Address(ctx context.Context, order string) (Address, error)
	AddressesOfBacker(ctx context.Context, backer string) ([]Address, error)
	// AddressesOf are those of some orders.
	AddressesOf(ctx context.Context, orders []string) ([]Address, error)
	// PreparedShipments are those of a campaign that wait for the carrier, after an id.
	PreparedShipments(ctx context.Context, campaign, after string, limit int) ([]Shipment, error)
	// Unaddressed are orders of a campaign to be shipped without an address, of which
	// the backer was reminded fewer than most times, and not since.
	Unaddressed(ctx context.Context, campaign string, since time.Time, most, limit int) ([]Order, error)
	CountUnaddressed(ctx context.Context, campaign string) (int64, error)
	// Remind stores that a backer was reminded, with the notice that says so.
	Remind(ctx context.Context, order string, at time.Time, n notice.Notice) error
	// ForgetAddresses deletes those of orders that came to their end before then.
	ForgetAddresses(ctx context.Context, before time.Time) error
	RecordLook(ctx context.Context, e audit.Entry) error
}

const (
	// AddressKept is how long an address is kept after its order came to its end:
	// delivered, returned, cancelled, refunded or expired. It is what a return and the
	// claim of a device take.
	AddressKept = 90 * 24 * time.Hour
	// remindEvery and mostReminders are how often a backer is asked for an address.
	remindEvery   = 7 * 24 * time.Hour
	mostReminders = 4
	remindAtOnce  = 500
)

// IndianStates are the states and union territories of India (ISO 3166-2:IN), as
// an address names them.
var IndianStates = []string{
	"Andaman and Nicobar Islands", "Andhra Pradesh", "Arunachal Pradesh", "Assam", "Bihar", "Chandigarh", "Chhattisgarh",
	"Dadra and Nagar Haveli and Daman and Diu", "Delhi", "Goa", "Gujarat", "Haryana", "Himachal Pradesh", "Jammu and Kashmir", "Jharkhand",
	"Karnataka", "Kerala", "Ladakh", "Lakshadweep", "Madhya Pradesh", "Maharashtra", "Manipur", "Meghalaya", "Mizoram", "Nagaland", "Odisha",
	"Puducherry", "Punjab", "Rajasthan", "Sikkim", "Tamil Nadu", "Telangana", "Tripura", "Uttar Pradesh", "Uttarakhand", "West Bengal",
}

// europeanUnion are the countries of the region EU.
var europeanUnion = []string{
	"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
}

// ShipsTo are the countries that a campaign's regions allow, as ISO 3166 codes.
func (c *Campaign) ShipsTo() []string {
	var out []string
	for _, r := range c.Regions {
		of := []string{r}
		if r == "EU" {
			of = europeanUnion
		}
		for _, country := range of {
			if !slices.Contains(out, country) {
				out = append(out, country)
			}
		}
	}
	return out
}

var (
	pinCode   = regexp.MustCompile(`^[1-9][0-9]{5}$`) // India Post: six digits, the first is the zone
	postcode  = regexp.MustCompile(`^[A-Z0-9][A-Z0-9 -]{1,9}$`)
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)
	inMobile  = regexp.MustCompile(`^[6-9][0-9]{9}$`)
	separator = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "\u00a0", "")
)

// Tidy gives an address the form in which it is stored: without what people type
// around and between. An Indian mobile number gets its country code.
func (a Address) Tidy() Address {
	for _, text := range []*string{&a.Name, &a.Line1, &a.Line2, &a.City, &a.State, &a.Postcode, &a.Country} {
		*text = strings.Join(strings.Fields(*text), " ")
	}
	a.Postcode, a.Country, a.Phone = strings.ToUpper(a.Postcode), strings.ToUpper(a.Country), separator.Replace(strings.TrimSpace(a.Phone))
	if a.Country == "IN" {
		a.Postcode = separator.Replace(a.Postcode)
		if local := strings.TrimPrefix(a.Phone, "0"); inMobile.MatchString(local) {
			a.Phone = "+91" + local
		}
	}
	return a
}

// Check says all that is wrong with an address to which that campaign would ship.
func (a *Address) Check(c *Campaign) certification.Refusals {
	const rule = "address-form"
	var rs refusals
	rs.line(rule, "the name", a.Name, 2, 80)
	rs.line(rule, "the first line", a.Line1, 3, 120)
	rs.line(rule, "the second line", a.Line2, 0, 120)
	rs.line(rule, "the city", a.City, 2, 60)
	if to := c.ShipsTo(); !slices.Contains(to, a.Country) {
		rs.refuse(rule, "the country is %q; campaign %s ships to %s", a.Country, c.ID, strings.Join(to, ", "))
	}
	india := a.Country == "IN"
	switch {
	case india && !slices.Contains(IndianStates, a.State):
		rs.refuse(rule, "the state is %q; want one of India's, such as Karnataka", a.State)
	case !india:
		rs.line(rule, "the state", a.State, 0, 60)
	}
	switch {
	case india && !pinCode.MatchString(a.Postcode):
		rs.refuse(rule, "the PIN code is %q; want six digits, of which the first is not 0", a.Postcode)
	case !india && !postcode.MatchString(a.Postcode):
		rs.refuse(rule, "the postcode is %q; want 2 to 10 letters and digits", a.Postcode)
	}
	if !e164.MatchString(a.Phone) {
		rs.refuse(rule, "the phone number is %q; want ten digits of an Indian mobile, or + with country code and number, at most 15 digits", a.Phone)
	}
	return certification.Refusals(rs)
}

// Addressable says whether the address of an order may be given or changed: until
// the hand-over.
func (o *Order) Addressable() bool {
	return o.State == OrderReserved || o.State == OrderPaid || o.State == OrderAllocated
}

// SetAddress says where an order is to be brought, for its backer.
func (f *Fulfilment) SetAddress(ctx context.Context, backer string, a Address) (Address, error) {
	o, err := f.store.Order(ctx, a.Order)
	if err == nil && o.Backer != backer {
		err = fmt.Errorf("order %s: %w", a.Order, registry.ErrNotFound)
	}
	if err != nil {
		return a, err
	}
	c, err := f.store.Campaign(ctx, o.Campaign)
	if err != nil {
		return a, err
	}
	a = a.Tidy()
	a.Campaign, a.ChangedAt = c.ID, stored(f.now())
	if err := refusals(a.Check(&c)).err(); err != nil {
		return a, err
	}
	if !o.Addressable() {
		return a, fmt.Errorf("address of order %s, which is %s: %w: it goes where it was sent", o.ID, o.State, ErrTooLate)
	}
	return a, f.store.SaveAddress(ctx, a)
}

// Address is that of an order; the zero one where none was given.
func (f *Fulfilment) Address(ctx context.Context, order string) (Address, error) {
	a, err := f.store.Address(ctx, order)
	if errors.Is(err, registry.ErrNotFound) {
		return Address{}, nil
	}
	return a, err
}

// AddressesOfBacker are those of somebody's orders.
func (f *Fulfilment) AddressesOfBacker(ctx context.Context, backer string) ([]Address, error) {
	return f.store.AddressesOfBacker(ctx, backer)
}

// AddressesOf are those of orders of one campaign, by order, for its startup.
func (f *Fulfilment) AddressesOf(ctx context.Context, campaign string, orders ...string) (map[string]Address, error) {
	found, err := f.store.AddressesOf(ctx, orders)
	out := make(map[string]Address, len(found))
	for _, a := range found {
		if a.Campaign == campaign {
			out[a.Order] = a
		}
	}
	return out, err
}

// Unaddressed counts the orders of a campaign that cannot be shipped, because
// nobody has said where to.
func (f *Fulfilment) Unaddressed(ctx context.Context, campaign string) (int64, error) {
	return f.store.CountUnaddressed(ctx, campaign)
}

// Label is a prepared shipment, and where it goes.
type Label struct {
	Shipment
	Address Address
}

// labelsAtOnce is how many are read together.
const labelsAtOnce = 500

// Labels are the prepared shipments of a campaign with their addresses, for the
// carrier. That they were looked at is in the audit log.
func (f *Fulfilment) Labels(ctx context.Context, actor, campaign string, each func(Label) error) error {
	c, err := f.store.Campaign(ctx, campaign)
	if err != nil {
		return err
	}
	e, err := audit.New(stored(f.now()), actor, "addresses.exported", campaign, c.Org, nil)
	if err != nil {
		return err
	}
	if err := f.store.RecordLook(ctx, e); err != nil {
		return err
	}
	for after := ""; ; {
		some, err := f.store.PreparedShipments(ctx, campaign, after, labelsAtOnce)
		if err != nil {
			return err
		}
		orders := make([]string, len(some))
		for i, s := range some {
			orders[i] = s.OrderID
		}
		to, err := f.AddressesOf(ctx, campaign, orders...)
		if err != nil {
			return err
		}
		for _, s := range some {
			if err := each(Label{s, to[s.OrderID]}); err != nil {
				return err
			}
		}
		if len(some) < labelsAtOnce {
			return nil
		}
		after = some[len(some)-1].ID
	}
}

// addressed says why an order cannot be shipped; nil if somebody has said where to.
func (f *Fulfilment) addressed(ctx context.Context, order string) error {
	a, err := f.Address(ctx, order)
	if err == nil && a.Order == "" {
		err = certification.Refuse(certification.ErrState, "address-missing", "order %s has no delivery address yet: its backer is asked for one by mail", order)
	}
	return err
}

// remind asks backers of a campaign that is to be shipped where to.
func (f *Fulfilment) remind(ctx context.Context, campaign string) error {
	c, err := f.store.Campaign(ctx, campaign)
	if err != nil || c.Held {
		return err
	}
	at := stored(f.now())
	found, err := f.store.Unaddressed(ctx, campaign, at.Add(-remindEvery), mostReminders, remindAtOnce)
	if err != nil {
		return err
	}
	for _, o := range found {
		told := Told{Kind: "order.address-missing", Org: c.Org, Order: o, At: at}
		n, err := told.Notice()
		if err != nil {
			return err
		}
		if err := f.store.Remind(ctx, o.ID, at, n); err != nil && !errors.Is(err, registry.ErrConflict) { // reminded by another node
			return err
		}
	}
	return nil
}

// ForgetAddresses deletes the addresses of orders that ended AddressKept ago.
func (f *Fulfilment) ForgetAddresses(ctx context.Context, _ time.Time) error {
	return f.store.ForgetAddresses(ctx, f.now().Add(-AddressKept))
}
