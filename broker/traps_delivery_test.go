package broker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
)

// change publishes one changed property of d1 on the bus.
func (g *gateway) change(t *testing.T, n int) {
	t.Helper()
	payload := fmt.Sprintf(`{"did":"d1","method":"properties_changed","at":1,"items":[{"siid":2,"iid":1,"value":%d}]}`, n)
	if err := g.bus.Publish("device.d1.changed", []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

func changePayload(n int) string {
	return fmt.Sprintf(`{"method":"properties_changed","params":{"did":"d1","siid":2,"piid":1,"value":%d}}`, n)
}

// "delivery … drops silently when the subscriber's write queue is full"
// "fan-out to apps that never waits for a slow one"
func TestTrapSlowAppIsDisconnectedNotShortened(t *testing.T) {
	g := start(t, options(func(o *broker.Options) { o.AppQueue = 64 << 10; o.FlushTimeout = time.Second }))
	slow := g.app(t, 5)
	slow.subscribe(1, 1, "device/d1/#")
	quick := g.join(t, 5, "app.acc_1.y", "acc_1", "t1")
	quick.subscribe(1, 0, "device/d1/#")
	const n = 3000
	for i := range n {
		g.change(t, i)
		if got := string(quick.want(packets.Publish).Payload); got != changePayload(i) { // in step, so the bus loses none
			t.Fatalf("the other app got %s as number %d", got, i)
		}
	}
	i := 0
	for ; ; i++ {
		pk, err := slow.read(10 * time.Second)
		if err != nil {
			t.Fatalf("after %d messages: %v, want DISCONNECT 0x97", i, err)
		}
		if pk.FixedHeader.Type == packets.Disconnect {
			if pk.ReasonCode != packets.ErrQuotaExceeded.Code || pk.Properties.ReasonString == "" {
				t.Errorf("DISCONNECT %#x %q", pk.ReasonCode, pk.Properties.ReasonString)
			}
			break
		}
		if string(pk.Payload) != changePayload(i) {
			t.Fatalf("number %d is %s: something was left out", i, pk.Payload)
		}
	}
	if i == 0 || i == n {
		t.Errorf("the slow app got %d of %d before it was disconnected", i, n)
	}
	if g.Stats().Refused[broker.RuleTooSlow.String()] != 1 {
		t.Error("not counted")
	}
}

// "an expired or replaced session's subscriptions leak to the next client of that id"
func TestTrapSubscriptionsEndWithTheirConnection(t *testing.T) {
	g := start(t)
	for _, version := range []byte{4, 5} {
		for _, end := range []func(*peer){
			func(p *peer) { _ = p.conn.Close() }, // lost
			func(p *peer) { p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}}) }, // closed
			func(*peer) {}, // replaced
		} {
			first := g.app(t, version)
			first.subscribe(1, 1, "device/d1/#")
			end(first)
			second := g.app(t, version)
			eventually(t, "the first session is gone", func() bool { return g.Stats().Apps == 1 })
			if w := g.Stats().Watched; w != 0 {
				t.Fatalf("%d devices are still watched", w)
			}
			g.change(t, 1)
			second.ping() // and no message before
		}
	}
}

// "queued QoS 1 messages come out in random order"
// "the receive-maximum quota leaks until nothing is delivered (10 of 30)"
func TestTrapThousandsArriveInOrderWithReceiveMaximum10(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			g := start(t)
			app := g.app(t, 5, receiveMaximum(10))
			app.subscribe(1, qos, "device/d1/#")
			const n = 5000
			sent, got, open := 0, 0, 0
			for got < n {
				for ; sent < n && sent-got < 500; sent++ { // always many more than 10 wait
					g.change(t, sent)
				}
				pk, err := app.read(10 * time.Second)
				if err != nil {
					t.Fatalf("after %d of %d: %v", got, n, err)
				}
				switch pk.FixedHeader.Type {
				case packets.Publish:
					if want := changePayload(got); string(pk.Payload) != want {
						t.Fatalf("got %s, want %s", pk.Payload, want)
					}
					if open++; open > 10 {
						t.Fatalf("%d in flight", open)
					}
					got++
					if qos == 1 {
						open--
						app.ack(packets.Puback, pk.PacketID)
					} else {
						app.ack(packets.Pubrec, pk.PacketID)
					}
				case packets.Pubrel:
					open--
					app.ack(packets.Pubcomp, pk.PacketID)
				}
			}
		})
	}
}

// "a packet-id collision loses a queued command"
func TestTrapPacketIDInFlightIsNotGivenAgain(t *testing.T) {
	g := start(t)
	app := g.app(t, 5, receiveMaximum(3))
	app.subscribe(1, 1, "device/d1/#")
	held := uint16(0)
	const n = 70_000 // more than there are ids
	sent := 0
	for got := range n {
		for ; sent < n && sent-got < 500; sent++ {
			g.change(t, sent)
		}
		pk := app.want(packets.Publish)
		if string(pk.Payload) != changePayload(got) {
			t.Fatalf("got %s as number %d", pk.Payload, got)
		}
		switch {
		case got == 10:
			held = pk.PacketID // never acknowledged
			continue
		case pk.PacketID == held || pk.PacketID == 0:
			t.Fatalf("packet id %d given again while in flight", pk.PacketID)
		}
		app.ack(packets.Puback, pk.PacketID)
	}
}

// "a slow subscriber with keep-alive 0 stalls its publisher for good"
func TestTrapSlowSubscriberDoesNotStallPublishers(t *testing.T) {
	g := start(t, options(func(o *broker.Options) { o.Rate = -1 }))
	slow := g.app(t, 4, keepAlive(0))
	slow.subscribe(1, 1, "device/d1/#")
	d := g.device(t, 4)
	for i := range uint16(3000) {
		g.change(t, int(i))
		d.publish(reportTopic, 1, i+1, `{}`)
		if got := d.want(packets.Puback).PacketID; got != i+1 {
			t.Fatalf("PUBACK %d, want %d", got, i+1)
		}
	}
}

// One report may be larger than what is let onto the wire at once; the rest of it
// must follow without anything else happening.
func TestBurstLargerThanTheWireArrivesWhole(t *testing.T) {
	for qos := range byte(3) {
		g := start(t)
		app := g.app(t, 5)
		app.subscribe(1, qos, "device/d1/#")
		const items = 1000 // of some 120 bytes, below the in-flight limit
		payload := []byte(`{"did":"d1","method":"properties_changed","items":[`)
		for i := range items {
			payload = fmt.Appendf(payload, `{"siid":1,"iid":%d,"value":%d},`, i+1, i)
		}
		payload = append(payload[:len(payload)-1], "]}"...)
		for range 20 {
			_ = g.bus.Publish("device.d1.changed", payload)
			var ids []uint16
			for i := range items {
				pk := app.want(packets.Publish)
				if want := fmt.Sprintf("device/d1/up/properties_changed/1/%d", i+1); pk.TopicName != want {
					t.Fatalf("got %s, want %s", pk.TopicName, want)
				}
				ids = append(ids, pk.PacketID)
			}
			for _, id := range ids {
				switch qos {
				case 1:
					app.ack(packets.Puback, id)
				case 2:
					app.ack(packets.Pubrec, id)
					app.want(packets.Pubrel)
					app.ack(packets.Pubcomp, id)
				}
			}
		}
	}
}
