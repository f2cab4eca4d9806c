package broker

import (
	"io"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// pool holds packets for decoding; at 800 bytes they are too large for the stack
// of an idle connection.
var pool = sync.Pool{New: func() any { return new(packets.Packet) }}

// readOn reads and handles packets until the connection ends. It returns nil after
// a DISCONNECT, errRejected when the ending has been noted, or what went wrong.
func (c *client) readOn() error {
	for {
		if err := c.expect(c.keepAlive + c.keepAlive/2); err != nil { // [MQTT-3.1.2-24]
			return err
		}
		first, err := c.in.ReadByte() // here an idle connection waits
		if err != nil {
			return err
		}
		if done, err := c.readPacket(first); done || err != nil {
			return err
		}
	}
}

// readPacket reads the rest of a packet and handles it; done after a DISCONNECT.
func (c *client) readPacket(first byte) (done bool, err error) {
	pk := pool.Get().(*packets.Packet) // nothing else is put there
	defer func() {
		*pk = packets.Packet{}
		pool.Put(pk)
	}()
	if err := pk.FixedHeader.Decode(first); err != nil {
		return false, err
	}
	size, digits, err := packets.DecodeLength(c.in)
	if err != nil {
		return false, err
	}
	if digits > 4 { // [MQTT-1.5.5-1]; mochi reads on
		return false, errLength
	}
	if most := c.broker.options.MaxPacket; most > 0 && size+1 > most {
		return false, packets.ErrPacketTooLarge
	}
	body := make([]byte, size) // the payload of a report stays in it until it is stored
	if _, err := io.ReadFull(c.in, body); err != nil {
		return false, err
	}
	pk.FixedHeader.Remaining, pk.ProtocolVersion = size, c.version
	if err := decodeBody(pk, body); err != nil {
		return false, err
	}
	return pk.FixedHeader.Type == packets.Disconnect, c.onPacket(pk)
}

// decodeBody is mochi's codec.
func decodeBody(pk *packets.Packet, body []byte) (err error) {
	defer func() {
		if recover() != nil { // mochi 2.7.9 does, on a v5 SUBSCRIBE without its last byte
			err = packets.ErrMalformedPacket
		}
	}()
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectDecode(body)
	case packets.Connack:
		return pk.ConnackDecode(body)
	case packets.Publish:
		return pk.PublishDecode(body)
	case packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp:
		return pk.PubackDecode(body) // the four have one form
	case packets.Subscribe:
		return pk.SubscribeDecode(body)
	case packets.Suback:
		return pk.SubackDecode(body)
	case packets.Unsubscribe:
		return pk.UnsubscribeDecode(body)
	case packets.Unsuback:
		return pk.UnsubackDecode(body)
	case packets.Disconnect:
		return pk.DisconnectDecode(body)
	case packets.Auth:
		return pk.AuthDecode(body)
	case packets.Pingreq, packets.Pingresp:
		return nil
	}
	return packets.ErrMalformedPacket
}

// onPacket handles one packet. The error is errRejected or nil.
func (c *client) onPacket(pk *packets.Packet) error {
	switch pk.FixedHeader.Type {
	case packets.Puback, packets.Pubrec, packets.Pubcomp:
		c.flow.onAck(pk)
		return nil
	case packets.Disconnect:
		return nil
	}
	// Everything else makes work, so it costs a token. A flood is not punished but
	// slowed down: while this goroutine sleeps, TCP pushes back.
	if wait := c.bucket.take(time.Now()); wait > 0 {
		c.broker.stats.refused[RuleRate].Add(1)
		if err := pause(c.ctx, wait); err != nil {
			return errRejected
		}
	}
	switch pk.FixedHeader.Type {
	case packets.Pingreq:
		c.post(func(b []byte) []byte { return append(b, packets.Pingresp<<4, 0) })
		return nil
	case packets.Publish:
		return c.onPublish(pk)
	case packets.Pubrel:
		return c.onPubrel(pk)
	case packets.Subscribe:
		return c.onSubscribe(pk)
	case packets.Unsubscribe:
		return c.onUnsubscribe(pk)
	case packets.Connect:
		return c.refuse(RuleSecondConnect, packets.ErrProtocolViolationSecondConnect, "a second CONNECT")
	case packets.Auth:
		return c.refuse(RuleAuth, packets.ErrProtocolViolation, "AUTH without an authentication method")
	}
	return c.refuse(RuleUnexpected, packets.ErrProtocolViolation, "a client does not send %s", packets.PacketNames[pk.FixedHeader.Type])
}
