package broker_test

import (
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
)

// Every rule of doc.go's table that a session can break.
func TestRulesAreAnsweredAndCounted(t *testing.T) {
	publish := func(topic string, change ...func(*packets.Packet)) func(*peer) {
		return func(p *peer) { p.publish(topic, 1, 1, "{}", change...) }
	}
	raw := func(b ...byte) func(*peer) {
		return func(p *peer) { _, _ = p.conn.Write(b) }
	}
	for _, c := range []struct {
		name   string
		app    bool
		break_ func(*peer)
		rule   broker.Rule
		code   byte
	}{
		{"a second CONNECT", false, func(p *peer) { p.send(connectPacket(p.version, "d1", "d1", "s1")) }, broker.RuleSecondConnect, 0x82},
		{"an AUTH", false, raw(0xF0, 2, 0x18, 0), broker.RuleAuth, 0x82},
		{"a SUBACK", false, raw(0xD0, 0), broker.RuleUnexpected, 0x82},
		{"packet type 0", false, raw(0x00, 0), broker.RuleMalformed, 0x81},
		{"a length of five bytes", false, raw(0x30, 0x84, 0x80, 0x80, 0x80, 0x00, 0, 1, 'a', 'b'), broker.RuleMalformed, 0x81},
		{"QoS 3", false, raw(0x36, 0), broker.RuleMalformed, 0x82},
		{"a topic that is not UTF-8", false, raw(0x30, 3, 0, 1, 0xFF), broker.RuleMalformed, 0x81},
		{"a wildcard in a topic", false, publish("device/d1/up/+"), broker.RuleWildcardTopic, 0x90},
		{"a $ topic", false, publish("$SYS/x"), broker.RuleDollarTopic, 0x90},
		{"another device's topic", false, publish("device/d2/up/response"), broker.RuleForeignTopic, 0x87},
		{"a longer did's topic", false, publish("device/d11/up/response"), broker.RuleForeignTopic, 0x87},
		{"an unknown topic of its own", false, publish("device/d1/up/other"), broker.RuleForeignTopic, 0x90},
		{"its own down topic", false, publish("device/d1/down/request"), broker.RuleForeignTopic, 0x90},
		{"RETAIN", false, publish("device/d1/up/response", func(pk *packets.Packet) { pk.FixedHeader.Retain = true }), broker.RuleRetain, 0x9A},
		{"a publish by an app", true, publish("device/d1/up/properties_changed"), broker.RuleAppPublish, 0x87},
		{"no filters", false, raw(0x82, 2, 0, 1), broker.RuleMalformed, 0x81},
	} {
		for _, version := range []byte{4, 5} {
			t.Run(c.name, func(t *testing.T) {
				g := start(t)
				join := g.device
				if c.app {
					join = g.app
				}
				p := join(t, version)
				c.break_(p)
				if version == 5 {
					// The decoder may see the same fault under another code of the same class.
					pk := p.want(packets.Disconnect)
					if pk.ReasonCode != c.code || pk.Properties.ReasonString == "" {
						t.Errorf("DISCONNECT %#x %q, want %#x", pk.ReasonCode, pk.Properties.ReasonString, c.code)
					}
				}
				p.wantEnd(0)
				if n := g.Stats().Refused[c.rule.String()]; n != 1 && (version == 5 || c.rule != broker.RuleAuth) {
					t.Errorf("%s counted %d times: %v", c.rule, n, g.Stats().Refused)
				}
				if got := g.backend.stored(); len(got) != 0 {
					t.Errorf("reported %v", got)
				}
			})
		}
	}
}

func TestWindow(t *testing.T) {
	t.Run("a v5 device that sends more than Receive Maximum is disconnected", func(t *testing.T) {
		g := start(t, options(func(o *broker.Options) { o.Window = 3 }))
		g.backend.held = true
		d := g.device(t, 5)
		for id := range uint16(4) {
			d.publish(reportTopic, 1, 1+id, "{}")
		}
		d.wantEnd(packets.ErrReceiveMaximum.Code)
	})
	t.Run("a v3 device is read no further until something is stored", func(t *testing.T) {
		g := start(t, options(func(o *broker.Options) { o.Window = 3 }))
		g.backend.held = true
		d := g.device(t, 4)
		for id := range uint16(10) {
			d.publish(reportTopic, 1, 1+id, "{}")
		}
		got := uint16(0)
		for got < 10 {
			eventually(t, "something is queued", func() bool { return g.backend.queued() > 0 })
			if n := g.backend.commit(); n > 3 {
				t.Fatalf("%d reports at once", n)
			}
			for got < 10 && g.Stats().Acks > uint64(got) {
				if got++; d.want(packets.Puback).PacketID != got {
					t.Fatal("out of order")
				}
			}
		}
	})
	t.Run("QoS 2 publishes that are never released end the connection", func(t *testing.T) {
		g := start(t, options(func(o *broker.Options) { o.Window = 3 }))
		d := g.device(t, 4)
		for id := range uint16(4) {
			d.publish(reportTopic, 2, 1+id, "{}")
		}
		for range 3 {
			d.want(packets.Pubrec)
		}
		d.wantEnd(0)
	})
}

