package broker_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/registry"
)

// Each test here has the sentence of the design (§4) above it that it shows closed.
// Those about deliveries are in traps_delivery_test.go.

const reportTopic = "device/d1/up/properties_changed"

// "a plain error from OnPublish still acknowledges and delivers"
func TestTrapReportThatFailsIsNeitherAcknowledgedNorDelivered(t *testing.T) {
	g := start(t)
	g.backend.refusal = errors.New("disk full")
	app := g.app(t, 5)
	app.subscribe(1, 1, "device/d1/#")
	for _, version := range []byte{4, 5} {
		d := g.device(t, version)
		d.publish(reportTopic, 1, 7, `{"id":1}`)
		d.wantEnd(packets.ErrUnspecifiedError.Code)
	}
	app.ping() // nothing came before
}

// "ACL runs before topic-alias resolution (set TopicAliasMaximum 0)"
func TestTrapTopicAliasIsRefused(t *testing.T) {
	g := start(t)
	d := g.device(t, 5)
	d.publish(reportTopic, 1, 1, `{}`, func(pk *packets.Packet) {
		pk.Properties.TopicAlias, pk.Properties.TopicAliasFlag = 1, true
	})
	d.wantEnd(packets.ErrTopicAliasInvalid.Code)
	if got := g.backend.stored(); len(got) != 0 {
		t.Errorf("reported %v", got)
	}
}

// "packet size is unlimited by default"
func TestTrapPacketSizeIsBoundedAndAnnounced(t *testing.T) {
	g := start(t)
	for _, version := range []byte{4, 5} {
		p := g.dial(t, version)
		ack := p.connect("d1", "d1", "s1")
		if version == 5 && ack.Properties.MaximumPacketSize != 64<<10 {
			t.Errorf("CONNACK says MaximumPacketSize %d", ack.Properties.MaximumPacketSize)
		}
		p.publish(reportTopic, 1, 1, strings.Repeat("x", 60<<10))
		p.want(packets.Puback)
		// Only the part that tells its size, so that the rest cannot reset the connection.
		whole := p.encode(publishPacket(reportTopic, 1, 2, strings.Repeat("x", 1<<20)))
		if _, err := p.conn.Write(whole[:8]); err != nil {
			t.Fatal(err)
		}
		p.wantEnd(packets.ErrPacketTooLarge.Code)
	}
	if n := g.Stats().Refused[broker.RulePacketSize.String()]; n != 2 {
		t.Errorf("counted %d", n)
	}
}

// "A hook that blocks each connection until its group commits holds a connection to
// one message per commit"
func TestTrapTenInFlightNeedOneCommitAndOneWrite(t *testing.T) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			g := start(t)
			g.backend.held = true
			d := g.device(t, version)
			for id := range uint16(10) {
				d.publish(reportTopic, 1, 100+id, fmt.Sprintf(`{"id":%d}`, id))
			}
			d.ping() // is answered although nothing is committed
			writes := g.Stats().Writes
			if n := g.backend.commit(); n != 10 {
				t.Fatalf("%d reports in the first commit", n)
			}
			for id := range uint16(10) {
				if got := d.want(packets.Puback).PacketID; got != 100+id {
					t.Fatalf("PUBACK %d, want %d", got, 100+id)
				}
			}
			if n := g.Stats().Writes - writes; n != 1 {
				t.Errorf("%d writes for the acknowledgements of one commit", n)
			}
		})
	}
}

// "20 simultaneous connects of one id leave several alive"
func TestTrapTwentyConnectsAtOnceLeaveOne(t *testing.T) {
	g := start(t)
	const n = 20
	peers := make([]*peer, n)
	for i := range peers {
		peers[i] = g.dial(t, 4+byte(i%2))
	}
	var all sync.WaitGroup
	for _, p := range peers {
		all.Go(func() { _, _ = p.conn.Write(p.encode(connectPacket(p.version, "d1", "d1", "s1"))) })
	}
	all.Wait()
	eventually(t, "one session is left", func() bool {
		s := g.Stats()
		return s.Connections == 1 && s.Devices == 1 && g.backend.online("d1") == 1
	})
	alive := 0
	for _, p := range peers {
		for {
			_, err := p.read(time.Second)
			if err == nil {
				continue
			}
			if strings.Contains(err.Error(), "timeout") {
				alive++
			}
			break
		}
	}
	if alive != 1 {
		t.Errorf("%d connections are alive", alive)
	}
}

// "a reconnect hangs behind a half-open predecessor (40 s and more)"
func TestTrapHalfOpenPredecessorDoesNotDelay(t *testing.T) {
	g := start(t, options(func(o *broker.Options) { o.DeviceQueue = 64 << 20 }))
	first := g.device(t, 5)
	first.subscribe(1, 0, "device/d1/down/request")
	s := next(t, g.backend.ready, "Ready")
	for g.Stats().Devices == 1 && s.link.Request(make([]byte, 32<<10)) == nil { // until nothing fits any more
		if g.Stats().Requests > 2000 {
			break
		}
	}
	begin := time.Now()
	second := g.device(t, 5)
	if d := time.Since(begin); d > time.Second {
		t.Errorf("CONNACK after %v", d)
	}
	second.ping()
	if h := g.backend.history(); h[1] != "d1 replaced" || h[2] != "d1 connected" {
		t.Errorf("presence %v", h)
	}
}

