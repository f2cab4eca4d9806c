package virtual

import (
	"errors"
	"slices"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	// window is how many reports may wait for their PUBACK at once.
	window = 16
	// openPerProperty is how many of those may be of one property; while they wait, later values replace each other. So the re-sent
	// ones, a second apart, leave room for the full state within ten seconds of a reconnect (NOTIFY-05).
	openPerProperty = 4
	// minInterval parts two reports of a property, and any four events: a second (protocol §2) and a little. Much more, and a
	// property that is set once a second falls behind until values are skipped (TIME-02).
	minInterval = 1010 * time.Millisecond
	// ackPatience is how long a broker that is otherwise alive may owe an acknowledgement: MQTT sends again only on a new
	// connection.
	ackPatience = 2 * time.Minute
	// A burst of reports stays below the ten messages that NOTIFY-04 allows in a second, together with events.
	propertyBurst = 6
	eventBurst    = 3
)

// outbox holds the reports that are not acknowledged.
type outbox struct {
	nextID int64
	flight []*message // on this link, in the order they went out
	again  []*message // left over by former links, to be sent again first
}

// message is one report as it was first sent: what is re-sent is the same id and the same bytes.
type message struct {
	id      int64
	topic   string
	qos     byte
	payload []byte
	of      []place // the properties in it; none in an event
	token   mqtt.Token
	sent    time.Time
}

// place is one property of one table.
type place struct {
	table *table
	slot  int
}

func (o *outbox) takeID() int64 {
	o.nextID++
	return o.nextID
}

func (o *outbox) full() bool { return len(o.flight) >= window }

// oldest is done when the oldest report is acknowledged, which is the order a broker acknowledges in.
func (o *outbox) oldest() <-chan struct{} {
	if len(o.flight) == 0 {
		return nil
	}
	return o.flight[0].token.Done()
}

var errUnacknowledged = errors.New("broker owes an acknowledgement for too long")

// settle forgets what was acknowledged, and tells when it loses patience with the rest.
func (o *outbox) settle(d *Device, now time.Time) (next time.Time) {
	o.flight = slices.DeleteFunc(o.flight, func(m *message) bool {
		select {
		case <-m.token.Done():
		default:
			return false
		}
		if m.token.Error() != nil {
			return false // the link is being lost
		}
		d.mu.Lock()
		m.release()
		d.mu.Unlock()
		d.observe(Observation{Kind: Acknowledged, Topic: m.topic, ID: m.id})
		return true
	})
	if len(o.flight) == 0 {
		return time.Time{}
	}
	next = o.flight[0].sent.Add(ackPatience)
	if !now.Before(next) {
		d.link.wire.drop(errUnacknowledged)
		return time.Time{}
	}
	return next
}

func (m *message) release() {
	for _, p := range m.of {
		p.table.told[p.slot].open--
	}
}

// send puts a report on the wire and into flight.
func (d *Device) send(m *message, kind Kind) {
	m.sent, m.token = time.Now(), d.publish(m.topic, m.qos, m.payload)
	d.outbox.flight = append(d.outbox.flight, m)
	d.log.Debug(string(kind), "topic", m.topic, "id", m.id, "payload", string(m.payload))
	d.observe(Observation{Kind: kind, Topic: m.topic, ID: m.id, Payload: m.payload})
}

func (d *Device) publish(topic string, qos byte, payload []byte) mqtt.Token {
	token := d.link.client.Publish(topic, qos, d.cfg.Behaviour.Retain, payload)
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			d.link.wire.drop(err)
		}
	default:
	}
	return token
}

// resend repeats what former links left, oldest first, at the pace that reports must keep.
func (d *Device) resend(now time.Time) (next time.Time) {
	for len(d.outbox.again) > 0 && !d.outbox.full() {
		m := d.outbox.again[0]
		if at := d.allowed(m); now.Before(at) {
			return at
		}
		d.outbox.again = d.outbox.again[1:]
		if b := &d.cfg.Behaviour; b.Resend != nil {
			if m.payload = b.Resend(m.payload); m.payload == nil {
				d.mu.Lock()
				m.release()
				d.mu.Unlock()
				continue
			}
		}
		d.note(m, now)
		d.send(m, Resent)
	}
	return time.Time{}
}

// allowed tells when a message may go out.
func (d *Device) allowed(m *message) time.Time {
	if len(m.of) == 0 {
		return d.happened.next(eventBurst)
	}
	at := d.properties.next(propertyBurst)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range m.of {
		if free := p.table.told[p.slot].at.Add(d.interval()); free.After(at) {
			at = free
		}
	}
	return at
}

// note counts a message that goes out now.
func (d *Device) note(m *message, now time.Time) {
	if len(m.of) == 0 {
		d.happened.note(now, eventBurst)
		return
	}
	d.properties.note(now, propertyBurst)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range m.of {
		p.table.told[p.slot].at = now
	}
}

func (d *Device) interval() time.Duration {
	if d.cfg.Behaviour.Interval > 0 {
		return d.cfg.Behaviour.Interval
	}
	return minInterval
}

// pace remembers the last few instants something was done.
type pace struct{ last []time.Time }

// next is when it may be done again, at most burst times per interval.
func (p *pace) next(burst int) time.Time {
	if len(p.last) < burst {
		return time.Time{}
	}
	return p.last[0].Add(minInterval)
}

func (p *pace) note(now time.Time, burst int) {
	if len(p.last) == burst {
		p.last = append(p.last[:0], p.last[1:]...)
	}
	p.last = append(p.last, now)
}
