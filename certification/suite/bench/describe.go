package bench

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// describe is what the transcript says of a packet besides its bytes.
func (b *Bench) describe(p *packets.Packet) transcript.Packet {
	d := transcript.Packet{Version: p.ProtocolVersion, ID: p.PacketID, Reason: int(p.ReasonCode)}
	switch p.FixedHeader.Type {
	case packets.Connect:
		b.describeConnect(p, &d)
	case packets.Connack:
		d.Session = p.SessionPresent
		d.ReceiveMax = int(p.Properties.ReceiveMaximum)
		d.MaxPacket = int(p.Properties.MaximumPacketSize)
		d.ServerKeep = int(p.Properties.ServerKeepAlive)
	case packets.Publish:
		d.QoS, d.Dup, d.Retain = p.FixedHeader.Qos, p.FixedHeader.Dup, p.FixedHeader.Retain
		d.Topic, d.Size = p.TopicName, len(p.Payload)
		if utf8.Valid(p.Payload) {
			d.Payload = string(p.Payload)
		} else {
			// Redacted here: a mark in the middle of hexadecimal text would make it unreadable.
			d.PayloadHex = b.cfg.Writer.Secrets().Bytes(p.Payload)
		}
	case packets.Subscribe, packets.Unsubscribe:
		for _, f := range p.Filters {
			d.Filters = append(d.Filters, transcript.Filter{Topic: f.Filter, QoS: f.Qos})
		}
	case packets.Suback, packets.Unsuback:
		for _, code := range p.ReasonCodes {
			d.Reasons = append(d.Reasons, int(code))
		}
	}
	return d
}

func (b *Bench) describeConnect(p *packets.Packet, d *transcript.Packet) {
	c := &p.Connect
	d.ClientID, d.Username = c.ClientIdentifier, string(c.Username)
	if c.PasswordFlag {
		d.Password = "«secret:" + b.secretName(string(c.Password)) + "»"
	}
	d.KeepAlive, d.Clean = int(c.Keepalive), c.Clean
	if c.WillFlag {
		d.Will = &transcript.Will{Topic: c.WillTopic, Payload: string(c.WillPayload), QoS: c.WillQos, Retain: c.WillRetain}
	}
	d.ReceiveMax, d.MaxPacket = int(p.Properties.ReceiveMaximum), int(p.Properties.MaximumPacketSize)
}

// longSecret is from where on an unknown password is looked for elsewhere, too. A shorter one may be a common word, or the did:
// blotting that out would cost the topics.
const longSecret = 16

// secretName names a password. One that is not known becomes known from here on, so that the transcript holds none and yet
// shows whether two attempts used the same. It holds mu.
func (b *Bench) secretName(password string) string {
	if n, ok := b.passwords[password]; ok {
		return n
	}
	b.others++
	n := "other-" + strconv.Itoa(b.others)
	b.passwords[password] = n
	if len(password) >= longSecret && !strings.Contains(b.cfg.DID, password) {
		b.cfg.Writer.Secrets().Add(n, password)
	}
	return n
}

// masked is a CONNECT's bytes without its password, however short, which stands at the very end of the packet.
func masked(f frame) []byte {
	c := &f.packet.Connect
	if !c.PasswordFlag || len(c.Password) == 0 {
		return f.raw
	}
	raw := bytes.Clone(f.raw)
	at := bytes.LastIndex(raw, c.Password)
	for i := range c.Password {
		raw[at+i] = '*'
	}
	return raw
}

// record appends a packet. It holds mu.
func (b *Bench) record(conn int, dir transcript.Direction, f frame) {
	d := b.describe(&f.packet)
	raw := f.raw
	if f.packet.FixedHeader.Type == packets.Connect {
		raw = masked(f)
	}
	data, err := json.Marshal(d)
	if err != nil {
		b.note("a %s cannot be described: %v", name(f.packet.FixedHeader.Type), err)
	}
	b.cfg.Writer.Append(transcript.Record{
		Kind: transcript.KindPacket, Conn: conn, Dir: dir, Name: name(f.packet.FixedHeader.Type), Data: data, Raw: raw,
	})
}
