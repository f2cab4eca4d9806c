package web

import (
	"maps"
	"reflect"
	"slices"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// sender sends a part of a page to who looks at it.
type sender func(event, page, part string, data any) error

// lookout is a device on an open page: it sends what has changed since it looked
// last, whichever messages were lost in between.
type lookout struct {
	devices *Devices
	did     string
	spec    *miot.Spec
	shown   func(DeviceView) []ControlView // of its controls, on this page

	controls map[string]ControlView
	wishes   map[string]registry.Desired
	online   *bool
}

func (s *Devices) lookout(v *Visit, d registry.Device, shown func(DeviceView) []ControlView) (*lookout, error) {
	spec, err := s.specOf(v.Context(), d)
	return &lookout{devices: s, did: d.DID, spec: spec, shown: shown, controls: map[string]ControlView{}, wishes: map[string]registry.Desired{}}, err
}

// wishedTopic is where a page tells the others that it left a wish: its end is to be
// told even if it comes before anybody has looked again.
func wishedTopic(did string) string { return "device." + bus.Token(did) + ".wished" }

// subjects are the messages that tell of the device.
func (l *lookout) subjects() []string {
	token := bus.Token(l.did)
	return []string{"device." + token + ".changed", "device." + token + ".presence", wishedTopic(l.did)}
}

// hear looks because of a message.
func (l *lookout) hear(v *Visit, m bus.Message, send sender) error {
	if m.Subject == wishedTopic(l.did) {
		w, err := l.devices.Registry.Wish(v.Context(), string(m.Data))
		if err != nil {
			return err
		}
		l.wishes[w.ID] = w
	}
	return l.look(v, send)
}

// look sends what is no longer as it was.
func (l *lookout) look(v *Visit, send sender) error {
	state, err := l.devices.Registry.Presence(v.Context(), l.did)
	if err != nil {
		return err
	}
	if l.online == nil || *l.online != state.Online {
		l.online = &state.Online
		if err := send("presence", "device", "device-presence", PresenceView{idPrefix(l.did) + "presence", state.Online, true}); err != nil {
			return err
		}
	}
	twin, err := l.devices.Registry.Twin(v.Context(), l.did)
	if err != nil {
		return err
	}
	ended, err := l.ended(v, twin)
	if err != nil {
		return err
	}
	for _, c := range l.shown(Draw(l.did, l.spec, l.devices.drawing(l.did, twin))) {
		said, over := ended[c.ID]
		was, drawn := l.controls[c.ID]
		if !over && drawn && reflect.DeepEqual(was, c) {
			continue
		}
		l.controls[c.ID] = c
		part := "control-body"
		c.OOB, c.BodyOOB = over, !over
		if over {
			c.Said, part = &said, "control"
		}
		if err := send("value", "device", part, c); err != nil {
			return err
		}
	}
	return nil
}

// ended says what became of the wishes that were open when it was looked last, by
// the ids of their controls.
func (l *lookout) ended(v *Visit, twin registry.Twin) (map[string]Note, error) {
	before := l.wishes
	l.wishes = map[string]registry.Desired{}
	for _, w := range twin.Desired {
		l.wishes[w.ID] = w
		delete(before, w.ID)
	}
	said := map[string]Note{}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		w, err := l.devices.Registry.Wish(v.Context(), id)
		if err != nil {
			return nil, err
		}
		if note, ok := wishEnded(v, w); ok {
			if p, there := l.spec.Property(w.SIID, w.PIID); there {
				said[controlOf(idPrefix(l.did), w.SIID, p).ID] = note
			}
		}
	}
	return said, nil
}

// wishEnded says what became of a wish; nothing of one that another took the place of.
func wishEnded(v *Visit, w registry.Desired) (Note, bool) {
	switch w.State {
	case registry.DesiredMet:
		return Note{"good", v.Say("device.done")}, true
	case registry.DesiredRefused:
		return Note{"bad", v.Say("device.rejected", w.Reason)}, true
	case registry.DesiredExpired:
		return Note{"bad", v.Say("device.wish-expired", clock(w.ExpiresAt))}, true
	case registry.DesiredOverridden:
		return Note{"info", v.Say("device.wish-overridden")}, true
	}
	return Note{}, false
}

// live sends what the device reports to its open page.
func (s *Devices) live(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	l, err := s.lookout(v, d, DeviceView.Controls)
	if err != nil {
		return err
	}
	subjects, home := l.subjects(), registry.HomeSubject(d.Home)
	if d.Home != "" {
		subjects = append(subjects, home) // whoever leaves it no longer sees the device
	}
	return v.follow(s.Bus, subjects, func(m bus.Message, send func(event, page, part string, data any) error) (bool, error) {
		if m.Subject == home {
			s.Homes.OnEvent(m) // subscribers are told in no order
		}
		if _, _, err := s.watched(v); err != nil {
			return true, nil // it has changed hands
		}
		return false, l.hear(v, m, send)
	})
}
