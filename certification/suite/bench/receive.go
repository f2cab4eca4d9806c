package bench

import (
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"
)

// receive acts on a packet that was recorded. It holds mu.
func (s *session) receive(p *packets.Packet) {
	kind := p.FixedHeader.Type
	if !s.up && kind != packets.Connect && kind != packets.Disconnect {
		return // CONNACK was withheld; nothing may be sent before it
	}
	switch kind {
	case packets.Connect:
		s.connect(p)
	case packets.Publish:
		s.published(p)
	case packets.Pubrel:
		delete(s.received, p.PacketID)
		s.answer(packets.Pubcomp, p.PacketID)
	case packets.Puback, packets.Pubrec, packets.Pubcomp:
		s.acknowledged(p)
	case packets.Subscribe:
		s.subscribe(p)
	case packets.Unsubscribe:
		s.unsubscribe(p)
	case packets.Pingreq:
		s.answer(packets.Pingresp, 0)
	case packets.Disconnect:
		s.end("device: DISCONNECT", DropClose)
	default:
		s.violated("protocol error: " + name(kind) + " was not asked for")
	}
}

func (s *session) published(p *packets.Packet) {
	if bad := p.PublishValidate(0); bad != packets.CodeSuccess {
		s.violated("protocol error: PUBLISH: " + bad.Reason)
		return
	}
	switch p.FixedHeader.Qos {
	case 1:
		s.answer(packets.Puback, p.PacketID)
	case 2:
		s.received[p.PacketID] = struct{}{}
		s.answer(packets.Pubrec, p.PacketID)
	}
}

// acknowledged takes the device's word for a message of the bench's.
func (s *session) acknowledged(p *packets.Packet) {
	id := p.PacketID
	if s.flight[id] != p.FixedHeader.Type {
		return // a stray one; whether that matters is a case's business
	}
	if p.FixedHeader.Type == packets.Pubrec && p.ReasonCode < packets.ErrUnspecifiedError.Code {
		s.flight[id] = packets.Pubcomp
		s.answer(packets.Pubrel, id)
		return
	}
	delete(s.flight, id)
	s.quota++
	for s.quota > 0 && len(s.pending) > 0 {
		next := s.pending[0]
		s.pending = s.pending[1:]
		s.transmit(&next)
	}
}

func (s *session) subscribe(p *packets.Packet) {
	if bad := p.SubscribeValidate(); bad != packets.CodeSuccess {
		s.violated("protocol error: SUBSCRIBE: " + bad.Reason)
		return
	}
	answer := &packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Suback}, PacketID: p.PacketID}
	granted := false
	for _, f := range p.Filters {
		code := s.grant(f)
		granted = granted || code <= 2
		answer.ReasonCodes = append(answer.ReasonCodes, code)
	}
	if !s.send(answer) || !granted {
		return
	}
	for i := range s.b.fault.AtSubscribe {
		kept := s.b.fault.AtSubscribe[i]
		kept.Retain = true
		s.deliver(&kept)
	}
}

// grant judges one filter: a device may read what is sent down to it, nothing else.
func (s *session) grant(f packets.Subscription) byte {
	fault := &s.b.fault
	refusal := byte(0)
	switch {
	case fault.SubackCode != 0 && (fault.SubackCount == 0 || s.b.refused < fault.SubackCount):
		s.b.refused++
		refusal = fault.SubackCode
	case !strings.HasPrefix(f.Filter, "device/"+s.b.cfg.DID+"/down/"):
		refusal = packets.ErrNotAuthorized.Code
	default:
		return f.Qos
	}
	if s.version != 5 {
		return packets.ErrUnspecifiedError.Code // the only one that 3.1.1 has
	}
	return refusal
}

func (s *session) unsubscribe(p *packets.Packet) {
	if p.PacketID == 0 || len(p.Filters) == 0 {
		s.violated("protocol error: UNSUBSCRIBE without a packet id or a filter")
		return
	}
	s.send(&packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Unsuback}, PacketID: p.PacketID,
		ReasonCodes: make([]byte, len(p.Filters)),
	})
}
