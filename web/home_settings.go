package web

import (
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// HomeSettings are the rooms and the name of a home, and its end.
type HomeSettings struct {
	HomeFrame
	Rooms []homes.Room
	Forms *Forms
}

func (s *Homes) settings(v *Visit, sent *Form) error {
	frame, err := s.frame(v, "settings", homes.Arrange)
	if err != nil {
		return err
	}
	p := &HomeSettings{HomeFrame: frame, Forms: newForms(frame.Base() + "/settings").with(sent)}
	if p.Rooms, err = s.Homes.Rooms(v.Context(), v.Actor.Account, frame.Home.ID); err != nil {
		return err
	}
	if sent != nil {
		return v.Again("home-settings", p)
	}
	return v.Show("home-settings", p)
}

// change does what a form of the settings wants.
func (s *Homes) change(v *Visit) error {
	home, by := v.Param("home"), v.Actor.Account
	return v.act(func(f *Form) error { return s.settings(v, f) }, func(f *Form) (string, error) {
		to, said := "/homes/"+home+"/settings", v.Say("home.changed")
		var err error
		switch v.Param("act") {
		case "name":
			name := f.Get("name")
			_, err = s.Homes.Update(v.Context(), by, home, &name, nil)
		case "discovery":
			on := f.Checked("discovery")
			_, err = s.Homes.Update(v.Context(), by, home, nil, &on)
		case "room":
			_, err = s.Homes.AddRoom(v.Context(), by, home, f.Get("name"))
		case "remove":
			err = s.Homes.Remove(v.Context(), by, home)
			to, said = "/homes", v.Say("home.removed")
		default:
			err = errAbsent
		}
		if err == nil {
			v.Note("good", said)
		}
		return to, err
	}, append(namePlaces, Place{registry.ErrInUse, ""}, Place{registry.ErrForbidden, ""})...)
}

func (s *Homes) changeRoom(v *Visit) error {
	home, by, room := v.Param("home"), v.Actor.Account, v.Param("room")
	return v.act(func(f *Form) error { return s.settings(v, f) }, func(f *Form) (string, error) {
		err := errAbsent
		switch v.Param("act") {
		case "name":
			err = s.Homes.RenameRoom(v.Context(), by, home, room, f.Get("name"))
		case "remove":
			err = s.Homes.RemoveRoom(v.Context(), by, home, room)
		}
		if err == nil {
			v.Note("good", v.Say("home.changed"))
		}
		return "/homes/" + home + "/settings", err
	}, namePlaces...)
}

// Discovery is what its box has.
func (p *HomeSettings) Discovery() string {
	if p.Home.Discovery {
		return "yes"
	}
	return ""
}
