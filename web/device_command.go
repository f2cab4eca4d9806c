package web

import (
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// set writes a property and says what became of it: done, refused with the reason,
// kept until the device is back, or no answer in time.
func (s *Devices) set(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	siid, piid, err := v.member("siid", "piid")
	if err != nil {
		return err
	}
	spec, err := s.specOf(v.Context(), d)
	if err != nil {
		return err
	}
	property, ok := spec.Property(siid, piid)
	if !ok {
		return errAbsent
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	value := typedValue(property, last(f.Values["value"]))
	said := s.write(v, d, miot.PropertyValue{DID: d.DID, SIID: siid, PIID: piid, Value: value}, property)
	if v.r.Header.Get("Hx-Request") == "" {
		v.Note(said.Kind, said.Text)
		return v.Go("/devices/" + d.DID)
	}
	twin, err := s.Registry.Twin(v.Context(), d.DID)
	if err != nil {
		return err
	}
	drawing := s.drawing(d.DID, twin)
	if said.Kind == "good" {
		drawing.Values[[2]int{siid, piid}] = value // its report may still be on the way
	}
	c := drawProperty(siid, property, drawing)
	if said.Kind != "info" || c.Wish == nil { // what waits the control itself says, for as long as it does
		c.Said = &said
	}
	return v.part("device", "control", c)
}

// last is what a box and the hidden field before it come to.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// asker is on whose right a wish waits: a vendor's for a prototype, and an operator's,
// are none that a home gives.
func asker(v *Visit, d registry.Device) string {
	if d.Account == "" || v.Actor.Is(auth.RoleOperator) {
		return ""
	}
	return v.Actor.Account
}

// write sets a property. A device that is away gets it when it is back, if it can
// be read as well: else nobody could see that it came.
func (s *Devices) write(v *Visit, d registry.Device, value miot.PropertyValue, p *miot.Property) Note {
	ctx := v.Context()
	results, err := s.Registry.SetProperties(ctx, d.DID, []miot.PropertyValue{value})
	switch {
	case errors.Is(err, registry.ErrOffline) && p.Readable():
		wish, err := s.Registry.Desire(ctx, asker(v, d), d.DID, value.SIID, value.PIID, value.Value, 0)
		if err != nil {
			return Note{"bad", sentence(plain(err))}
		}
		if err := s.Bus.Publish(wishedTopic(d.DID), []byte(wish.ID)); err != nil {
			v.pages.log.Warn("a wish is not told to open pages", "did", d.DID, "err", err)
		}
		return Note{"info", v.Say("device.queued", clock(wish.ExpiresAt))}
	case err != nil:
		return s.unanswered(v, err)
	case len(results) == 1 && !results[0].Code.OK():
		return Note{"bad", v.Say("device.rejected", results[0].Code.Meaning().String())}
	}
	return Note{"good", v.Say("device.done")}
}

func (s *Devices) unanswered(v *Visit, err error) Note {
	switch {
	case errors.Is(err, registry.ErrOffline):
		return Note{"bad", v.Say("device.said-offline")}
	case errors.Is(err, registry.ErrTimeout):
		return Note{"bad", v.Say("device.expired")}
	}
	return Note{"bad", sentence(plain(err))}
}

func (s *Devices) invoke(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	siid, aiid, err := v.member("siid", "aiid")
	if err != nil {
		return err
	}
	spec, err := s.specOf(v.Context(), d)
	if err != nil {
		return err
	}
	service, ok := spec.Service(siid)
	if !ok {
		return errAbsent
	}
	action, ok := service.Action(aiid)
	if !ok {
		return errAbsent
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	var in []miot.Argument
	for i, piid := range action.In {
		p, ok := service.Property(piid)
		if !ok || i >= len(f.Values["arg"]) {
			return fmt.Errorf("%w: action %d.%d takes %d arguments", errUnreadable, siid, aiid, len(action.In))
		}
		in = append(in, miot.Argument{PIID: piid, Value: typedValue(p, f.Values["arg"][i])})
	}
	said := Note{"good", v.Say("device.done")}
	result, err := s.Registry.Invoke(v.Context(), d.DID, siid, aiid, in)
	switch {
	case err != nil:
		said = s.unanswered(v, err)
	case !result.Code.OK():
		said = Note{"bad", v.Say("device.rejected", result.Code.Meaning().String())}
	}
	if v.r.Header.Get("Hx-Request") == "" {
		v.Note(said.Kind, said.Text)
		return v.Go("/devices/" + d.DID)
	}
	view := drawAction(service, action, s.drawing(d.DID, registry.Twin{}))
	view.Said = &said
	return v.part("device", "device-action", view)
}
