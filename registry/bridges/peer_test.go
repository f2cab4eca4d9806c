package bridges_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/miot"
)

// peer is an MQTT client over one end of a pipe. It acknowledges what it gets.
type peer struct {
	t       testing.TB
	conn    net.Conn
	version byte
	got     func(topic string, payload []byte, retained bool)

	write sync.Mutex
	mu    sync.Mutex
	id    uint16
	acks  map[uint16]chan packets.Packet
	ended chan struct{}
	bye   byte // reason code of the DISCONNECT
}

// dial connects, and fails the test unless it is let in.
func (h *house) dial(version byte, id, user, password string, got func(string, []byte, bool), change ...func(*packets.Packet)) *peer {
	h.t.Helper()
	p, code := h.knock(version, id, user, password, got, change...)
	if code != 0 {
		h.t.Fatalf("CONNACK %#x for %s", code, id)
	}
	return p
}

func (h *house) knock(version byte, id, user, password string, got func(string, []byte, bool), change ...func(*packets.Packet)) (*peer, byte) {
	h.t.Helper()
	near, far := net.Pipe()
	go h.broker.ServeConn(far)
	p := &peer{
		t: h.t, conn: near, version: version, got: got,
		acks: map[uint16]chan packets.Packet{0: make(chan packets.Packet, 1)}, ended: make(chan struct{}),
	}
	h.t.Cleanup(func() { p.close() })
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: packets.ConnectParams{
		ProtocolName: []byte("MQTT"), ClientIdentifier: id, Clean: true, Keepalive: 300,
		UsernameFlag: true, Username: []byte(user), PasswordFlag: true, Password: []byte(password),
	}}
	for _, c := range change {
		c(&pk)
	}
	go p.read()
	p.send(pk)
	select {
	case ack := <-p.acks[0]:
		return p, ack.ReasonCode
	case <-p.ended:
		h.t.Fatalf("no CONNACK for %s", id)
		return nil, 0
	}
}

func (p *peer) close() {
	_ = p.conn.Close()
	<-p.ended
}

func (p *peer) send(pk packets.Packet) {
	pk.ProtocolVersion = p.version
	var b bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectEncode(&b)
	case packets.Publish:
		err = pk.PublishEncode(&b)
	case packets.Subscribe:
		err = pk.SubscribeEncode(&b)
	default:
		err = pk.PubackEncode(&b)
	}
	if err != nil {
		p.t.Error(err)
	}
	p.write.Lock()
	defer p.write.Unlock()
	_, _ = p.conn.Write(b.Bytes()) // a closed connection shows when the answer is missing
}

func (p *peer) next() (uint16, chan packets.Packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id++
	ack := make(chan packets.Packet, 2) // PUBREC and PUBCOMP
	p.acks[p.id] = ack
	return p.id, ack
}

func (p *peer) subscribe(filters ...string) (codes []byte) {
	p.t.Helper()
	id, ack := p.next()
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: id}
	for _, f := range filters {
		pk.Filters = append(pk.Filters, packets.Subscription{Filter: f, Qos: 1})
	}
	p.send(pk)
	select {
	case pk := <-ack:
		return pk.ReasonCodes
	case <-p.ended:
		p.t.Fatalf("closed instead of SUBACK for %v", filters)
		return nil
	}
}

// answer is how a publish was acknowledged, and when.
type answer struct {
	code byte
	why  string
	took time.Duration
	gone bool // the connection ended instead
}

func (a answer) String() string {
	return fmt.Sprintf("%#x %q after %v, gone %v", a.code, a.why, a.took, a.gone)
}

// start publishes; the answer comes on the channel.
func (p *peer) start(topic string, qos byte, payload string) <-chan answer {
	id, ack := p.next()
	began := time.Now()
	done := make(chan answer, 1)
	p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos}, TopicName: topic, PacketID: id, Payload: []byte(payload)})
	go func() {
		select {
		case pk := <-ack:
			done <- answer{code: pk.ReasonCode, why: pk.Properties.ReasonString, took: time.Since(began)}
		case <-p.ended:
			done <- answer{gone: true, took: time.Since(began)}
		}
	}()
	return done
}

// publish waits for the answer.
func (p *peer) publish(topic, payload string) answer { return <-p.start(topic, 1, payload) }