// "a packets.Code error from OnPublish answers QoS 2 with PUBACK"
func TestTrapQoS2IsNeverAnsweredWithPuback(t *testing.T) {
	g := start(t)
	g.backend.refusal = packets.ErrQuotaExceeded
	for _, version := range []byte{4, 5} {
		d := g.device(t, version)
		d.publish(reportTopic, 2, 7, `{"id":1}`)
		d.wantEnd(packets.ErrUnspecifiedError.Code)
	}
}

func TestQoS2IsReportedOnceAndAnsweredInFull(t *testing.T) {
	for _, version := range []byte{4, 5} {
		g := start(t)
		g.backend.held = true
		d := g.device(t, version)
		d.publish(reportTopic, 2, 7, `{"id":1}`)
		d.publish(reportTopic, 2, 7, `{"id":1}`, dup) // before PUBREC
		d.ping()
		g.backend.commit()
		if got := d.want(packets.Pubrec).PacketID; got != 7 {
			t.Errorf("PUBREC %d", got)
		}
		d.publish(reportTopic, 2, 7, `{"id":1}`, dup) // PUBREC lost
		d.want(packets.Pubrec)
		d.ack(packets.Pubrel, 7)
		if ack := d.want(packets.Pubcomp); ack.PacketID != 7 || ack.ReasonCode != 0 {
			t.Errorf("PUBCOMP %d %#x", ack.PacketID, ack.ReasonCode)
		}
		d.ack(packets.Pubrel, 7) // PUBCOMP lost
		if ack := d.want(packets.Pubcomp); version == 5 && ack.ReasonCode != packets.ErrPacketIdentifierNotFound.Code {
			t.Errorf("PUBCOMP %#x for an unknown id", ack.ReasonCode)
		}
		d.publish(reportTopic, 2, 7, `{"id":2}`) // the id is free again
		d.ping()
		g.backend.commit()
		d.want(packets.Pubrec)
		if got := g.backend.stored(); len(got) != 2 {
			t.Errorf("reported %v", got)
		}
	}
}

func dup(pk *packets.Packet) { pk.FixedHeader.Dup = true }

// "session-present is always 0 (expiry 0, clean start forced)"
func TestTrapSessionPresentIsAlwaysZero(t *testing.T) {
	g := start(t)
	keep := func(pk *packets.Packet) {
		pk.Connect.Clean = false
		pk.Properties.SessionExpiryInterval, pk.Properties.SessionExpiryIntervalFlag = 3600, true
	}
	for _, version := range []byte{4, 5} {
		for range 3 {
			d := g.dial(t, version)
			ack := d.connect("d1", "d1", "s1", keep)
			if ack.SessionPresent || ack.ReasonCode != 0 {
				t.Errorf("CONNACK %#x, session present %v", ack.ReasonCode, ack.SessionPresent)
			}
			if p := ack.Properties; version == 5 && (!p.SessionExpiryIntervalFlag || p.SessionExpiryInterval != 0) {
				t.Error("CONNACK does not say that the session ends with the connection")
			}
			if err := next(t, subscribeOnce(d), "SUBACK"); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := g.device(t, 4)
	eventually(t, "the third session is gone", func() bool { return g.backend.online("d1") == 1 })
	var sessions []*session
	g.backend.set(func(m *memory) { sessions = m.sessions })
	if err := sessions[len(sessions)-1].link.Request([]byte("{}")); !errors.Is(err, registry.ErrOffline) {
		t.Errorf("request to a device that has not subscribed: %v", err)
	}
	d.ping()
}

func subscribeOnce(p *peer) <-chan error {
	done := make(chan error, 1)
	p.subscribe(1, 1, "device/d1/down/#")
	done <- nil
	return done
}

// "mochi 2.7.9 panics on a v5 SUBSCRIBE that ends before its options" (found while
// building this; one such packet would take down every connection of the process)
func TestTrapTruncatedSubscribeHitsOnlyItsSender(t *testing.T) {
	g := start(t)
	other := g.join(t, 5, "d2", "d2", "s2")
	d := g.device(t, 5)
	if _, err := d.conn.Write([]byte{0x82, 6, 0, 1, 0, 0, 1, 'a'}); err != nil {
		t.Fatal(err)
	}
	d.wantEnd(packets.ErrMalformedPacket.Code)
	other.ping()
	eventually(t, "it is detached", func() bool { return g.backend.online("d1") == 0 })
	g.device(t, 5).ping()
}
