package broker

import (
	"sync"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2/packets"
)

// flow is what goes to one client: in order, no more in flight than it allows, and
// never waiting in memory without bound. mochi's own has a quota that leaks until
// nothing is delivered, sends what had to wait in random order, and drops the rest.
type flow struct {
	client *client
	waits  atomic.Bool // something is in the queue

	mu     sync.Mutex
	window int               // most in flight; set by CONNECT
	open   map[uint16]waitOn // in flight; nil until needed
	last   uint16            // packet id
	queue  []parcel
	bytes  int // in the queue
	closed bool
}

// waitOn is the packet that a packet id is in flight for.
type waitOn byte

type parcel struct {
	frame frame
	qos   byte
}

// send sends or queues messages, and ends the connection of a client that does not
// keep up: dropping some silently would leave an app with a wrong picture for good.
func (f *flow) send(parcels ...parcel) bool {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return false
	}
	if len(f.queue) == 0 {
		parcels = f.dispatch(parcels)
	}
	for _, p := range parcels {
		f.bytes += len(p.frame.bytes)
		f.queue = append(f.queue, p)
	}
	f.waits.Store(len(f.queue) > 0)
	full := f.bytes > f.limit()
	if full {
		f.closed, f.queue, f.bytes = true, nil, 0
	}
	f.mu.Unlock()
	switch {
	case full:
		f.client.stop(writeEnding(errTooSlow))
	case f.waits.Load() && f.client.unsent() == 0: // all left before waits said that more follows
		f.pump()
	}
	return !full
}

func (f *flow) limit() int {
	if f.client.device != nil {
		return f.client.broker.options.DeviceQueue
	}
	return f.client.broker.options.AppQueue
}

// dispatch posts what may go now and returns the rest.
func (f *flow) dispatch(parcels []parcel) []parcel {
	if len(parcels) == 0 {
		return nil
	}
	room := wireMark - f.client.unsent()
	f.client.post(func(b []byte) []byte {
		for len(parcels) > 0 && room > 0 {
			p := parcels[0]
			size := len(p.frame.bytes)
			if limit := f.client.max; limit > 0 && size > limit { // [MQTT-3.1.2-25]: as if it had been sent
				f.client.broker.stats.tooLarge.Add(1)
				parcels = parcels[1:]
				continue
			}
			id := uint16(0)
			if p.qos > 0 {
				if id = f.take(p.qos); id == 0 {
					break
				}
			}
			b = p.frame.append(b, p.qos, id)
			room -= size
			parcels = parcels[1:]
		}
		return b
	})
	return parcels
}

// take gives a packet id that is not in flight, or 0 if enough are.
func (f *flow) take(qos byte) uint16 {
	if len(f.open) >= f.window {
		return 0
	}
	if f.open == nil {
		f.open = make(map[uint16]waitOn)
	}
	for {
		f.last++
		if _, used := f.open[f.last]; f.last != 0 && !used {
			break
		}
	}
	f.open[f.last] = waitOn(packets.Puback)
	if qos == 2 {
		f.open[f.last] = waitOn(packets.Pubrec)
	}
	return f.last
}

// pump sends from the queue what may go by now.
func (f *flow) pump() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.queue) == 0 {
		return
	}
	rest := f.dispatch(f.queue)
	for _, p := range f.queue[:len(f.queue)-len(rest)] {
		f.bytes -= len(p.frame.bytes)
	}
	clear(f.queue[:len(f.queue)-len(rest)])
	f.queue = rest
	if len(rest) == 0 {
		f.queue = nil
		f.waits.Store(false)
	}
}

// onAck takes PUBACK, PUBREC and PUBCOMP. One for an id that is not in flight is
// answered as MQTT 5 §4.3.3 wants, never held against the client.
func (f *flow) onAck(pk *packets.Packet) {
	f.mu.Lock()
	wait, known := f.open[pk.PacketID]
	kind := pk.FixedHeader.Type
	var answer byte
	switch {
	case kind == packets.Pubrec && (!known || wait == waitOn(packets.Puback)):
		answer = packets.ErrPacketIdentifierNotFound.Code
	case kind == packets.Pubrec && pk.ReasonCode < packets.ErrUnspecifiedError.Code:
		f.open[pk.PacketID] = waitOn(packets.Pubcomp)
	case known && (wait == waitOn(kind) || kind == packets.Pubrec):
		delete(f.open, pk.PacketID)
	}
	waiting := len(f.queue) > 0
	f.mu.Unlock()
	if kind == packets.Pubrec && pk.ReasonCode < packets.ErrUnspecifiedError.Code {
		f.client.reply(packets.Pubrel, pk.PacketID, answer)
	}
	if waiting {
		f.pump()
	}
}

func (f *flow) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.queue, f.open = true, nil, nil
	f.waits.Store(false)
}

// reply posts an acknowledgement with a reason code, which v3 has no place for.
func (c *client) reply(kind byte, id uint16, code byte) {
	if code == 0 || c.version < 5 {
		c.post(func(b []byte) []byte { return appendAck(b, kind, id) })
		return
	}
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id, ReasonCode: code}
	if kind == packets.Pubrel {
		pk.FixedHeader.Qos = 1
	}
	bytes := c.encode(&pk)
	c.post(func(b []byte) []byte { return append(b, bytes...) })
}
