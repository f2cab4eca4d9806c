package broker_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// peer is an MQTT client that does only what the test says: it answers nothing by
// itself, so a test can break any rule.
type peer struct {
	t       *testing.T
	conn    net.Conn
	r       *bufio.Reader
	version byte
}

// dial opens a connection and sends nothing.
func (g *gateway) dial(t *testing.T, version byte) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return newPeer(t, conn, version)
}

func newPeer(t *testing.T, conn net.Conn, version byte) *peer {
	return &peer{t: t, conn: conn, r: bufio.NewReader(conn), version: version}
}

// join connects and wants to be let in.
func (g *gateway) join(t *testing.T, version byte, id, user, password string, change ...func(*packets.Packet)) *peer {
	t.Helper()
	p := g.dial(t, version)
	if ack := p.connect(id, user, password, change...); ack.ReasonCode != 0 {
		t.Fatalf("CONNACK %#x for %s", ack.ReasonCode, id)
	}
	return p
}

func (p *peer) connect(id, user, password string, change ...func(*packets.Packet)) packets.Packet {
	p.t.Helper()
	p.send(connectPacket(p.version, id, user, password, change...))
	return p.want(packets.Connack)
}

func connectPacket(version byte, id, user, password string, change ...func(*packets.Packet)) packets.Packet {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: version}
	pk.Connect = packets.ConnectParams{
		ProtocolName: []byte("MQTT"), ClientIdentifier: id, Clean: true, Keepalive: 60,
		UsernameFlag: user != "", Username: []byte(user), PasswordFlag: password != "", Password: []byte(password),
	}
	for _, c := range change {
		c(&pk)
	}
	return pk
}

func publishPacket(topic string, qos byte, id uint16, payload string, change ...func(*packets.Packet)) packets.Packet {
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos}, TopicName: topic, PacketID: id, Payload: []byte(payload),
	}
	for _, c := range change {
		c(&pk)
	}
	return pk
}

func (p *peer) publish(topic string, qos byte, id uint16, payload string, change ...func(*packets.Packet)) {
	p.t.Helper()
	p.send(publishPacket(topic, qos, id, payload, change...))
}

func (p *peer) subscribe(id uint16, qos byte, filters ...string) packets.Packet {
	p.t.Helper()
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: id}
	for _, f := range filters {
		pk.Filters = append(pk.Filters, packets.Subscription{Filter: f, Qos: qos})
	}
	p.send(pk)
	return p.want(packets.Suback)
}

func (p *peer) ack(kind byte, id uint16) {
	p.t.Helper()
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id}
	if kind == packets.Pubrel {
		pk.FixedHeader.Qos = 1
	}
	p.send(pk)
}

func (p *peer) send(pk packets.Packet) {
	p.t.Helper()
	if _, err := p.conn.Write(p.encode(pk)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) encode(pk packets.Packet) []byte {
	p.t.Helper()
	pk.ProtocolVersion = p.version
	var b bytes.Buffer
	encoders := map[byte]func(*bytes.Buffer) error{
		packets.Connect: pk.ConnectEncode, packets.Publish: pk.PublishEncode, packets.Puback: pk.PubackEncode,
		packets.Pubrec: pk.PubrecEncode, packets.Pubrel: pk.PubrelEncode, packets.Pubcomp: pk.PubcompEncode,
		packets.Subscribe: pk.SubscribeEncode, packets.Unsubscribe: pk.UnsubscribeEncode, packets.Pingreq: pk.PingreqEncode,
		packets.Disconnect: pk.DisconnectEncode, packets.Auth: pk.AuthEncode, packets.Suback: pk.SubackEncode,
	}
	if err := encoders[pk.FixedHeader.Type](&b); err != nil {
		p.t.Fatal(err)
	}
	return b.Bytes()
}

// want reads the next packet and wants it to be of this type.
func (p *peer) want(kind byte) packets.Packet {
	p.t.Helper()
	pk, err := p.read(10 * time.Second)
	if err != nil {
		p.t.Fatalf("want %s, got %v", packets.PacketNames[kind], err)
	}
	if pk.FixedHeader.Type != kind {
		p.t.Fatalf("want %s, got %s (%#x)", packets.PacketNames[kind], packets.PacketNames[pk.FixedHeader.Type], pk.ReasonCode)
	}
	return pk
}

// wantEnd wants the connection to be closed, after DISCONNECT with this code if it
// is v5 and the code is not 0.
func (p *peer) wantEnd(code byte) {
	p.t.Helper()
	if p.version == 5 && code != 0 {
		if got := p.want(packets.Disconnect).ReasonCode; got != code {
			p.t.Errorf("DISCONNECT %#x, want %#x", got, code)
		}
	}
	if pk, err := p.read(10 * time.Second); err == nil {
		p.t.Errorf("got %s, want the connection closed", packets.PacketNames[pk.FixedHeader.Type])
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Error("the connection is still open after 10 s")
	}
}

// ping wants to be answered: everything sent before has been dealt with then.
func (p *peer) ping() {
	p.t.Helper()
	p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}})
	p.want(packets.Pingresp)
}

func (p *peer) read(within time.Duration) (pk packets.Packet, err error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(within))
	first, err := p.r.ReadByte()
	if err != nil {
		return pk, err
	}
	if err := pk.FixedHeader.Decode(first); err != nil {
		return pk, err
	}
	pk.FixedHeader.Remaining, _, err = packets.DecodeLength(p.r)
	if err != nil {
		return pk, err
	}
	body := make([]byte, pk.FixedHeader.Remaining)
	if _, err := io.ReadFull(p.r, body); err != nil {
		return pk, err
	}
	pk.ProtocolVersion = p.version
	decoders := map[byte]func([]byte) error{
		packets.Connack: pk.ConnackDecode, packets.Publish: pk.PublishDecode, packets.Puback: pk.PubackDecode,
		packets.Pubrec: pk.PubrecDecode, packets.Pubrel: pk.PubrelDecode, packets.Pubcomp: pk.PubcompDecode,
		packets.Suback: pk.SubackDecode, packets.Unsuback: pk.UnsubackDecode, packets.Pingresp: pk.PingrespDecode,
		packets.Disconnect: pk.DisconnectDecode,
	}
	d, ok := decoders[pk.FixedHeader.Type]
	if !ok {
		return pk, errors.New("the broker sent a packet that only a client sends")
	}
	return pk, d(body)
}

// Shorthands for what most tests connect as.

func (g *gateway) device(t *testing.T, version byte, change ...func(*packets.Packet)) *peer {
	t.Helper()
	return g.join(t, version, "d1", "d1", "s1", change...)
}

func (g *gateway) app(t *testing.T, version byte, change ...func(*packets.Packet)) *peer {
	t.Helper()
	return g.join(t, version, "app.acc_1.x", "acc_1", "t1", change...)
}

func receiveMaximum(n uint16) func(*packets.Packet) {
	return func(pk *packets.Packet) { pk.Properties.ReceiveMaximum = n }
}

func keepAlive(s uint16) func(*packets.Packet) {
	return func(pk *packets.Packet) { pk.Connect.Keepalive = s }
}

// session is the first one attached, which is a moment after its CONNACK.
func (g *gateway) session(t *testing.T) *session {
	t.Helper()
	var s *session
	eventually(t, "a session is attached", func() bool {
		g.backend.set(func(m *memory) {
			if len(m.sessions) > 0 {
				s = m.sessions[0]
			}
		})
		return s != nil
	})
	return s
}
