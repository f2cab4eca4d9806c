package virtual

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// eventBuffer bounds the events that wait for a connection; the oldest make room.
const eventBuffer = 64

// happening is an event that was not sent yet. It keeps the time it happened at, however long that is ago (EVT-04).
type happening struct {
	event miot.Occurrence
	at    time.Time
}

// Fire makes an event of the device itself happen. Arguments that are not given are what the properties say now.
func (d *Device) Fire(siid, eiid int, arguments ...miot.Value) error {
	return d.FireOf(d.cfg.DID, siid, eiid, arguments...)
}

// FireOf is Fire for a sub-device.
func (d *Device) FireOf(did string, siid, eiid int, arguments ...miot.Value) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.table(did)
	if t == nil {
		return fmt.Errorf("virtual: %s speaks for no device %s", d.cfg.DID, did)
	}
	rule, ok := t.plan.rules.Event(siid, eiid)
	if !ok {
		return fmt.Errorf("virtual: %s has no event %d.%d", did, siid, eiid)
	}
	list := t.arguments(siid, rule.Event.Arguments, nil)
	for i, v := range arguments {
		if i == len(list) {
			return fmt.Errorf("virtual: event %d.%d takes %d arguments, not %d", siid, eiid, len(list), len(arguments))
		}
		list[i].Value = v.Append(nil)
	}
	if _, bad := rule.CheckArguments(list); bad != nil {
		return fmt.Errorf("virtual: %w", bad)
	}
	d.fire(t, rule, list, time.Now())
	return nil
}

func (d *Device) fire(t *table, rule *miot.EventRule, arguments []miot.Argument, now time.Time) {
	if len(d.events) == eventBuffer {
		d.log.Warn("event lost", "siid", d.events[0].event.SIID, "eiid", d.events[0].event.EIID, "buffer", eventBuffer)
		d.events = append(d.events[:0], d.events[1:]...)
		d.observe(Observation{Kind: Lost})
	}
	d.events = append(d.events, happening{at: now, event: miot.Occurrence{
		DID: t.did, SIID: rule.SIID, EIID: rule.EIID, Arguments: arguments,
	}})
	d.poke()
}

// happen fires an event of the device's own accord, any of those it has.
func (d *Device) happen(now time.Time) {
	t := d.tables[d.random.IntN(len(d.tables))]
	if len(t.plan.events) == 0 {
		return
	}
	rule := t.plan.events[d.random.IntN(len(t.plan.events))]
	d.fire(t, rule, t.arguments(rule.SIID, rule.Event.Arguments, nil), now)
}

// reportEvents sends what happened, in the order it did, at most three in a second.
func (d *Device) reportEvents(now time.Time) (next time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.events) > 0 && !d.outbox.full() {
		if at := d.happened.next(eventBurst); now.Before(at) {
			return at
		}
		h := d.events[0]
		d.events = d.events[1:]
		d.happened.note(now, eventBurst)
		m := &message{id: d.outbox.takeID(), topic: d.topics.event, qos: d.cfg.ReportQoS}
		if wrong := d.cfg.Behaviour.Event; wrong != nil {
			wrong(&h.event)
		}
		if d.cfg.Behaviour.StampLate {
			h.at = now
		}
		if qos := d.cfg.Behaviour.EventQoS; qos != nil {
			m.qos = qos()
		}
		m.payload = miot.EventOccuredAt(m.id, h.at.Add(d.cfg.Behaviour.Clock).UnixMilli(), h.event)
		d.mu.Unlock()
		d.send(m, Reported)
		d.mu.Lock()
	}
	return time.Time{}
}

// arguments fills in an action's out or an event's arguments: what the call brought under the same piid, else what the property
// says now, else what it would say when new.
func (t *table) arguments(siid int, piids []int, in []miot.Argument) []miot.Argument {
	list := make([]miot.Argument, len(piids))
next:
	for i, piid := range piids {
		list[i].PIID = piid
		for _, given := range in {
			if given.PIID == piid {
				list[i].Value = given.Value
				continue next
			}
		}
		list[i].Value = t.say(siid, piid)
	}
	return list
}

func (t *table) say(siid, piid int) []byte {
	if slot := t.plan.slot(siid, piid); slot >= 0 {
		return t.values[slot].Append(nil)
	}
	if rule, ok := t.plan.rules.Property(siid, piid); ok {
		if v, err := startValue(rule, gridOf(rule)); err == nil {
			return v.Append(nil)
		}
	}
	return []byte("0") // no property describes it, so anything fits
}
