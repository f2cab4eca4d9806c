package bench_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// modern is an MQTT 5.0 device.
type modern struct {
	*paho.Client
	conn net.Conn
	got  chan *paho.Publish
	told chan *paho.Disconnect
}

func (r *rig) modern(change ...func(*paho.Connect)) (*modern, *paho.Connack) {
	r.t.Helper()
	raw, err := r.b.Dial(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	conn := packets.NewThreadSafeConn(raw) // the client writes a packet in pieces
	m := &modern{conn: conn, got: make(chan *paho.Publish, 100), told: make(chan *paho.Disconnect, 1)}
	m.Client = paho.NewClient(paho.ClientConfig{
		Conn: conn, OnClientError: func(err error) { r.t.Log(err) }, OnServerDisconnect: func(d *paho.Disconnect) { m.told <- d },
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			m.got <- p.Packet
			return true, nil
		}},
	})
	connect := &paho.Connect{
		ClientID: did, CleanStart: true, KeepAlive: 60,
		UsernameFlag: true, Username: did, PasswordFlag: true, Password: []byte(factory),
	}
	for _, c := range change {
		c(connect)
	}
	ack, err := m.Connect(context.Background(), connect)
	if ack == nil {
		r.t.Fatal(err)
	}
	return m, ack
}

func TestMQTT5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.fault(bench.Fault{ServerKeepAlive: 30, ReceiveMaximum: 2, MaximumPacketSize: 4096})
		m, ack := r.modern()
		if p := ack.Properties; *p.ServerKeepAlive != 30 || *p.ReceiveMaximum != 2 || *p.MaximumPacketSize != 4096 || ack.SessionPresent {
			t.Errorf("CONNACK: %+v", p)
		}
		if p := decoded(t, r.within(time.Second, packet(transcript.In, "CONNECT"))); p.Version != 5 || p.Password != "«secret:factory»" {
			t.Errorf("CONNECT: %+v", p)
		}
		if p := decoded(t, r.within(time.Second, packet(transcript.Out, "CONNACK"))); p.ServerKeep != 30 || p.ReceiveMax != 2 || p.MaxPacket != 4096 {
			t.Errorf("CONNACK: %+v", p)
		}
		granted, _ := m.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{
			{Topic: "device/lamp-1/down/#", QoS: 1}, {Topic: "device/lamp-2/down/#", QoS: 1},
		}})
		if granted == nil || granted.Reasons[0] != 1 || granted.Reasons[1] != 0x87 {
			t.Errorf("SUBACK: %+v", granted)
		}
		for _, qos := range []byte{0, 1, 2} {
			if _, err := m.Publish(t.Context(), &paho.Publish{Topic: report, QoS: qos, Payload: []byte("{}")}); err != nil {
				t.Errorf("QoS %d: %v", qos, err)
			}
			r.act(bench.ActRequest, bench.Request{Payload: "hello", QoS: qos})
			if p := <-m.got; p.QoS != qos || string(p.Payload) != "hello" {
				t.Errorf("QoS %d: got %+v", qos, p)
			}
		}
		if _, err := m.Unsubscribe(t.Context(), &paho.Unsubscribe{Topics: []string{"device/lamp-1/down/#"}}); err != nil {
			t.Error(err)
		}
		r.act(bench.ActDrop, bench.Drop{How: bench.DropDisconnect})
		if d := <-m.told; d.ReasonCode != 0x8B {
			t.Errorf("DISCONNECT %#x, needs 0x8B", d.ReasonCode)
		}
		r.within(time.Second, packet(transcript.Out, "DISCONNECT"))
		_ = m.conn.Close()
		r.close()
	})
}

func TestMQTT5Refusals(t *testing.T) {
	for code, want := range map[byte]byte{1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87, 0x89: 0x89} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.fault(bench.Fault{ConnackCode: code})
			m, ack := r.modern()
			if ack.ReasonCode != want {
				t.Errorf("CONNACK %#x for %d, needs %#x", ack.ReasonCode, code, want)
			}
			_ = m.conn.Close()
			r.close()
		})
	}
}

func TestMQTT5LimitsOfTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		inFlight, size := uint16(2), uint32(200)
		m, _ := r.modern(func(c *paho.Connect) {
			c.Properties = &paho.ConnectProperties{ReceiveMaximum: &inFlight, MaximumPacketSize: &size}
		})
		r.act(bench.ActRequest, bench.Request{Payload: strings.Repeat("x", 300), QoS: 1})
		if note := r.within(time.Second, kind(transcript.KindNote)); !strings.Contains(note.Text, "the device takes 200") {
			t.Errorf("note: %s", note.Text)
		}
		// Three at a moment when none can be acknowledged.
		r.fault(bench.Fault{Blackhole: true})
		for range 3 {
			r.act(bench.ActRequest, bench.Request{Payload: "x", QoS: 1})
		}
		if n := r.count(packet(transcript.Out, "PUBLISH")); n != 2 {
			t.Errorf("%d in flight, the device takes 2", n)
		}
		r.fault(bench.Fault{})
		for range 3 {
			<-m.got
		}
		_ = m.conn.Close()
		r.close()
	})
}

func TestMQTT5ProtocolErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		m, _ := r.modern()
		_, _ = m.conn.Write([]byte{0xd0, 0}) // PINGRESP
		if d := <-m.told; d.ReasonCode != 0x82 {
			t.Errorf("DISCONNECT %#x, needs 0x82", d.ReasonCode)
		}
		r.within(time.Second, closed("bench: protocol error: PINGRESP"))
		_ = m.conn.Close()
		r.close()
	})
}

func TestMQTT5TakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		m, _ := r.modern()
		r.fault(bench.Fault{Rival: &bench.Rival{Every: time.Second}})
		if d := <-m.told; d.ReasonCode != 0x8E {
			t.Errorf("DISCONNECT %#x, needs 0x8E", d.ReasonCode)
		}
		_ = m.conn.Close()
		r.close()
	})
}
