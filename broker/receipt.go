package broker

import (
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

// receipts are the publishes of one device that are not acknowledged yet, oldest
// first. Acknowledgements go out in the order in which the publishes came in
// ([MQTT-4.6.0-2], -3), also when a later one is settled first.
type receipts struct {
	mu    sync.Mutex
	first ticket // of list[0]
	list  []receipt
	space chan struct{} // made by a reader that waits for room

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
	errors  [][]byte
}

// open notes a publish, waiting while too many are unacknowledged. A v5 client has
// been told the number, so more than that is its fault.
func (r *receipts) open(c *client, id uint16, qos byte) (ticket, error) {
	if qos == 0 {
		return noReceipt, nil
	}
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
// is called on any goroutine and never blocks. As long as the outcome says that
// more of the same commit follows, nothing is written.
func (d *device) settle(t ticket, o registry.Outcome) {
	r := &d.receipts
	r.mu.Lock()
	defer r.mu.Unlock()
	if t == noReceipt {
		d.tell(o.Errors)
	} else {
		e := &r.list[int(t-r.first)]
		e.settled, e.errors = true, o.Errors
	}
	if !o.More {
		d.acknowledge()
	}
}

// acknowledge posts what is settled at the head of the list; receipts.mu is held.
func (d *device) acknowledge() {
	r := &d.receipts
	n := 0
	for n < len(r.list) && r.list[n].settled {
		n++
	}
	if n == 0 {
		return
	}
	ready := r.list[:n]
	d.client.post(func(b []byte) []byte {
		for _, e := range ready {
			kind := packets.Puback
			if e.qos == 2 {
				kind = packets.Pubrec
				r.unreleased[e.id] = true
			}
			b = appendAck(b, kind, e.id)
		}
		return b
	})
	d.client.broker.stats.acks.Add(uint64(n))
	for _, e := range ready {
		d.tell(e.errors)
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

// onPubrel ends the QoS 2 exchange of one id.
func (c *client) onPubrel(pk *packets.Packet) error {
	code := packets.ErrPacketIdentifierNotFound.Code
	if d := c.device; d != nil {
		d.receipts.mu.Lock()
		if sent := d.receipts.unreleased[pk.PacketID]; sent {
			delete(d.receipts.unreleased, pk.PacketID)
			code = 0
		}
		d.receipts.mu.Unlock()
	}
	c.reply(packets.Pubcomp, pk.PacketID, code)
	return nil
}
