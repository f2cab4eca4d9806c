package bench

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// send records a packet and hands it to the wire, if no fault keeps it back. It holds mu.
func (s *session) send(p *packets.Packet) bool {
	f := &s.b.fault
	if s.over || f.Mute {
		return false
	}
	if slices.Contains(f.Withhold, name(p.FixedHeader.Type)) && (f.WithholdCount == 0 || s.b.withheld < f.WithholdCount) {
		s.b.withheld++
		return false
	}
	p.ProtocolVersion = s.version
	if p.FixedHeader.Type == packets.Pubrel {
		p.FixedHeader.Qos = 1 // what the standard calls reserved bits
	}
	raw, err := encode(p)
	if err != nil {
		s.b.note("not sent: %v", err)
		return false
	}
	s.b.record(s.conn, transcript.Out, frame{*p, raw})
	s.write(raw)
	return !s.over
}

// write hands bytes to the wire, in one piece: a TLS record then holds as much of them as one can.
func (s *session) write(raw []byte) {
	if _, err := s.wire.Write(raw); errors.Is(err, errUnread) {
		s.end("bench: "+err.Error(), DropReset)
	}
}

// answer sends a packet that has no more than an id.
func (s *session) answer(kind byte, id uint16) {
	s.send(&packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id})
}

// deliver publishes to the device, now or once its Receive Maximum allows.
func (s *session) deliver(p *Publish) {
	m := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: p.QoS, Dup: p.Dup, Retain: p.Retain},
		TopicName:   p.Topic, Payload: s.b.payload(&p.Request), PacketID: p.ID,
		ProtocolVersion: s.version,
	}
	if s.b.fault.Corrupt && len(m.Payload) > 0 {
		m.Payload = bytes.Clone(m.Payload)
		bit := s.b.random.IntN(8 * len(m.Payload))
		m.Payload[bit/8] ^= 1 << (bit % 8)
	}
	if p.QoS == 0 {
		m.PacketID = 0
	} else if p.ID == 0 {
		m.PacketID = s.freeID()
	}
	if s.maxPacket > 0 {
		if raw, err := encode(&m); err == nil && len(raw) > s.maxPacket {
			s.b.note("not sent: PUBLISH of %d bytes, the device takes %d", len(raw), s.maxPacket)
			return
		}
	}
	if _, again := s.flight[m.PacketID]; p.QoS > 0 && !again && s.quota == 0 {
		s.pending = append(s.pending, m)
		s.b.note("PUBLISH waits: the device's Receive Maximum is reached")
		return
	}
	s.transmit(&m)
}

// transmit sends a PUBLISH, and twice if told to.
func (s *session) transmit(m *packets.Packet) {
	if !s.send(m) {
		return
	}
	if qos := m.FixedHeader.Qos; qos > 0 {
		if _, again := s.flight[m.PacketID]; !again {
			s.quota--
		}
		s.flight[m.PacketID] = []byte{1: packets.Puback, 2: packets.Pubrec}[qos]
	}
	if s.b.fault.Duplicate {
		second := *m
		second.FixedHeader.Dup = m.FixedHeader.Qos > 0
		s.send(&second)
	}
}

// freeID is the next packet id that is not in flight.
func (s *session) freeID() uint16 {
	for range 65535 {
		s.nextID++
		_, taken := s.flight[s.nextID]
		if s.nextID != 0 && !taken && !slices.ContainsFunc(s.pending, func(m packets.Packet) bool { return m.PacketID == s.nextID }) {
			break
		}
	}
	return s.nextID
}

// payload is what a request really says: «secret:NAME» stands for a secret that the transcript must not hold.
func (b *Bench) payload(r *Request) []byte {
	if len(r.PayloadHex) > 0 {
		return r.PayloadHex
	}
	text := r.Payload
	if strings.Contains(text, "«secret:") {
		for name, secret := range b.cfg.Secrets {
			text = strings.ReplaceAll(text, "«secret:"+name+"»", secret)
		}
	}
	return []byte(text)
}