func TestQoS0IsDroppedAndCountedWhenTheQueueIsFull(t *testing.T) {
	g := start(t)
	g.backend.held, g.backend.limit = true, 2
	d := g.device(t, 4)
	for range 5 {
		d.publish(reportTopic, 0, 0, "{}")
	}
	d.ping()
	if s := g.Stats(); s.Dropped != 3 || s.Devices != 1 {
		t.Errorf("dropped %d, want 3; %d devices", s.Dropped, s.Devices)
	}
}

func TestStoppingRegistryIsNotAnAcknowledgement(t *testing.T) {
	g := start(t)
	g.backend.refusal = errStopped
	d := g.device(t, 5)
	d.publish(reportTopic, 1, 1, "{}")
	d.wantEnd(packets.ErrServerShuttingDown.Code)
}

func TestFloodIsSlowedDownAndLosesNothing(t *testing.T) {
	g := start(t, options(func(o *broker.Options) { o.Rate, o.Burst = 2000, 10 }))
	d := g.device(t, 4)
	var all []byte
	for id := range uint16(200) {
		all = append(all, d.encode(publishPacket(reportTopic, 1, id+1, "{}"))...)
	}
	if _, err := d.conn.Write(all); err != nil {
		t.Fatal(err)
	}
	for id := range uint16(200) {
		if got := d.want(packets.Puback).PacketID; got != id+1 {
			t.Fatalf("PUBACK %d, want %d", got, id+1)
		}
	}
	if g.Stats().Refused[broker.RuleRate.String()] == 0 {
		t.Error("not counted")
	}
}

func TestRefusedItemsAreTold(t *testing.T) {
	g := start(t)
	g.backend.outcome = refuseItems
	d := g.device(t, 5)
	d.subscribe(1, 1, "device/d1/down/#")
	d.publish(reportTopic, 1, 9, `{"id":5}`)
	d.want(packets.Puback)
	for _, want := range []string{"first", "second"} {
		if pk := d.want(packets.Publish); pk.TopicName != "device/d1/down/error" || string(pk.Payload) != want || pk.FixedHeader.Qos != 0 {
			t.Errorf("%s %q QoS %d", pk.TopicName, pk.Payload, pk.FixedHeader.Qos)
		}
	}
	quiet := g.join(t, 5, "d2", "d2", "s2")
	quiet.subscribe(1, 1, "device/d2/down/request")
	quiet.publish("device/d2/up/event_occured", 1, 9, `{"id":5}`)
	quiet.want(packets.Puback)
	quiet.ping()
}

func TestDeviceFilters(t *testing.T) {
	g := start(t)
	for _, c := range []struct {
		filter string
		ok     bool
	}{
		{"device/d1/down/#", true},
		{"device/d1/down/request", true},
		{"device/d1/down/error", true},
		{"device/d1/down/+", true},
		{"device/d1/#", false},
		{"device/d1/up/#", false},
		{"device/+/down/request", false},
		{"device/d2/down/request", false},
		{"#", false},
		{"$share/g/device/d1/down/#", false},
		{"device/d1/down/other", false},
		{strings.Repeat("a/", 40), false},
	} {
		v3, v5 := g.device(t, 4), g.join(t, 5, "d2", "d2", "s2")
		want3, want5 := byte(1), byte(1)
		if !c.ok {
			want3, want5 = 0x80, 0x87
		}
		if got := v3.subscribe(1, 1, c.filter).ReasonCodes[0]; got != want3 {
			t.Errorf("%s: SUBACK %#x, want %#x", c.filter, got, want3)
		}
		filter := strings.Replace(strings.Replace(c.filter, "d2", "d3", 1), "d1", "d2", 1)
		if got := v5.subscribe(1, 1, filter).ReasonCodes[0]; got != want5 {
			t.Errorf("%s: SUBACK %#x, want %#x", filter, got, want5)
		}
	}
}
