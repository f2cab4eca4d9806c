package miot

import (
	"bytes"
	"encoding/json"
	"slices"
)

func (d *differ) property(older, newer *Property, _, pointer, what string) {
	d.typed(older.Type, newer.Type, pointer, what)
	d.description(older.Description, newer.Description, pointer, what)
	d.extra(older.Extra, newer.Extra, pointer, what)
	if older.Format != newer.Format {
		d.breaks(Changed, pointer+"/format", what, "format was %s, is %s: values are read by their format", older.Format, newer.Format)
	}
	if !slices.Equal(older.Access.sorted(), newer.Access.sorted()) {
		d.breaks(Changed, pointer+"/access", what, "access was %s, is %s: apps draw a property by its access", older.Access.sorted(), newer.Access.sorted())
	}
	if unit(older) != unit(newer) {
		d.breaks(Changed, pointer+"/unit", what, "unit was %s, is %s: the same number means something else", unit(older), unit(newer))
	}
	d.valueRange(older.Range, newer.Range, pointer+"/value-range", what)
	d.valueList(older.List, newer.List, pointer+"/value-list", what)
}

// unit reads no unit as none, which the published documents do too.
func unit(p *Property) string {
	if p.Unit == "" {
		return "none"
	}
	return p.Unit
}

func (a Access) sorted() Access {
	return slices.Compact(slices.Sorted(slices.Values(a)))
}

func (d *differ) valueRange(older, newer *Range, pointer, what string) {
	switch {
	case older == nil && newer == nil:
	case older == nil:
		d.breaks(Added, pointer, what, "value-range added: values that were lawful may not be now")
	case newer == nil:
		d.breaks(Removed, pointer, what, "value-range removed: apps no longer know the bounds")
	case !older.Min.Equal(newer.Min) || !older.Max.Equal(newer.Max) || !older.Step.Equal(newer.Step):
		d.breaks(Changed, pointer, what, "value-range was [%s, %s, %s], is [%s, %s, %s]: apps draw and check by the old one",
			older.Min, older.Max, older.Step, newer.Min, newer.Max, newer.Step)
	}
}

// valueList compares by value. A value that was added changes the list (DECL-08): an app of the old version cannot name it.
func (d *differ) valueList(older, newer []ListItem, pointer, what string) {
	switch {
	case len(older) == 0 && len(newer) == 0:
		return
	case len(older) == 0:
		d.breaks(Added, pointer, what, "value-list added: values that were lawful may not be now")
		return
	case len(newer) == 0:
		d.breaks(Removed, pointer, what, "value-list removed: apps no longer know the values")
		return
	}
	for _, item := range older {
		if findValue(newer, item.Value) < 0 {
			d.breaks(Changed, pointer, what, "value %s removed from the value-list: apps still offer it", item.Value)
		}
	}
	for i, item := range newer {
		switch j := findValue(older, item.Value); {
		case j < 0:
			d.breaks(Changed, at(pointer, i), what, "value %s added to the value-list: apps of the old version cannot name it", item.Value)
		case older[j].Description != item.Description:
			d.allows(Changed, at(pointer, i)+"/description", what, "value %s was %q, is %q: words only", item.Value, older[j].Description, item.Description)
		}
	}
}

func findValue(list []ListItem, v Value) int {
	return slices.IndexFunc(list, func(item ListItem) bool { return item.Value.Equal(v) })
}

// sameJSON compares but for white space; both are known to be JSON or absent.
func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
