package broker_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/bus"
)

// Whatever has a timer runs on a virtual clock, over pipes. A net.Pipe has no
// buffer: whoever does not read blocks the other side at once.

// piped starts a broker in a bubble and returns how to connect to it.
func piped(t *testing.T, config broker.Config) (*gateway, func(version byte) *peer) {
	t.Helper()
	g := &gateway{backend: newMemory(), bus: bus.NewLocal()}
	config.Backend, config.Bus = g.backend, g.bus
	b, err := broker.New(config)
	if err != nil {
		t.Fatal(err)
	}
	g.Broker = b
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return g, func(version byte) *peer {
		near, far := net.Pipe()
		go b.ServeConn(far)
		t.Cleanup(func() { _ = near.Close() })
		return newPeer(t, near, version)
	}
}

func TestKeepAlive(t *testing.T) {
	for asked, silence := range map[uint16]time.Duration{
		1: 15 * time.Second, 20: 30 * time.Second, 0: 450 * time.Second, 50_000: 450 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			g, dial := piped(t, broker.Config{})
			p := dial(4)
			p.connect("d1", "d1", "s1", keepAlive(asked))
			time.Sleep(silence - time.Second)
			p.ping()
			time.Sleep(silence)
			synctest.Wait()
			if n := g.backend.online("d1"); n != 1 {
				t.Fatalf("keep-alive %d: closed after %v", asked, silence)
			}
			time.Sleep(1100 * time.Millisecond)
			synctest.Wait()
			if h := g.backend.history(); len(h) != 2 || h[1] != "d1 keep-alive missed" {
				t.Errorf("keep-alive %d: %v", asked, h)
			}
		})
	}
}

func TestNoConnectInTime(t *testing.T) {
	for name, first := range map[string][]byte{
		"nothing": nil, "a drip": {0x10}, "half a CONNECT": {0x10, 30, 0, 4, 'M', 'Q'},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, dial := piped(t, broker.Config{})
				p := dial(4)
				if first != nil {
					_, _ = p.conn.Write(first)
				}
				time.Sleep(9900 * time.Millisecond)
				synctest.Wait()
				if g.Stats().Connections != 1 {
					t.Fatal("closed early")
				}
				time.Sleep(200 * time.Millisecond)
				synctest.Wait()
				if s := g.Stats(); s.Connections != 0 || s.Refused["connect-timeout"] != 1 {
					t.Errorf("%d connections, %v", s.Connections, s.Refused)
				}
			})
		})
	}
}

func TestConnectOfFiveLengthBytesIsClosed(t *testing.T) {
	g := start(t)
	p := g.dial(t, 4)
	_, _ = p.conn.Write([]byte("\x10\x96\x80\x80\x80\x00\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02d1\x00\x02d1\x00\x02s1"))
	p.wantEnd(0)
	if s := g.Stats(); s.Refused["malformed"] != 1 {
		t.Errorf("%v", s.Refused)
	}
}

func TestDeviceThatDoesNotReadIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, dial := piped(t, broker.Config{})
		p := dial(4)
		p.connect("d1", "d1", "s1", keepAlive(300))
		p.subscribe(1, 1, "device/d1/down/request")
		s := next(t, g.backend.ready, "Ready")
		if err := s.link.Request([]byte("never read")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if g.backend.online("d1") != 1 {
			t.Fatal("closed early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if h := g.backend.history(); len(h) != 2 || h[1] != "d1 does not read" {
			t.Errorf("%v", h)
		}
	})
}

// A peer that takes a byte every few seconds is slow, not stuck.
func TestDripIsNotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, dial := piped(t, broker.Config{})
		p := dial(4)
		p.connect("d1", "d1", "s1", keepAlive(300))
		p.subscribe(1, 1, "device/d1/down/request")
		s := next(t, g.backend.ready, "Ready")
		if err := s.link.Request([]byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		one := make([]byte, 1)
		_ = p.conn.SetReadDeadline(time.Time{})
		for range 30 {
			time.Sleep(8 * time.Second)
			if _, err := io.ReadFull(p.conn, one); err != nil {
				t.Fatal(err)
			}
		}
		if g.backend.online("d1") != 1 {
			t.Error("closed")
		}
	})
}

func TestCloseSaysGoodbyeToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, dial := piped(t, broker.Config{})
		d, a, silent := dial(5), dial(4), dial(5)
		d.connect("d1", "d1", "s1")
		a.connect("app.acc_1.x", "acc_1", "t1")
		go func() { _ = g.Close(t.Context()) }()
		if code := d.want(packets.Disconnect).ReasonCode; code != packets.ErrServerShuttingDown.Code {
			t.Errorf("DISCONNECT %#x", code)
		}
		a.wantEnd(0)
		silent.wantEnd(0)
		synctest.Wait()
		if h := g.backend.history(); h[len(h)-1] != "d1 gateway stopping" {
			t.Errorf("%v", h)
		}
		if late := dial(4); late != nil {
			late.wantEnd(0)
		}
	})
}

// A day of a device on the virtual clock: a report and a request every ten seconds.
func TestADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, dial := piped(t, broker.Config{})
		p := dial(5)
		p.connect("d1", "d1", "s1", keepAlive(60))
		p.subscribe(1, 1, "device/d1/down/#")
		s := next(t, g.backend.ready, "Ready")
		for i := range uint16(24 * 360) {
			p.publish(reportTopic, 1, i+1, "{}")
			p.want(packets.Puback)
			if err := s.link.Request([]byte("{}")); err != nil {
				t.Fatal(err)
			}
			p.ack(packets.Puback, p.want(packets.Publish).PacketID)
			time.Sleep(10 * time.Second)
		}
		if n := len(g.backend.stored()); n != 24*360 {
			t.Errorf("%d reports", n)
		}
	})
}
