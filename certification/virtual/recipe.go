package virtual

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Recipe makes an event happen: a write after which every property in Set has its value, or a call of an action. Its JSON is
// that of a declaration's recipe.
type Recipe struct {
	Set  map[string]json.RawMessage `json:"set,omitempty"`
	Call string                     `json:"call,omitempty"`
}

// wrote lets the events happen that a changed property provokes.
func (d *Device) wrote(t *table, slot int) {
	changed := t.plan.slots[slot].rule
	if t != d.tables[0] || len(d.cfg.Recipes) == 0 {
		return
	}
	for _, e := range t.plan.events {
		set := d.cfg.Recipes[member(e.SIID, e.EIID)].Set
		if _, named := set[member(changed.SIID, changed.PIID)]; named && t.holds(set) {
			d.fire(t, e, t.arguments(e.SIID, e.Event.Arguments, nil), time.Now())
		}
	}
}

// holds tells whether every property has the value given.
func (t *table) holds(values map[string]json.RawMessage) bool {
	left := slices.Collect(maps.Keys(values))
	for i, now := range t.values {
		rule := t.plan.slots[i].rule
		name := member(rule.SIID, rule.PIID)
		if raw, named := values[name]; named {
			if v, err := miot.DecodeValue(raw); err != nil || !v.Equal(now) {
				return false
			}
			left = slices.DeleteFunc(left, func(n string) bool { return n == name })
		}
	}
	return len(left) == 0
}
