package virtual

import (
	"slices"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// find gives the first slot of a service that has one of these names; -1 when none has.
func (t *table) find(siid int, names ...string) int {
	for _, name := range names {
		for i := range t.plan.slots {
			if rule := t.plan.slots[i].rule; rule.SIID == siid && rule.Name == name {
				return i
			}
		}
	}
	return -1
}

// toggle flips the switch that the action's other words name, or the main one.
func (t *table) toggle(siid int, words []string) {
	other := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "toggle" })
	if slot := t.find(siid, strings.Join(other, "-")); slot >= 0 {
		t.turn(slot)
		return
	}
	t.turn(t.find(siid, "on", "on-off", "enable", "mute"))
}

// turn moves a property on: a bool flips, a list or a range goes to its next value and from the last to the first.
func (t *table) turn(slot int) {
	if slot < 0 {
		return
	}
	s := &t.plan.slots[slot]
	if on, ok := t.values[slot].Bool(); ok {
		t.put(slot, miot.BoolValue(!on))
		return
	}
	if list := s.rule.Property.List; len(list) > 0 {
		at := slices.IndexFunc(list, func(item miot.ListItem) bool { return item.Value.Equal(t.values[slot]) })
		t.assign(slot, list[(at+1)%len(list)].Value)
		return
	}
	if v, ok := t.values[slot].Float64(); ok && s.grid.steps > 0 {
		if v += s.grid.step; v > s.grid.min+s.grid.steps*s.grid.step {
			v = s.grid.min
		}
		t.assign(slot, s.grid.snap(v))
	}
}

// renew is a part that was replaced: its life is full, its hours are none.
func (t *table) renew(siid int, words []string) {
	for i := range t.plan.slots {
		s := &t.plan.slots[i]
		if s.rule.SIID != siid || s.grid.steps == 0 || s.rule.Writable {
			continue
		}
		name := s.rule.Name
		switch {
		case strings.Contains(name, "used") && strings.Contains(name, "time"):
			t.assign(i, s.grid.snap(s.grid.min))
		case strings.Contains(name, "life"), strings.Contains(name, "left"), strings.Contains(name, "level") && slices.Contains(words, "life"):
			t.assign(i, s.grid.snap(s.grid.min+s.grid.steps*s.grid.step))
		}
	}
}

// run starts or stops what the service does: its status goes from idle to the first busy word and back, its clock is set.
func (t *table) run(siid int, on bool) {
	if slot := t.find(siid, "status"); slot >= 0 {
		if list := t.plan.slots[slot].rule.Property.List; len(list) > 1 {
			t.assign(slot, list[0].Value)
			if on {
				t.assign(slot, list[1].Value)
			}
		}
	}
	if slot := t.find(siid, "left-time", "remain-time", "t-left"); slot >= 0 && t.plan.slots[slot].grid.steps > 0 {
		g := t.plan.slots[slot].grid
		t.assign(slot, g.snap(g.min))
		if on {
			t.assign(slot, t.plan.slots[slot].start)
		}
	}
}

// assign puts a value that the document lists, in the form of the property's format.
func (t *table) assign(slot int, v miot.Value) {
	if sure, bad := t.plan.slots[slot].rule.Check(v.Append(nil)); bad == nil {
		t.put(slot, sure)
	}
}
