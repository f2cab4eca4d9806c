package virtual

import (
	"math/rand/v2"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// table holds the values of one did: the device's own, or a sub-device's it speaks for.
type table struct {
	did     string
	plan    *Blueprint
	values  []miot.Value
	told    []telling // what was last reported of each; only notify properties use theirs
	sensors []sensor  // one for each of plan.moves
	waiting int       // how many tellings are due
	all     bool      // of a mutant: what has no notify is reported too
}

// telling is what the gateway knows of a property.
type telling struct {
	value miot.Value
	at    time.Time // when it was last sent
	due   bool      // something changed since
	force bool      // to be sent even where the value is the one last sent
	open  int       // reports of it that are not acknowledged
}

func newTable(did string, plan *Blueprint) *table {
	t := &table{did: did, plan: plan}
	t.values = make([]miot.Value, len(plan.slots))
	t.told = make([]telling, len(plan.slots))
	t.sensors = make([]sensor, len(plan.moves))
	for i := range plan.slots {
		t.put(i, plan.slots[i].start)
	}
	return t
}

// reset returns what is a setting to how it left the factory; a used filter stays used.
func (t *table) reset() {
	for i := range t.plan.slots {
		if t.plan.slots[i].rule.Writable {
			t.put(i, t.plan.slots[i].start)
		}
	}
}

// put changes a value, and makes the change due for a report; it tells whether there was a change.
func (t *table) put(slot int, v miot.Value) bool {
	if t.values[slot].Equal(v) {
		return false
	}
	t.values[slot] = v
	for i, moving := range t.plan.moves {
		if moving == slot {
			t.sensors[i].level, _ = v.Float64()
		}
	}
	t.due(slot, false)
	return true
}

func (t *table) due(slot int, force bool) {
	if !t.plan.slots[slot].rule.Notify && !t.all {
		return
	}
	if !t.told[slot].due {
		t.told[slot].due = true
		t.waiting++
	}
	t.told[slot].force = t.told[slot].force || force
}

// everything makes the full state due, as after every connect (NOTIFY-05).
func (t *table) everything() {
	for i := range t.plan.slots {
		t.due(i, true)
	}
}

// move lets all sensors advance by dt.
func (t *table) move(random *rand.Rand, dt time.Duration) {
	for i, at := range t.plan.moves {
		s := &t.plan.slots[at]
		home, _ := s.start.Float64()
		t.sensors[i].advance(random, s.move, s.grid, home, s.rule.Unit, dt)
		if v := s.grid.snap(t.sensors[i].level); !v.Equal(t.values[at]) {
			t.values[at] = v // not put: it would round the true value
			t.due(at, false)
		}
	}
}

// take gives the next slots that may be reported now, and when to look again.
func (t *table) take(now time.Time, interval time.Duration, limit int) (slots []int, next time.Time) {
	if t.waiting == 0 {
		return nil, time.Time{}
	}
	for i := range t.told {
		tell := &t.told[i]
		if !tell.due {
			continue
		}
		if !tell.force && tell.value.Equal(t.values[i]) {
			tell.due = false // it went there and back before anybody was told
			t.waiting--
			continue
		}
		if tell.open >= openPerProperty {
			continue // an acknowledgement will wake the loop
		}
		if at := tell.at.Add(interval); now.Before(at) {
			next = earlier(next, at)
			continue
		}
		if len(slots) == limit {
			return slots, now
		}
		slots = append(slots, i)
	}
	return slots, next
}

// mark notes that these values go out now.
func (t *table) mark(slot int, now time.Time) {
	if t.told[slot].due {
		t.waiting--
	}
	t.told[slot] = telling{value: t.values[slot], at: now, open: t.told[slot].open}
}

// forget drops what was known of the reports on their way, as the power goes.
func (t *table) forget() {
	for i := range t.told {
		t.told[i].open = 0
	}
}

// earlier is the earlier of two instants, of which the zero one means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