func (p *peer) read() {
	defer close(p.ended)
	r := bufio.NewReader(p.conn)
	for {
		pk := packets.Packet{ProtocolVersion: p.version}
		first, err := r.ReadByte()
		if err != nil {
			return
		}
		if err := pk.FixedHeader.Decode(first); err != nil {
			p.t.Error(err)
			return
		}
		pk.FixedHeader.Remaining, _, _ = packets.DecodeLength(r)
		body := make([]byte, pk.FixedHeader.Remaining)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		if !p.take(pk, body) {
			return
		}
	}
}

func (p *peer) take(pk packets.Packet, body []byte) bool {
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackDecode(body)
	case packets.Suback:
		err = pk.SubackDecode(body)
	case packets.Disconnect:
		err = pk.DisconnectDecode(body)
		p.bye = pk.ReasonCode
	case packets.Publish:
		if err = pk.PublishDecode(body); err == nil {
			if pk.FixedHeader.Qos == 1 {
				p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID})
			}
			if p.got != nil {
				p.got(pk.TopicName, pk.Payload, pk.FixedHeader.Retain)
			}
		}
		return err == nil
	default:
		err = pk.PubackDecode(body)
	}
	if err != nil {
		p.t.Errorf("%s: %v", packets.PacketNames[pk.FixedHeader.Type], err)
		return false
	}
	p.mu.Lock()
	ack := p.acks[pk.PacketID]
	p.mu.Unlock()
	if ack != nil {
		ack <- pk
	}
	return pk.FixedHeader.Type != packets.Disconnect
}

// manner is how a device answers: after how long, and with what; false: never.
type manner func(q miot.Request) (after time.Duration, reply []byte, ok bool)

// gadget is a device on a connection of its own.
type gadget struct {
	*peer
	did string

	mu    sync.Mutex
	asked []miot.Request // sets and actions
}

// plug connects a device with a manner, and waits until it has been greeted.
func (h *house) plug(did string, m manner) *gadget {
	h.t.Helper()
	g := &gadget{did: did}
	g.peer = h.dial(4, did, did, h.secrets[did], func(_ string, payload []byte, _ bool) { g.hear(payload, m) })
	g.subscribe("device/" + did + "/down/request")
	h.settle()
	return g
}

func (g *gadget) hear(payload []byte, m manner) {
	q, err := miot.ParseRequest(payload)
	if err != nil {
		g.t.Errorf("%s was sent %s: %v", g.did, payload, err)
		return
	}
	if q.Method == miot.MethodInfo { // every device says who it is
		g.reply(fmt.Appendf(nil, `{"id":%d,"result":{"model":"x","fw_ver":"1.0.0","life":1}}`, q.ID))
		return
	}
	g.mu.Lock()
	g.asked = append(g.asked, q)
	g.mu.Unlock()
	after, reply, ok := m(q)
	if !ok {
		return
	}
	go func() {
		time.Sleep(after) // virtual time
		g.reply(reply)
	}()
}

func (g *gadget) reply(b []byte) {
	g.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: "device/" + g.did + "/up/response", Payload: b})
}

// sets are the values that the device was told to take, in order.
func (g *gadget) sets() (all []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, q := range g.asked {
		if values, err := q.SetParams(); q.Method == miot.MethodSetProperties && err == nil {
			for _, v := range values {
				all = append(all, fmt.Sprintf("%d.%d=%s", v.SIID, v.PIID, v.Value))
			}
		}
	}
	return all
}

func obedient(q miot.Request) (time.Duration, []byte, bool) { return 0, reply(q, 0), true }

func silent(miot.Request) (time.Duration, []byte, bool) { return 0, nil, false }

func rejecting(q miot.Request) (time.Duration, []byte, bool) {
	return 0, reply(q, miot.CodeState), true
}

func after(d time.Duration) manner {
	return func(q miot.Request) (time.Duration, []byte, bool) { return d, reply(q, 0), true }
}

// reply answers every item with the code.
func reply(q miot.Request, code miot.Code) []byte {
	if call, err := q.ActionParams(); q.Method == miot.MethodAction && err == nil {
		return fmt.Appendf(nil, `{"id":%d,"result":{"did":%q,"siid":%d,"aiid":%d,"code":%d,"out":[]}}`, q.ID, call.DID, call.SIID, call.AIID, code)
	}
	values, _ := q.SetParams()
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = fmt.Sprintf(`{"did":%q,"siid":%d,"piid":%d,"code":%d}`, v.DID, v.SIID, v.PIID, code)
	}
	return fmt.Appendf(nil, `{"id":%d,"result":[%s]}`, q.ID, strings.Join(items, ","))
}
