package broker_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

func TestConnectAnswers(t *testing.T) {
	will := func(topic string) func(*packets.Packet) {
		return func(pk *packets.Packet) {
			pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, topic, []byte("gone")
		}
	}
	for _, c := range []struct {
		name               string
		id, user, password string
		change             func(*packets.Packet)
		down               error
		v3, v5             byte
	}{
		{name: "a device with its secret", id: "d1", user: "d1", password: "s1"},
		{name: "a wrong secret", id: "d1", user: "d1", password: "s2", v3: 4, v5: 0x86},
		{name: "an unknown device", id: "d9", user: "d9", password: "s1", v3: 4, v5: 0x86},
		{name: "no secret", id: "d1", user: "d1", v3: 4, v5: 0x86},
		{name: "another's user name", id: "d1", user: "d2", password: "s2", v3: 5, v5: 0x87},
		{name: "an id that is no did", id: "d 1", user: "d 1", password: "s1", v3: 2, v5: 0x85},
		{name: "no id", id: "", user: "d1", password: "s1", v3: 2, v5: 0x85},
		{name: "an id of 51 characters", id: strings.Repeat("d", 51), user: "d1", password: "s1", v3: 2, v5: 0x85},
		{name: "a store that is down", id: "d1", user: "d1", password: "s1", down: errors.New("no route"), v3: 3, v5: 0x88},
		{name: "an app with its token", id: "app.acc_1.phone", user: "acc_1", password: "t1"},
		{name: "an app without a name behind its account", id: "app.acc_1.", user: "acc_1", password: "t1", v3: 5, v5: 0x87},
		{name: "an app under another account", id: "app.acc_2.phone", user: "acc_1", password: "t1", v3: 5, v5: 0x87},
		{name: "an app with a wrong token", id: "app.acc_1.phone", user: "acc_1", password: "t2", v3: 4, v5: 0x86},
		{name: "a device that calls itself an app", id: "app.d1", user: "d1", password: "s1", v3: 5, v5: 0x87},
		{name: "a will on its own topic", id: "d1", user: "d1", password: "s1", change: will("device/d1/up/event_occured")},
		{name: "a will on another's topic", id: "d1", user: "d1", password: "s1", change: will("device/d10/up/x"), v3: 5, v5: 0x87},
		{name: "a will of an app", id: "app.acc_1.a", user: "acc_1", password: "t1", change: will("x"), v3: 5, v5: 0x87},
		{
			name: "an unknown protocol", id: "d1", user: "d1", password: "s1",
			change: func(pk *packets.Packet) { pk.Connect.ProtocolName = []byte("MQTX") }, v3: 1, v5: 0x84,
		},
		{
			name: "a reserved bit", id: "d1", user: "d1", password: "s1",
			change: func(pk *packets.Packet) { pk.Connect.WillRetain = true }, v3: 5, v5: 0x82,
		},
	} {
		for _, version := range []byte{4, 5} {
			t.Run(c.name, func(t *testing.T) {
				g := start(t)
				g.backend.down = c.down
				p := g.dial(t, version)
				change := c.change
				if change == nil {
					change = func(*packets.Packet) {}
				}
				want := c.v3
				if version == 5 {
					want = c.v5
				}
				if got := p.connect(c.id, c.user, c.password, change).ReasonCode; got != want {
					t.Fatalf("v%d: CONNACK %#x, want %#x", version, got, want)
				}
				if want != 0 {
					p.wantEnd(0)
					if n := len(g.backend.history()); n != 0 {
						t.Errorf("attached: %v", g.backend.history())
					}
				}
			})
		}
	}
}

func TestConnackTellsTheLimits(t *testing.T) {
	g := start(t)
	d := g.dial(t, 5)
	p := d.connect("d1", "d1", "s1").Properties
	if p.ReceiveMaximum != 256 || p.TopicAliasMaximum != 0 || !p.RetainAvailableFlag || p.RetainAvailable != 0 ||
		!p.SharedSubAvailableFlag || p.SharedSubAvailable != 0 || !p.SubIDAvailableFlag || p.SubIDAvailable != 0 {
		t.Errorf("%+v", p)
	}
	a := g.dial(t, 5)
	if p := a.connect("app.acc_1.a", "acc_1", "t1").Properties; p.RetainAvailableFlag {
		t.Error("an app is told that nothing is retained")
	}
}

// "a keep-alive of 43,691 s or more overflows"
func TestTrapKeepAliveIsClamped(t *testing.T) {
	g := start(t)
	for asked, given := range map[uint16]uint16{0: 300, 5: 10, 60: 60, 300: 300, 301: 300, 43_691: 300, 65_535: 300} {
		p := g.dial(t, 5)
		ack := p.connect("d1", "d1", "s1", keepAlive(asked)).Properties
		if told := ack.ServerKeepAliveFlag; told != (asked != given) || told && ack.ServerKeepAlive != given {
			t.Errorf("asked for %d s, told %v %d s", asked, told, ack.ServerKeepAlive)
		}
		p.ping() // an overflown deadline would be over by now
		v3 := g.device(t, 4, keepAlive(asked))
		v3.ping()
	}
}

func TestPresenceSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*peer, *gateway)
		want registry.Reason
	}{
		{"DISCONNECT", func(p *peer, _ *gateway) {
			p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
		}, registry.ReasonClosed},
		{"the socket closed", func(p *peer, _ *gateway) { _ = p.conn.Close() }, registry.ReasonLost},
		{"the same id again", func(p *peer, g *gateway) { g.device(p.t, 4) }, registry.ReasonReplaced},
		{"a foreign topic", func(p *peer, _ *gateway) { p.publish("device/d2/up/response", 1, 1, "{}") }, registry.ReasonProtocol},
		{"a revoked secret", func(p *peer, g *gateway) { g.session(p.t).link.Close(registry.ReasonRevoked) }, registry.ReasonRevoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t)
			c.end(g.device(t, 4), g)
			eventually(t, string(c.want), func() bool {
				h := g.backend.history()
				return len(h) > 1 && h[1] == "d1 "+string(c.want)
			})
		})
	}
}

func TestReasonsReachAV5Client(t *testing.T) {
	for reason, code := range map[registry.Reason]byte{
		registry.ReasonReplaced: 0x8E, registry.ReasonRevoked: 0x87, registry.ReasonRemoved: 0x98, registry.ReasonStopping: 0x8B,
	} {
		g := start(t)
		d := g.device(t, 5)
		g.session(t).link.Close(reason)
		d.wantEnd(code)
	}
}
