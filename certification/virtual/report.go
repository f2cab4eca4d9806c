package virtual

import (
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Bounds of one report message: those that the protocol sets for a command.
const (
	maxItems   = 64
	maxPayload = 4096
	// itemBytes is what an item needs beside its did and value.
	itemBytes = 60
)

// reportProperties sends the properties that are due, several in a message.
func (d *Device) reportProperties(now time.Time) (next time.Time) {
	for !d.outbox.full() {
		if at := d.properties.next(propertyBurst); now.Before(at) {
			return earlier(next, d.pending(at))
		}
		d.mu.Lock()
		places, later := d.gather(now)
		m := d.compose(places, now)
		d.mu.Unlock()
		if len(places) == 0 {
			return earlier(next, later)
		}
		if m == nil {
			continue
		}
		d.properties.note(now, propertyBurst)
		d.send(m, Reported)
	}
	return next
}

// pending is at, when there is anything to report.
func (d *Device) pending(at time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.tables {
		if t.waiting > 0 {
			return at
		}
	}
	return time.Time{}
}

// gather collects the properties for one message, and when others will be due.
func (d *Device) gather(now time.Time) (places []place, later time.Time) {
	size := itemBytes * 2 // the envelope
	for _, t := range d.tables {
		slots, next := t.take(now, d.interval(), maxItems-len(places))
		later = earlier(later, next)
		for _, slot := range slots {
			need := itemBytes + len(t.did) + len(t.values[slot].Append(nil))
			if len(places) > 0 && size+need > maxPayload {
				return places, now
			}
			size += need
			places = append(places, place{t, slot})
		}
		if len(places) == maxItems {
			return places, now
		}
	}
	return places, later
}

// compose makes the message; nil when a mutant keeps all of it to itself.
func (d *Device) compose(places []place, now time.Time) *message {
	values := make([]miot.PropertyValue, 0, len(places))
	m := &message{topic: d.topics.properties, qos: d.cfg.ReportQoS}
	for _, p := range places {
		rule := p.table.plan.slots[p.slot].rule
		v := p.table.values[p.slot]
		p.table.mark(p.slot, now)
		if d.cfg.Behaviour.Report != nil {
			if v = d.cfg.Behaviour.Report(rule, v); v.IsZero() {
				continue
			}
		}
		p.table.told[p.slot].open++
		m.of = append(m.of, p)
		values = append(values, miot.PropertyValue{DID: p.table.did, SIID: rule.SIID, PIID: rule.PIID, Value: v.Append(nil)})
	}
	if len(values) == 0 {
		return nil
	}
	m.id = d.outbox.takeID()
	m.payload = miot.PropertiesChangedAt(m.id, now.Add(d.cfg.Behaviour.Clock).UnixMilli(), values)
	return m
}
