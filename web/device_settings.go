package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// DeviceSettings is what may be changed of a device in a home.
type DeviceSettings struct {
	Page
	Device   registry.Device
	Home     *HomeRef
	Owner    bool        // the device is the visitor's
	TakesOut bool        // the home is the visitor's, and the device somebody else's
	Rooms    []Option    // of its home
	Homes    []Option    // where its owner may move it
	Made     *SecretLink // to give it away: shown here and never again
	Forms    *Forms
}

// mountSettings adds them.
func (s *Devices) mountSettings(p *Pages) {
	const at = "/devices/{did}/settings"
	p.Get(at, LoggedIn, func(v *Visit) error { return s.settings(v, nil, nil) })
	p.Post(at+"/give", LoggedIn, s.give)
	p.Post(at+"/export", LoggedIn, s.export)
	p.Post(at+"/{act}", LoggedIn, s.arrange)
}

// settled is a device that the visitor may arrange: its owner, or one who may in its home.
func (s *Devices) settled(v *Visit) (DeviceSettings, error) {
	d, _, err := s.watched(v)
	if err != nil {
		return DeviceSettings{}, err
	}
	p := DeviceSettings{Device: d, Owner: d.Account != "" && d.Account == v.Actor.Account}
	if d.Home != "" {
		place, err := s.Homes.Place(v.Context(), v.Actor.Account, d.Home)
		switch {
		case errors.Is(err, registry.ErrNotFound):
		case err != nil:
			return p, err
		case place.Me.May(homes.Arrange):
			p.Home = &HomeRef{place.ID, place.Name}
			p.TakesOut = !p.Owner && place.Me.May(homes.Decide)
		}
	}
	if p.Home == nil && !p.Owner {
		return p, errAbsent
	}
	return p, nil
}

func (s *Devices) settings(v *Visit, sent *Form, made *SecretLink) error {
	p, err := s.settled(v)
	if err != nil {
		return err
	}
	name := cmp.Or(p.Device.Name, p.Device.DID)
	p.Page = Page{Title: v.Say("settings.title", name), Quiet: true}
	p.Made, p.Forms = made, newForms("/devices/"+p.Device.DID+"/settings").with(sent)
	p.Rooms = []Option{{"", v.Say("homes.no-room")}}
	if p.Home != nil {
		rooms, err := s.Homes.Rooms(v.Context(), v.Actor.Account, p.Home.ID)
		if err != nil {
			return err
		}
		for _, r := range rooms {
			p.Rooms = append(p.Rooms, Option{r.ID, r.Name})
		}
	}
	if p.Owner {
		places, err := s.Homes.Places(v.Context(), v.Actor.Account)
		if err != nil {
			return err
		}
		for _, place := range places {
			if place.Me.May(homes.Arrange) {
				p.Homes = append(p.Homes, Option{place.ID, place.Name})
			}
		}
		p.Homes = append(p.Homes, Option{"", v.Say("homes.no-home")})
	}
	if made != nil {
		v.Header().Set("Cache-Control", "no-store")
	}
	if sent != nil && !sent.OK() {
		return v.Again("device-settings", &p)
	}
	p.Forms.with(nil)
	return v.Show("device-settings", &p)
}

// settingPlaces are where the refusals of the settings belong.
var settingPlaces = []Place{
	{registry.ErrBadRequest, "name"},
	{registry.ErrFull, "home"},
	{registry.ErrForbidden, ""},
	{registry.ErrInUse, ""},
	{registry.ErrOffline, ""},
	{registry.ErrTimeout, ""},
	{registry.ErrBadAnswer, ""},
}

func (s *Devices) again(v *Visit) func(*Form) error {
	return func(f *Form) error { return s.settings(v, f, nil) }
}

// arrange does what a form of the settings wants.
func (s *Devices) arrange(v *Visit) error {
	p, err := s.settled(v)
	if err != nil {
		return err
	}
	did, by, ctx := p.Device.DID, v.Actor.Account, v.Context()
	return v.act(s.again(v), func(f *Form) (string, error) {
		to, said := "/devices/"+did, v.Say("settings.changed")
		var err error
		switch v.Param("act") {
		case "place":
			room, name := f.Get("room"), f.Get("name")
			_, err = s.Claims.Arrange(ctx, by, did, &room, &name)
		case "home":
			_, err = s.Claims.Move(ctx, by, did, f.Get("home"))
		case "take-out":
			to, said = "/homes/"+p.Device.Home, v.Say("settings.taken-out")
			err = s.Claims.TakeOut(ctx, by, p.Device.Home, did)
		case "keep":
			to, said = to+"/settings", v.Say("settings.kept")
			if err = s.Claims.TakeBack(ctx, by, did); errors.Is(err, registry.ErrConflict) {
				f.Refuse("", v.Say("settings.nothing-to-keep"))
				return "", nil
			}
		case "release":
			if !f.Checked("sure") {
				f.Refuse("sure", v.Say("settings.sure-refused"))
				return "", nil
			}
			to, said = "/homes", v.Say("settings.released")
			err = s.Claims.Release(ctx, by, did, f.Checked("offline"))
		default:
			return "", errAbsent
		}
		var refused *miot.CallError // by the device itself
		if errors.As(err, &refused) {
			f.Refuse("", sentence(plain(err)))
			return "", nil
		}
		if err == nil {
			v.Note("good", said)
		}
		return to, err
	}, settingPlaces...)
}

// give makes a link by which somebody else takes the device.
func (s *Devices) give(v *Visit) error {
	if _, err := s.settled(v); err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	h, text, err := s.Claims.HandOver(v.Context(), v.Actor.Account, v.Param("did"))
	if err != nil {
		return err
	}
	return s.settings(v, f, secretLink(s.URL, "/take", text, h.ExpiresAt))
}

// export hands the owner a key to the device, as a file.
func (s *Devices) export(v *Visit) error {
	if _, err := s.settled(v); err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	key, err := s.Claims.Export(v.Context(), v.Actor.Account, v.Param("did"))
	if f.Took(err, settingPlaces...) {
		return s.settings(v, f, nil)
	}
	if err != nil {
		return err
	}
	secure(v.w.Header())
	v.Header().Set("Cache-Control", "no-store")
	v.Header().Set("Content-Type", "application/json")
	v.Header().Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(key.DID, `"`, "")+`.json"`)
	v.w.WriteHeader(http.StatusOK)
	e := json.NewEncoder(v.w)
	e.SetIndent("", "  ")
	return e.Encode(key)
}
