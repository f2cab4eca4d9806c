package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"
)

// encode makes the bytes of a packet for this client. It panics on what it cannot
// encode: all such packets are made here, none from what a peer sent.
func (c *client) encode(pk *packets.Packet) []byte {
	pk.ProtocolVersion = c.version
	pk.Mods.MaxSize = uint32(max(c.max, 0))
	b, err := encode(pk)
	if err != nil {
		panic(err)
	}
	return b
}

func encode(pk *packets.Packet) ([]byte, error) {
	var buf bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackEncode(&buf)
	case packets.Publish:
		err = pk.PublishEncode(&buf)
	case packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp:
		err = pk.PubackEncode(&buf) // the four have one form
	case packets.Suback:
		err = pk.SubackEncode(&buf)
	case packets.Unsuback:
		err = pk.UnsubackEncode(&buf)
	case packets.Disconnect:
		err = pk.DisconnectEncode(&buf)
	default:
		err = fmt.Errorf("broker: packet type %d is not sent", pk.FixedHeader.Type)
	}
	return buf.Bytes(), err
}

// appendAck adds a PUBACK, PUBREC, PUBREL or PUBCOMP with reason code 0, which has
// the same four bytes in every version. There is one for each report, so it does
// not go through a Packet of 800 bytes.
func appendAck(b []byte, kind byte, id uint16) []byte {
	first := kind << 4
	if kind == packets.Pubrel {
		first |= 2 // MQTT 3.1.1 §3.6.1
	}
	return append(b, first, 2, byte(id>>8), byte(id))
}

// frame is a PUBLISH encoded once for all who get it.
type frame struct {
	bytes []byte
	idAt  int // where the packet id goes; 0 if QoS 0
}

// message is what is published, and its frames as they are needed: for v3 and v5,
// without and with a packet id. It belongs to one goroutine.
type message struct {
	topic   string
	payload []byte
	retain  bool
	frames  [2][2]frame
}

func (m *message) frame(version, qos byte) frame {
	v, q := 0, min(qos, 1)
	if version == 5 {
		v = 1
	}
	if m.frames[v][q].bytes == nil {
		m.frames[v][q] = m.encode(version, q)
	}
	return m.frames[v][q]
}

func (m *message) encode(version, qos byte) frame {
	pk := packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Publish, Qos: qos, Retain: m.retain},
		ProtocolVersion: version, TopicName: m.topic, Payload: m.payload, PacketID: 1,
	}
	b, err := encode(&pk)
	if err != nil {
		panic(err) // only a missing packet id is an error
	}
	if qos == 0 {
		return frame{bytes: b}
	}
	header := len(b) - pk.FixedHeader.Remaining
	return frame{bytes: b, idAt: header + 2 + len(m.topic)}
}

// append adds the frame to b with this QoS and packet id.
func (f frame) append(b []byte, qos byte, id uint16) []byte {
	at := len(b)
	b = append(b, f.bytes...)
	if f.idAt > 0 {
		b[at] = b[at]&^6 | qos<<1
		binary.BigEndian.PutUint16(b[at+f.idAt:], id)
	}
	return b
}
