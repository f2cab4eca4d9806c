package miot

import (
	"fmt"
	"maps"
	"slices"
)

func (d *differ) service(older, newer *Service, oldPointer, newPointer, what string) {
	d.typed(older.Type, newer.Type, newPointer, what)
	d.description(older.Description, newer.Description, newPointer, what)
	d.extra(older.Extra, newer.Extra, newPointer, what)
	siid := newer.IID
	matchParts(d, older.Properties, newer.Properties, oldPointer+"/properties", newPointer+"/properties", func(p *Property) (int, string) {
		return p.IID, fmt.Sprintf("property %d.%d %s", siid, p.IID, p.Name())
	}, d.property)
	matchParts(d, older.Actions, newer.Actions, oldPointer+"/actions", newPointer+"/actions", func(a *Action) (int, string) {
		return a.IID, fmt.Sprintf("action %d.%d %s", siid, a.IID, a.Name())
	}, d.action)
	matchParts(d, older.Events, newer.Events, oldPointer+"/events", newPointer+"/events", func(e *Event) (int, string) {
		return e.IID, fmt.Sprintf("event %d.%d %s", siid, e.IID, e.Name())
	}, d.event)
}

func (d *differ) action(older, newer *Action, _, pointer, what string) {
	d.typed(older.Type, newer.Type, pointer, what)
	d.description(older.Description, newer.Description, pointer, what)
	d.extra(older.Extra, newer.Extra, pointer, what)
	d.arguments(older.In, newer.In, pointer+"/in", what, "callers send exactly these arguments")
	d.arguments(older.Out, newer.Out, pointer+"/out", what, "callers read exactly these answers")
}

func (d *differ) event(older, newer *Event, _, pointer, what string) {
	d.typed(older.Type, newer.Type, pointer, what)
	d.description(older.Description, newer.Description, pointer, what)
	d.extra(older.Extra, newer.Extra, pointer, what)
	d.arguments(older.Arguments, newer.Arguments, pointer+"/arguments", what, "listeners read exactly these arguments")
}

func (d *differ) arguments(older, newer []int, pointer, what, why string) {
	if !slices.Equal(older, newer) {
		d.breaks(Changed, pointer, what, "was %d, is %d: %s", older, newer, why)
	}
}

// typed compares inner types; the model and version behind them follow the device's and mean nothing by themselves.
func (d *differ) typed(older, newer, pointer, what string) {
	a, errA := ParseURN(older)
	b, errB := ParseURN(newer)
	switch {
	case older == newer:
	case errA != nil || errB != nil:
		d.breaks(Changed, pointer+"/type", what, "type was %s, is %s: not comparable, one is no URN", older, newer)
	case !a.Same(b):
		d.breaks(Changed, pointer+"/type", what, "type was %s:%s, is %s:%s: the same iid now means something else", a.Name, a.Value, b.Name, b.Value)
	}
}

func (d *differ) description(older, newer, pointer, what string) {
	if older != newer {
		d.allows(Changed, pointer+"/description", what, "was %q, is %q: words only", older, newer)
	}
}

func (d *differ) extra(older, newer Extra, pointer, what string) {
	names := map[string]bool{}
	for name := range older {
		names[name] = true
	}
	for name := range newer {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !sameJSON(older[name], newer[name]) {
			d.allows(Changed, pointer+"/"+escapePointer(name), what, "member %q differs: not part of the format", name)
		}
	}
}
