package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

// ClaimPage is where the QR code of a label leads. Once the label is known to be right,
// it waits for the device.
type ClaimPage struct {
	Page
	Form    *Form
	Wheres  []Option // where the device may be put; none: a home is made with it
	Found   *ClaimFound
	Offline bool // the device has to be switched on
}

// ClaimFound is the device of a label whose code is right.
type ClaimFound struct{ DID, Product string }

// Steps are those of a claim, and which of them it has come to.
func (p *ClaimPage) Steps() []ClaimStep { return claimSteps(false) }

// Carried are the fields that wait with the page.
func (p *ClaimPage) Carried() []string { return []string{"did", "code", "where", "name"} }

// ClaimStep is a step of a claim; Kind is done, now or later.
type ClaimStep struct{ Name, Kind string }

// claimSteps are those of a claim that waits, until the device is online.
func claimSteps(online bool) []ClaimStep {
	if online {
		return []ClaimStep{{"label", "done"}, {"online", "done"}, {"proof", "now"}, {"yours", "later"}}
	}
	return []ClaimStep{{"label", "done"}, {"online", "now"}, {"proof", "later"}, {"yours", "later"}}
}

func (s *Homes) claimPage(v *Visit) error {
	f := v.NewForm("/claim", "did", v.Query("did"), "code", v.Query("code"))
	return s.showClaim(v, f, nil, false)
}

func (s *Homes) showClaim(v *Visit, f *Form, found *registry.Device, offline bool) error {
	p := &ClaimPage{Page: Page{Title: v.Say("claim.title"), Quiet: true, Live: true}, Form: f, Offline: offline}
	var err error
	if p.Wheres, err = s.wheres(v); err != nil {
		return err
	}
	if found != nil {
		product, err := s.Devices.Registry.Product(v.Context(), found.ProductID)
		if err != nil {
			return err
		}
		p.Found = &ClaimFound{found.DID, product.Name}
	}
	v.Header().Set("Cache-Control", "no-store") // a code stands in it
	if !f.OK() {
		return v.Again("claim", p)
	}
	return v.Show("claim", p)
}

// claimPlaces are where the refusals of a claim belong.
var claimPlaces = []Place{
	{registry.ErrBadCode, "code"},
	{registry.ErrQuarantined, ""},
	{registry.ErrFull, "where"},
	{registry.ErrForbidden, "where"},
	{registry.ErrBadRequest, "name"},
	{registry.ErrInUse, ""},
}

func (s *Homes) wanted(v *Visit, f *Form) claims.Wanted {
	return claims.Wanted{By: v.Actor.Account, Address: v.Client().Address, DID: f.Get("did"), Code: f.Get("code"), Name: f.Get("name")}
}

func (s *Homes) claim(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	w := s.wanted(v, f)
	d, err := s.Claims.Look(v.Context(), w) // before a home is made for it
	if f.Took(err, claimPlaces...) {
		return s.showClaim(v, f, nil, false)
	}
	if err != nil {
		return err
	}
	if w.Home, w.Room, err = s.where(v, f); err != nil || !f.OK() {
		if !f.OK() {
			return s.showClaim(v, f, &d, false)
		}
		return err
	}
	c, err := s.Claims.Claim(v.Context(), w)
	switch {
	case errors.Is(err, registry.ErrOffline):
		return s.showClaim(v, f, &d, true)
	case errors.Is(err, registry.ErrTimeout):
		v.note("warn", v.Say("claim.no-answer"))
		return s.showClaim(v, f, &d, true)
	case errors.Is(err, registry.ErrConflict):
		f.Refuse("", v.Say("claim.taken"))
		return s.showClaim(v, f, nil, false)
	case f.Took(err, claimPlaces...):
		return s.showClaim(v, f, &d, false)
	case err != nil:
		return err
	}
	s.sayClaimed(v, c)
	return v.leave("/devices/" + d.DID)
}

// sayClaimed says whose the device is now, and why.
func (s *Homes) sayClaimed(v *Visit, c claims.Claim) {
	kind := "good"
	if c.Basis == claims.Grey {
		kind = "warn"
	}
	v.Note(kind, v.Say(fmt.Sprintf("claim.basis.%s", c.Basis)))
}

// leave goes to another page, also from a part of one that is open.
func (v *Visit) leave(path string) error {
	if v.r.Header.Get("Hx-Request") == "" {
		return v.Go(path)
	}
	v.Header().Set("Hx-Redirect", path)
	v.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(http.StatusOK)
	return nil
}

// claimLive tells a page that waits when its device is online. The page then claims it.
func (s *Homes) claimLive(v *Visit) error {
	w := claims.Wanted{By: v.Actor.Account, Address: v.Client().Address, DID: v.Query("did"), Code: v.Query("code")}
	d, err := s.Claims.Look(v.Context(), w)
	if err != nil {
		return err
	}
	return v.follow(s.Bus, []string{"device." + bus.Token(d.DID) + ".presence"}, func(_ bus.Message, send func(event, page, part string, data any) error) (bool, error) {
		state, err := s.Devices.Registry.Presence(v.Context(), d.DID)
		if err != nil || !state.Online {
			return false, err
		}
		if err := send("steps", "claim", "claim-steps", claimSteps(true)); err != nil {
			return false, err
		}
		return false, send("online", "claim", "claim-steps", claimSteps(true))
	})
}

// TakePage is where somebody takes a device that another one gives away.
type TakePage struct {
	Page
	Form    *Form
	Name    string // of the device; empty: the link is no good
	Claimed bool   // it comes into a home at once; else its label is needed
	Wheres  []Option
}

func (s *Homes) takePage(v *Visit, f *Form) error {
	p := &TakePage{Page: Page{Title: v.Say("take.title"), Quiet: true}, Form: f}
	if f == nil {
		p.Form = newForm("/take", pairsOf([]string{"code", v.Query("code")}))
	}
	d, err := s.Claims.Offered(v.Context(), p.Form.Get("code"))
	switch {
	case err == nil:
		p.Name, p.Claimed = d.Name, d.Account != ""
	case !p.Form.Took(err, Place{registry.ErrBadCode, "code"}):
		return err
	}
	if p.Wheres, err = s.wheres(v); err != nil {
		return err
	}
	v.Header().Set("Cache-Control", "no-store")
	if !p.Form.OK() {
		return v.Again("take", p)
	}
	return v.Show("take", p)
}

func (s *Homes) take(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	d, err := s.Claims.Offered(v.Context(), f.Get("code"))
	if f.Took(err, Place{registry.ErrBadCode, "code"}) {
		return s.takePage(v, f)
	}
	if err != nil {
		return err
	}
	home, room := "", ""
	if d.Account != "" {
		if home, room, err = s.where(v, f); err != nil || !f.OK() {
			if !f.OK() {
				return s.takePage(v, f)
			}
			return err
		}
	}
	c, err := s.Claims.Take(v.Context(), v.Actor.Account, f.Get("code"), home, room)
	if f.Took(err, Place{registry.ErrBadCode, "code"}, Place{registry.ErrFull, "where"}, Place{registry.ErrForbidden, "where"}, Place{registry.ErrNotFound, "where"}, Place{registry.ErrBadRequest, "where"}) {
		return s.takePage(v, f)
	}
	if err != nil {
		return err
	}
	if c.ID == "" {
		v.Note("good", v.Say("take.accepted"))
		return v.Go("/claim?did=" + d.DID)
	}
	s.sayClaimed(v, c)
	return v.Go("/devices/" + d.DID)
}
