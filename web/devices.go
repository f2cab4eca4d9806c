package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// Devices are the pages of devices, those in homes and prototypes: each is drawn from
// its spec, and moves as the device reports.
type Devices struct{ DevicesOptions }

// DevicesOptions are what the pages work with; all are needed but Now.
type DevicesOptions struct {
	Registry *registry.Registry
	Homes    *homes.Service
	Claims   *claims.Service
	Bus      bus.Bus
	URL      string // of this site, for links that are given away
	Now      func() time.Time
}

// NewDevices makes the section.
func NewDevices(o DevicesOptions) *Devices {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	return &Devices{o}
}

// Mount implements Section.
func (s *Devices) Mount(p *Pages) {
	const at = "/devices/{did}"
	p.Get(at, LoggedIn, s.show)
	p.Get(at+"/live", LoggedIn, s.live)
	p.Get(at+"/history/{siid}/{piid}", LoggedIn, s.history)
	p.Post(at+"/properties/{siid}/{piid}", LoggedIn, s.set)
	p.Post(at+"/actions/{siid}/{aiid}", LoggedIn, s.invoke)
	s.mountSettings(p)
}

// watched is a device that the visitor may see: its owner's, of a home where the
// visitor lives, a prototype of an organisation whose product it is, or an
// operator's. To others it is not there.
func (s *Devices) watched(v *Visit) (registry.Device, registry.Product, error) {
	d, err := s.Registry.Device(v.Context(), v.Param("did"))
	if err != nil {
		return d, registry.Product{}, err
	}
	p, err := s.Registry.Product(v.Context(), d.ProductID)
	if err != nil {
		return d, p, err
	}
	if d.Account == "" && v.Actor.MemberOf(p.Org) || v.Actor.Is(auth.RoleOperator) { // one that was sold is its owner's
		return d, p, nil
	}
	ok, err := s.Registry.MayWatch(v.Context(), v.Actor.Account, d.DID)
	if err == nil && !ok {
		err = errAbsent
	}
	return d, p, err
}

// specOf is the document that a device was made for, as the gateway judges by it: it is
// not parsed again for each page.
func (s *Devices) specOf(ctx context.Context, d registry.Device) (*miot.Spec, error) {
	spec, _, err := s.Registry.Describe(ctx, d.DID)
	return spec, err
}

func (s *Devices) show(v *Visit) error {
	ctx := v.Context()
	d, product, err := s.watched(v)
	if err != nil {
		return err
	}
	spec, err := s.specOf(ctx, d)
	if err != nil {
		return err
	}
	twin, err := s.Registry.Twin(ctx, d.DID)
	if err != nil {
		return err
	}
	state, err := s.Registry.Presence(ctx, d.DID)
	if err != nil {
		return err
	}
	p := &DevicePage{
		Page: Page{Title: cmp.Or(d.Name, d.DID), Wide: true, Live: true}, Name: cmp.Or(d.Name, d.DID), Live: true,
		Presence: PresenceView{ID: idPrefix(d.DID) + "presence", Online: state.Online},
		About:    strings.Trim(d.Info.Model+" · "+d.Info.Firmware, " ·"),
	}
	if v.Actor.MemberOf(product.Org) && d.Account == "" {
		p.Product = &product
	}
	if err := s.placed(v, d, p); err != nil {
		return err
	}
	p.Device = Draw(d.DID, spec, s.drawing(d.DID, twin))
	if err := s.plot(v, d, spec, p); err != nil {
		return err
	}
	return v.Show("device", p)
}

func (s *Devices) drawing(did string, twin registry.Twin) Drawing {
	at := "/devices/" + did
	d := Drawing{
		Set:     func(siid, piid int) string { return fmt.Sprintf("%s/properties/%d/%d", at, siid, piid) },
		Invoke:  func(siid, aiid int) string { return fmt.Sprintf("%s/actions/%d/%d", at, siid, aiid) },
		History: func(siid, piid int) string { return fmt.Sprintf("%s?plot=%d.%d#plot", at, siid, piid) },
		Values:  map[[2]int]json.RawMessage{}, Wishes: map[[2]int]registry.Desired{}, Prefix: idPrefix(did),
	}
	for _, value := range twin.Reported {
		d.Values[[2]int{value.SIID, value.PIID}] = value.Value
	}
	for _, wish := range twin.Desired {
		d.Wishes[[2]int{wish.SIID, wish.PIID}] = wish
	}
	return d
}

// placed adds to a device's page where it stands, what may be changed of it, and what
// is wrong with it.
func (s *Devices) placed(v *Visit, d registry.Device, p *DevicePage) error {
	owner := d.Account != "" && d.Account == v.Actor.Account
	if d.Home != "" {
		place, err := s.Homes.Place(v.Context(), v.Actor.Account, d.Home)
		switch {
		case err == nil:
			p.Home = &HomeRef{place.ID, place.Name}
			owner = owner || place.Me.May(homes.Arrange)
		case !errors.Is(err, registry.ErrNotFound):
			return err
		}
	}
	if owner {
		p.Settings = "/devices/" + d.DID + "/settings"
	}
	p.Alerts = alertsOf(v, d)
	return nil
}

// alertsOf is what is wrong with a device, in sentences.
func alertsOf(v *Visit, d registry.Device) (all []Note) {
	if !d.QuarantinedAt.IsZero() {
		all = append(all, Note{"bad", v.Say("device.quarantined", clock(d.QuarantinedAt))})
	}
	if !d.ResetAt.IsZero() {
		all = append(all, Note{"warn", v.Say("device.reset-seen", clock(d.ResetAt))})
	}
	return all
}

// member is a pair of iids of the address.
func (v *Visit) member(first, second string) (int, int, error) {
	a, errA := strconv.Atoi(v.Param(first))
	b, errB := strconv.Atoi(v.Param(second))
	if errA != nil || errB != nil {
		return 0, 0, errAbsent
	}
	return a, b, nil
}
