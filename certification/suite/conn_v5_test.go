package suite

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// v5Device is as much of an MQTT 5 device as CONN-11 looks at: it logs in,
// subscribes, answers and pings. Each flag makes it a mutant.
type v5Device struct {
	ownKeepAlive    bool // not the server's
	noReceiveMax    bool
	noMaxPacketSize bool

	conn    net.Conn
	ping    time.Duration
	quota   int
	largest int
	nextID  uint16
	queue   [][]byte // answers that wait for quota
}

func (d *v5Device) attach(ctx context.Context, b *bench.Bench) {
	for ctx.Err() == nil {
		if conn, err := b.Dial(ctx); err == nil {
			d.conn, d.queue = conn, nil
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			d.session()
			stop()
			_ = conn.Close()
		}
		_ = wait(ctx, 2*time.Second)
	}
}

func (d *v5Device) session() {
	connect := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: 5}
	connect.Connect = packets.ConnectParams{
		ProtocolName: []byte("MQTT"), Clean: true, Keepalive: 60, ClientIdentifier: trialDID,
		UsernameFlag: true, Username: []byte(trialDID), PasswordFlag: true, Password: []byte("the factory's secret"),
	}
	d.send(&connect, (*packets.Packet).ConnectEncode)
	in := make(chan packets.Packet)
	done := make(chan struct{})
	defer close(done)
	go d.read(in, done)
	ping := time.NewTimer(time.Hour)
	defer ping.Stop()
	for {
		select {
		case p, ok := <-in:
			if !ok {
				return
			}
			d.take(&p)
		case <-ping.C:
			d.send(&packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}}, (*packets.Packet).PingreqEncode)
		}
		ping.Reset(d.ping)
	}
}

func (d *v5Device) read(in chan<- packets.Packet, done <-chan struct{}) {
	defer close(in)
	r := bufio.NewReader(d.conn)
	for {
		p, err := readV5(r)
		if err != nil {
			return
		}
		select {
		case in <- p:
		case <-done:
			return
		}
	}
}

func readV5(r *bufio.Reader) (p packets.Packet, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return p, err
	}
	p.ProtocolVersion = 5
	if err = p.FixedHeader.Decode(first); err != nil {
		return p, err
	}
	if p.FixedHeader.Remaining, _, err = packets.DecodeLength(r); err != nil {
		return p, err
	}
	body := make([]byte, p.FixedHeader.Remaining)
	if _, err = io.ReadFull(r, body); err != nil {
		return p, err
	}
	switch p.FixedHeader.Type {
	case packets.Connack:
		err = p.ConnackDecode(body)
	case packets.Publish:
		err = p.PublishDecode(body)
	case packets.Puback:
		err = p.PubackDecode(body)
	}
	return p, err
}

func (d *v5Device) take(p *packets.Packet) {
	switch p.FixedHeader.Type {
	case packets.Connack:
		d.ping, d.quota, d.largest = 45*time.Second, 65535, 1<<20
		if n := p.Properties.ServerKeepAlive; n > 0 && !d.ownKeepAlive {
			d.ping = time.Duration(n) * time.Second * 3 / 4
		}
		if n := p.Properties.ReceiveMaximum; n > 0 && !d.noReceiveMax {
			d.quota = int(n)
		}
		if n := p.Properties.MaximumPacketSize; n > 0 && !d.noMaxPacketSize {
			d.largest = int(n)
		}
		sub := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, ProtocolVersion: 5, PacketID: d.id()}
		sub.Filters = packets.Subscriptions{{Filter: "device/" + trialDID + "/down/#", Qos: 1}}
		d.send(&sub, (*packets.Packet).SubscribeEncode)
	case packets.Publish:
		ack := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, ProtocolVersion: 5, PacketID: p.PacketID}
		d.send(&ack, (*packets.Packet).PubackEncode)
		d.queue = append(d.queue, d.answer(p.Payload))
	case packets.Puback:
		d.quota++
	}
	for ; d.quota > 0 && len(d.queue) > 0; d.queue, d.quota = d.queue[1:], d.quota-1 {
		pub := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, ProtocolVersion: 5, PacketID: d.id()}
		pub.TopicName, pub.Payload = "device/"+trialDID+"/up/response", d.queue[0]
		d.send(&pub, (*packets.Packet).PublishEncode)
	}
}

// answer says true to everything, unless that gets too long for the broker.
func (d *v5Device) answer(request []byte) []byte {
	r, err := miot.ParseRequest(request)
	if err != nil {
		return []byte("{}")
	}
	refs, err := r.GetParams()
	if err != nil {
		return miot.AnswerError(r.ID, miot.CodeNoMethod, "method not found").Payload()
	}
	results := make([]miot.ItemResult, len(refs))
	for i, ref := range refs {
		results[i] = miot.ItemResult{DID: ref.DID, SIID: ref.SIID, PIID: ref.PIID, Value: []byte("true")}
	}
	answer := miot.AnswerItems(r.ID, results).Payload()
	const envelope = 60 // of PUBLISH
	if len(answer)+envelope > d.largest {
		return miot.AnswerError(r.ID, miot.CodeInternal, "the answer is too long for the broker").Payload()
	}
	return answer
}

func (d *v5Device) id() uint16 {
	d.nextID++
	return d.nextID
}

func (d *v5Device) send(p *packets.Packet, encode func(*packets.Packet, *bytes.Buffer) error) {
	var b bytes.Buffer
	if err := encode(p, &b); err == nil {
		_, _ = d.conn.Write(b.Bytes())
	}
}

func TestLimitsOfAnMQTT5Broker(t *testing.T) {
	for _, c := range []struct {
		sentence string
		device   v5Device
		want     Verdict
	}{
		{"a device that keeps them passes", v5Device{}, Pass},
		{"one that pings by its own keep-alive fails", v5Device{ownKeepAlive: true}, Fail},
		{"one that sends what it has fails", v5Device{noReceiveMax: true}, Fail},
		{"one that answers at any length fails", v5Device{noMaxPacketSize: true}, Fail},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			rep := trial{
				spec: sample(t, "lamp"), cases: []string{"CONN-01", "CONN-11"}, attach: c.device.attach,
				declare: func(d *Declaration) { d.MQTT, d.KeepAlive = "5.0", 60 },
			}.run(t)
			for _, r := range rep.Results {
				want := Pass
				if r.Case == "CONN-11" {
					want = c.want
				}
				if r.Verdict != want {
					t.Errorf("%s is %s, wanted %s: %v", r.Case, r.Verdict, want, r.Findings)
				}
				for _, f := range r.Findings {
					t.Logf("%s", f.Message)
				}
			}
		})
	}
}
