package broker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/registry"
)

func TestAppFilters(t *testing.T) {
	g := start(t)
	g.backend.mayWatch = map[string]bool{"acc_1 d1": true, "acc_1 d.2": true}
	for _, c := range []struct {
		filter string
		code   byte // of v5
	}{
		{"device/d1/#", 1},
		{"device/d.2/up/#", 1},
		{"device/d1/+", 1},
		{"device/d1/+/#", 1},
		{"device/d1/state", 1},
		{"device/d1/state/#", 1},
		{"device/d1/up/properties_changed/#", 1},
		{"device/d1/up/properties_changed/2/#", 1},
		{"device/d1/up/properties_changed/+/1", 1},
		{"device/d1/up/event_occured/2/1", 1},
		{"device/d1/up/+/2/1", 1},
		{"device/d1/+/+/+/+", 1},
		{"device/d1/up/properties_changed", 0x87}, // matches nothing that is sent
		{"device/d1/up/properties_changed/02/1", 0x87},
		{"device/d1/up/properties_changed/2/1/3", 0x87},
		{"device/d1/down/#", 0x87},
		{"device/d1", 0x87},
		{"device/d3/#", 0x87},
		{"device/+/state", 0x87},
		{"device/#", 0x87},
		{"#", 0x87},
		{"home/h/#", 0x87},
		{"$SYS/#", 0x87},
		{"device/d1/#/x", 0x8F},
		{"device/d1/up+", 0x8F},
		{"", 0x8F},
		{"$share/g/device/d1/#", 0x9E},
	} {
		a := g.app(t, 5)
		if got := a.subscribe(1, 1, c.filter).ReasonCodes[0]; got != c.code {
			t.Errorf("%q: SUBACK %#x, want %#x", c.filter, got, c.code)
		}
		old := g.join(t, 4, "app.acc_1.old", "acc_1", "t1")
		want := c.code
		if want > 2 {
			want = 0x80
		}
		if got := old.subscribe(1, 1, c.filter).ReasonCodes[0]; got != want {
			t.Errorf("%q: v3 SUBACK %#x, want %#x", c.filter, got, want)
		}
	}
}

func TestAppSubscriptionErrors(t *testing.T) {
	g := start(t, options(func(o *broker.Options) { o.MaxFilters = 2 }))
	a := g.app(t, 5)
	codes := a.subscribe(1, 1, "device/d1/state", "device/d1/up/#", "device/d1/#", "device/d1/state").ReasonCodes
	if !bytes.Equal(codes, []byte{1, 1, 0x97, 1}) {
		t.Errorf("SUBACK %x", codes)
	}
	g.backend.set(func(m *memory) { m.down = errors.New("no route") })
	if got := a.subscribe(1, 1, "device/d2/#").ReasonCodes[0]; got != 0x80 {
		t.Errorf("SUBACK %#x while the backend is down", got)
	}
	a.send(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Unsubscribe, Qos: 1}, PacketID: 9,
		Filters: packets.Subscriptions{{Filter: "device/d1/state"}, {Filter: "device/d1/never"}, {Filter: "device/d1/up/#"}},
	})
	if codes := a.want(packets.Unsuback).ReasonCodes; !bytes.Equal(codes, []byte{0, 0x11, 0}) {
		t.Errorf("UNSUBACK %x", codes)
	}
	if w := g.Stats().Watched; w != 0 {
		t.Errorf("%d devices are watched after the last UNSUBSCRIBE", w)
	}
}

func TestAppGetsOneMessagePerItem(t *testing.T) {
	g := start(t)
	for _, qos := range []byte{0, 1, 2} {
		a := g.app(t, 5)
		a.subscribe(1, 0, "device/sub.1/up/+/2/#")
		a.subscribe(2, qos, "device/sub.1/#") // overlapping: one message, the higher QoS
		publish := func(payload string) {
			if err := g.bus.Publish("device.sub/1.changed", []byte(payload)); err != nil {
				t.Fatal(err)
			}
		}
		publish(`not JSON`)
		publish(`{"did":"sub.1","parent":"gw","method":"properties_changed","at":5,"items":[
			{"siid":2,"iid":1,"value":9007199254740993},{"siid":3,"iid":4,"value":"<a&b>"}]}`)
		publish(`{"did":"sub.1","method":"event_occured","at":6,"items":[{"siid":8,"iid":1,"arguments":[{"piid":1,"value":3}]},{"siid":8,"iid":2}]}`)
		for _, want := range [][2]string{
			{
				"device/sub.1/up/properties_changed/2/1",
				`{"method":"properties_changed","params":{"did":"sub.1","siid":2,"piid":1,"value":9007199254740993},"parent":"gw"}`,
			},
			{
				"device/sub.1/up/properties_changed/3/4",
				`{"method":"properties_changed","params":{"did":"sub.1","siid":3,"piid":4,"value":"<a&b>"},"parent":"gw"}`,
			},
			{
				"device/sub.1/up/event_occured/8/1",
				`{"method":"event_occured","params":{"did":"sub.1","siid":8,"eiid":1,"arguments":[{"piid":1,"value":3}]}}`,
			},
			{
				"device/sub.1/up/event_occured/8/2",
				`{"method":"event_occured","params":{"did":"sub.1","siid":8,"eiid":2,"arguments":[]}}`,
			},
		} {
			pk := a.want(packets.Publish)
			if pk.TopicName != want[0] || string(pk.Payload) != want[1] || pk.FixedHeader.Qos != qos || pk.FixedHeader.Retain {
				t.Errorf("QoS %d %s %s", pk.FixedHeader.Qos, pk.TopicName, pk.Payload)
			}
		}
		a.ping()
	}
	if n := g.Stats().BadEvents; n != 3 {
		t.Errorf("%d unreadable events", n)
	}
}

