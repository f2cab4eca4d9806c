package wire

import (
	"errors"
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"
)

// ErrRefused is a login or subscription that the broker turned down.
var ErrRefused = errors.New("refused by the broker")

// Login is how a client introduces itself.
type Login struct {
	ClientID  string
	Username  string // none when empty
	Password  string
	Keepalive uint16 // seconds; 0 for none
	Version   byte   // 4 (MQTT 3.1.1, also when 0) or 5
}

// Login sends CONNECT with a clean session and waits for CONNACK.
func (c *Conn) Login(l Login) error {
	if l.Version == 5 {
		c.version = 5
	}
	pk := packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Connect},
		ProtocolVersion: c.version,
		Connect: packets.ConnectParams{
			ProtocolName: []byte("MQTT"), Clean: true, Keepalive: l.Keepalive, ClientIdentifier: l.ClientID,
			UsernameFlag: l.Username != "", Username: []byte(l.Username),
			PasswordFlag: l.Username != "", Password: []byte(l.Password),
		},
	}
	if err := pk.ConnectEncode(&c.out); err != nil {
		return fmt.Errorf("CONNECT of client %q: %w", l.ClientID, err)
	}
	if err := c.Flush(); err != nil {
		return err
	}
	reply, err := c.Next()
	if err != nil {
		return fmt.Errorf("client %q: waiting for CONNACK: %w", l.ClientID, err)
	}
	if reply.FixedHeader.Type != packets.Connack || reply.ReasonCode != 0 {
		return fmt.Errorf("client %q: %s with reason code 0x%02x: %w",
			l.ClientID, packets.PacketNames[reply.FixedHeader.Type], reply.ReasonCode, ErrRefused)
	}
	return nil
}

// Subscribe asks for filters at QoS 1 and waits for SUBACK; what arrives before it goes to early, which may be nil.
func (c *Conn) Subscribe(id uint16, early func(*packets.Packet) error, filters ...string) error {
	pk := packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Subscribe, Qos: 1},
		ProtocolVersion: c.version,
		PacketID:        id,
	}
	for _, filter := range filters {
		pk.Filters = append(pk.Filters, packets.Subscription{Filter: filter, Qos: 1})
	}
	if err := pk.SubscribeEncode(&c.out); err != nil {
		return fmt.Errorf("SUBSCRIBE to %q…: %w", filters[0], err)
	}
	if err := c.Flush(); err != nil {
		return err
	}
	for {
		reply, err := c.Next()
		if err != nil {
			return fmt.Errorf("waiting for SUBACK of %q…: %w", filters[0], err)
		}
		if reply.FixedHeader.Type == packets.Suback {
			return granted(reply.ReasonCodes, filters)
		}
		if early != nil {
			if err := early(reply); err != nil {
				return err
			}
		}
	}
}

func granted(codes []byte, filters []string) error {
	if len(codes) != len(filters) {
		return fmt.Errorf("SUBACK has %d codes for %d filters", len(codes), len(filters))
	}
	for i, code := range codes {
		if code != 1 {
			return fmt.Errorf("subscription to %q at QoS 1: code 0x%02x: %w", filters[i], code, ErrRefused)
		}
	}
	return nil
}

// Publish queues a QoS 1 message; the payload is copied.
func (c *Conn) Publish(id uint16, topic string, payload []byte) error {
	pk := packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Publish, Qos: 1},
		ProtocolVersion: c.version,
		PacketID:        id,
		TopicName:       topic,
		Payload:         payload,
	}
	return pk.PublishEncode(&c.out)
}

// Ack queues the PUBACK of a message received.
func (c *Conn) Ack(id uint16) error {
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Puback}, ProtocolVersion: c.version, PacketID: id,
	}
	return pk.PubackEncode(&c.out)
}

// Ping queues a PINGREQ.
func (c *Conn) Ping() error {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}}
	return pk.PingreqEncode(&c.out)
}

// Flush writes what is queued in one call.
func (c *Conn) Flush() error {
	if c.out.Len() == 0 {
		return nil
	}
	_, err := c.net.Write(c.out.Bytes())
	c.out.Reset()
	return err
}
