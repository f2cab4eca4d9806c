package broker

import (
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"
)

// receipts are the publishes of one client that are not acknowledged yet, oldest
// first. Acknowledgements go out in the order in which the publishes came in
// ([MQTT-4.6.0-2], -3), also when a later one is settled first.
type receipts struct {
	client *client
	mu     sync.Mutex
	first  ticket // of list[0]
	list   []receipt
	space  chan struct{} // made by a reader that waits for room

	// QoS 2 ids from PUBLISH to PUBREL; true once PUBREC was sent.
	unreleased map[uint16]bool
}

// ticket finds a receipt; they count up.
type ticket uint64

const (
	noReceipt ticket = 0          // QoS 0
	again     ticket = ^ticket(0) // a QoS 2 duplicate, dealt with
)

type receipt struct {
	id      uint16
	qos     byte
	settled bool
	verdict
}

// verdict is what a publish is answered with.
type verdict struct {
	code  byte     // reason code, which v3 has no place for
	words [][]byte // of why: a device's down/error payloads, a bridge's reason string
}

// open notes a publish, waiting while too many are unacknowledged. A v5 client has
// been told the number, so more than that is its fault.
func (r *receipts) open(id uint16, qos byte) (ticket, error) {
	if qos == 0 {
		return noReceipt, nil
	}
	c := r.client
	window := c.broker.options.Window
	r.mu.Lock()
	if qos == 2 {
		if sent, dup := r.unreleased[id]; dup {
			r.mu.Unlock()
			if sent {
				c.reply(packets.Pubrec, id, 0)
			}
			return again, nil
		}
		if len(r.unreleased) >= window {
			r.mu.Unlock()
			return again, c.refuse(RuleWindow, packets.ErrReceiveMaximum, "%d QoS 2 publishes without PUBREL", window)
		}
	}
	for len(r.list) >= window {
		if c.version == 5 {
			r.mu.Unlock()
			return again, c.refuse(RuleWindow, packets.ErrReceiveMaximum, "more than %d unacknowledged publishes", window)
		}
		space := make(chan struct{})
		r.space = space
		r.mu.Unlock()
		select {
		case <-space:
		case <-c.ctx.Done():
			return again, errRejected
		}
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	if r.first == 0 {
		r.first = 1
	}
	if qos == 2 {
		if r.unreleased == nil {
			r.unreleased = make(map[uint16]bool)
		}
		r.unreleased[id] = false
	}
	r.list = append(r.list, receipt{id: id, qos: qos})
	return r.first + ticket(len(r.list)) - 1, nil
}

// settle acknowledges a publish, and those after it that only waited for it. It
// is called on any goroutine and never blocks. Where more of the same commit
// follows, nothing is written.
func (r *receipts) settle(t ticket, v verdict, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t == noReceipt {
		r.client.explain(v)
	} else {
		e := &r.list[int(t-r.first)]
		e.settled, e.verdict = true, v
	}
	if !more {
		r.acknowledge()
	}
}

// acknowledge posts what is settled at the head of the list; mu is held.
func (r *receipts) acknowledge() {
	n := 0
	for n < len(r.list) && r.list[n].settled {
		n++
	}
	if n == 0 {
		return
	}
	ready := r.list[:n]
	r.client.post(func(b []byte) []byte {
		for _, e := range ready {
			kind := packets.Puback
			if e.qos == 2 {
				kind = packets.Pubrec
				r.unreleased[e.id] = true
			}
			if e.code == 0 || r.client.version < 5 {
				b = appendAck(b, kind, e.id)
				continue
			}
			b = append(b, r.client.refusal5(kind, e)...)
			delete(r.unreleased, e.id) // MQTT 5 §4.3.3: a PUBREC that refuses is the end of it
		}
		return b
	})
	r.client.broker.stats.acks.Add(uint64(n))
	for _, e := range ready {
		r.client.explain(e.verdict)
	}
	r.first += ticket(n)
	if r.list = r.list[n:]; len(r.list) == 0 {
		r.list = nil // an idle device holds none
	}
	if r.space != nil {
		close(r.space)
		r.space = nil
	}
}

// refusal5 is a PUBACK or PUBREC that says why.
func (c *client) refusal5(kind byte, e receipt) []byte {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: e.id, ReasonCode: e.code}
	if len(e.words) > 0 && !c.terse {
		pk.Properties.ReasonString = string(e.words[0])
	}
	return c.encode(&pk)
}

// explain tells a device why items of its report were refused; whatever there is to
// tell a bridge is in its acknowledgement.
func (c *client) explain(v verdict) {
	if c.device != nil {
		c.device.tell(v.words)
	}
}

// receipts are nil for an app, which may not publish.
func (c *client) receipts() *receipts {
	if c.device != nil {
		return &c.device.receipts
	}
	if b := c.app.Load().bridge; b != nil {
		return &b.receipts
	}
	return nil
}

// onPubrel ends the QoS 2 exchange of one id.
func (c *client) onPubrel(pk *packets.Packet) error {
	code := packets.ErrPacketIdentifierNotFound.Code
	if r := c.receipts(); r != nil {
		r.mu.Lock()
		if sent := r.unreleased[pk.PacketID]; sent {
			delete(r.unreleased, pk.PacketID)
			code = 0
		}
		r.mu.Unlock()
	}
	c.reply(packets.Pubcomp, pk.PacketID, code)
	return nil
}