func TestAppGetsOnlyWhatItsFilterSays(t *testing.T) {
	g := start(t)
	a := g.app(t, 4)
	a.subscribe(1, 0, "device/d1/up/properties_changed/2/+", "device/d1/up/event_occured/3/1")
	publish := func(method string, siid, iid int) {
		_ = g.bus.Publish("device.d1.changed", fmt.Appendf(nil,
			`{"did":"d1","method":%q,"items":[{"siid":%d,"iid":%d,"value":1}]}`, method, siid, iid))
	}
	publish("properties_changed", 3, 1)
	publish("event_occured", 2, 1)
	publish("event_occured", 3, 2)
	publish("properties_changed", 2, 7)
	publish("event_occured", 3, 1)
	for _, want := range []string{"device/d1/up/properties_changed/2/7", "device/d1/up/event_occured/3/1"} {
		if got := a.want(packets.Publish).TopicName; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestStateIsRetainedAtSubscribeAndLiveAfterwards(t *testing.T) {
	g := start(t)
	online := broker.State{DID: "d1", Name: "Lamp", Online: true, Reason: registry.ReasonConnected, Model: "m", UID: "u", At: 100}
	g.backend.states["d1"] = online
	a := g.app(t, 5)
	subscribe := func(id uint16, handling byte, filters ...string) {
		pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: id}
		for _, f := range filters {
			pk.Filters = append(pk.Filters, packets.Subscription{Filter: f, Qos: 1, RetainHandling: handling})
		}
		a.send(pk)
		a.want(packets.Suback)
	}
	state := func(retained bool, event string) {
		t.Helper()
		pk := a.want(packets.Publish)
		var got map[string]any
		if err := json.Unmarshal(pk.Payload, &got); err != nil {
			t.Fatal(err)
		}
		if pk.TopicName != "device/d1/state" || pk.FixedHeader.Retain != retained || got["event"] != event ||
			got["device_id"] != "d1" || got["device_name"] != "Lamp" || got["model"] != "m" || got["uid"] != "u" || got["timestamp"] == nil {
			t.Errorf("%s retain %v %s", pk.TopicName, pk.FixedHeader.Retain, pk.Payload)
		}
		a.ack(packets.Puback, pk.PacketID)
	}
	live := func(s broker.State) {
		b, _ := json.Marshal(s)
		_ = g.bus.Publish("device.d1.presence", b)
	}
	subscribe(1, 2, "device/d1/state") // never
	a.ping()
	subscribe(2, 1, "device/d1/state") // only if new
	a.ping()
	subscribe(3, 1, "device/d1/#", "device/d1/state/#") // two filters, one state
	state(true, "online")
	a.ping()
	subscribe(4, 0, "device/d1/state") // always
	state(true, "online")

	live(online) // known already
	offline := online
	offline.Online, offline.At = false, 200
	live(offline)
	state(false, "offline")
	online.At = 150
	live(online) // late
	online.At = 200
	live(online) // replaced: both within one millisecond
	state(false, "online")
	a.ping()
}

func TestWhatIsNoLongerToBeSeenIsNotSent(t *testing.T) {
	g := start(t)
	a := g.app(t, 5)
	a.subscribe(1, 0, "device/d1/#", "device/d2/#")
	g.Recheck(t.Context(), "", "") // nothing changed
	g.change(t, 0)
	a.want(packets.Publish)
	g.backend.allow("acc_1 d2")
	g.Recheck(t.Context(), "acc_2", "")
	g.change(t, 1)
	a.want(packets.Publish)
	g.Recheck(t.Context(), "acc_1", "d1")
	g.change(t, 1)
	a.ping()
	if w := g.Stats().Watched; w != 1 {
		t.Errorf("%d watched", w)
	}
	g.backend.allow("acc_1 d1", "acc_1 d2")
	a.subscribe(2, 0, "device/d1/#")
	g.change(t, 2)
	a.want(packets.Publish)
}

func TestClientsOwnLimitOnPacketSize(t *testing.T) {
	g := start(t)
	a := g.app(t, 5, func(pk *packets.Packet) { pk.Properties.MaximumPacketSize = 150 })
	a.subscribe(1, 1, "device/d1/#")
	_ = g.bus.Publish("device.d1.changed", fmt.Appendf(nil,
		`{"did":"d1","method":"properties_changed","items":[{"siid":1,"iid":1,"value":"%0200d"}]}`, 1))
	g.change(t, 7)
	if pk := a.want(packets.Publish); string(pk.Payload) != changePayload(7) {
		t.Errorf("got %s", pk.Payload)
	}
	if g.Stats().TooLarge != 1 {
		t.Error("not counted")
	}
}
