package broker

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Packet is an MQTT packet as mochi decodes it.
type Packet = packets.Packet

// TapKind is what a TapEvent tells.
type TapKind byte

// The kinds of TapEvent.
const (
	Opened   TapKind = iota // a connection was accepted
	Received                // a packet came from the client
	Sent                    // a packet was handed to the connection below
	Closed                  // the connection is gone
)

// TapEvent is one thing that happened on one connection.
type TapEvent struct {
	Kind   TapKind
	Conn   uint64 // counts the broker's connections
	Remote string
	At     time.Time
	Packet Packet // decoded from Raw, for Received and Sent
	Raw    []byte // the packet's bytes; the tap may keep them
	Err    error  // why Raw could not be decoded; Packet is then not to be trusted
	Reason string // why it ended, for Closed
}

// taps cut both directions of a connection into packets. The bytes are those that
// are read and written, so a malformed packet is seen as it came. A nil one does
// nothing.
type taps struct {
	client  *client
	version atomic.Uint32
	in, out tapStream
}

type tapStream struct {
	pending []byte
	broken  bool // the stream cannot be cut any more
}

func newTaps(c *client) *taps {
	if c.broker.config.Tap == nil {
		return nil
	}
	t := &taps{client: c}
	t.version.Store(4)
	return t
}

func (t *taps) received(p []byte) {
	if t != nil {
		t.feed(&t.in, Received, p)
	}
}

func (t *taps) sent(p []byte) {
	if t != nil {
		t.feed(&t.out, Sent, p)
	}
}

func (t *taps) state(kind TapKind) {
	if t != nil {
		e, _ := t.client.endedBy()
		t.emit(TapEvent{Kind: kind, Reason: string(e.reason)})
	}
}

func (t *taps) feed(s *tapStream, kind TapKind, p []byte) {
	if s.broken || len(p) == 0 {
		return
	}
	s.pending = append(s.pending, p...)
	for {
		size, err := packetSize(s.pending)
		if err != nil {
			s.broken = true
			t.emit(TapEvent{Kind: kind, Raw: s.pending, Err: err})
			return
		}
		if size == 0 || len(s.pending) < size {
			return
		}
		raw := append([]byte(nil), s.pending[:size]...)
		s.pending = s.pending[size:]
		e := TapEvent{Kind: kind, Raw: raw}
		e.Packet, e.Err = decode(raw, byte(t.version.Load()))
		if e.Packet.FixedHeader.Type == packets.Connect && e.Err == nil {
			t.version.Store(uint32(e.Packet.ProtocolVersion))
		}
		t.emit(e)
	}
}

func (t *taps) emit(e TapEvent) {
	e.Conn, e.Remote, e.At = t.client.number, t.client.wire.RemoteAddr().String(), time.Now()
	t.client.broker.config.Tap(e)
}

var errLength = packets.Code{Code: packets.ErrMalformedPacket.Code, Reason: "malformed packet: remaining length of more than four bytes"}

// packetSize is the size of the packet at the start of b, 0 if it can't be told yet.
func packetSize(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, nil
	}
	remaining, n := binary.Uvarint(b[1:min(len(b), 5)]) // MQTT's variable byte integer is the same up to 4 bytes
	switch {
	case n > 0:
		return 1 + n + int(remaining), nil
	case len(b) >= 5:
		return 0, errLength
	}
	return 0, nil
}

// decode reads one packet of either direction.
func decode(raw []byte, version byte) (pk Packet, err error) {
	pk.ProtocolVersion = version
	if err := pk.FixedHeader.Decode(raw[0]); err != nil {
		return pk, err
	}
	_, n := binary.Uvarint(raw[1:])
	body := append([]byte(nil), raw[1+n:]...)
	pk.FixedHeader.Remaining = len(body)
	err = decodeBody(&pk, body)
	return pk, err
}
