package virtual

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Exclusion is a write or an action that a state of the device bars: while every property in While has its value, Member is
// refused as STATE. Its JSON is that of a declaration's exclusion. Members are named siid.iid.
type Exclusion struct {
	Member string                     `json:"member"`
	Action bool                       `json:"action,omitempty"`
	Value  json.RawMessage            `json:"value,omitempty"` // of a write; without one all are barred
	While  map[string]json.RawMessage `json:"while"`
}

func member(siid, own int) string { return fmt.Sprintf("%d.%d", siid, own) }

// barred tells whether the present state excludes a write of v, or an action.
func (d *Device) barred(t *table, name string, action bool, v miot.Value) bool {
	if t != d.tables[0] {
		return false // a sub-device has a declaration of its own
	}
	return slices.ContainsFunc(d.cfg.Exclusions, func(e Exclusion) bool {
		if e.Member != name || e.Action != action || len(e.While) == 0 {
			return false
		}
		if w, err := miot.DecodeValue(e.Value); !action && err == nil && !w.Equal(v) {
			return false
		}
		return t.holds(e.While)
	})
}

// longest is how many characters a string keeps.
func (d *Device) longest(t *table, name string) int {
	if n, ok := d.cfg.MaxTexts[name]; ok && t == d.tables[0] {
		return n
	}
	return d.cfg.MaxText
}

// completion is how long a deferred write takes.
const completion = time.Second

// deferred is a write that was answered with code 1.
type deferred struct {
	table *table
	slot  int
	value miot.Value
	at    time.Time
}

// later takes a write that the property answers with code 1, if it is one of those.
func (d *Device) later(t *table, slot int, v miot.Value) bool {
	rule := t.plan.slots[slot].rule
	if t != d.tables[0] || !slices.Contains(d.cfg.Deferred, member(rule.SIID, rule.PIID)) {
		return false
	}
	if !d.cfg.Behaviour.NeverCompletes {
		d.deferred = append(d.deferred, deferred{t, slot, v, time.Now().Add(completion)})
		d.poke()
	}
	return true
}

// complete carries out the deferred writes that are due. Their result is reported also where nothing changed.
func (d *Device) complete(now time.Time) (next time.Time) {
	d.deferred = slices.DeleteFunc(d.deferred, func(w deferred) bool {
		if now.Before(w.at) {
			next = earlier(next, w.at)
			return false
		}
		if w.table.put(w.slot, w.value) {
			d.wrote(w.table, w.slot)
		}
		w.table.due(w.slot, true)
		return true
	})
	return next
}
