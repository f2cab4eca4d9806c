package virtual_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/proofmark/proofmark/certification/virtual"
)

// puppet is a broker of which every byte is chosen. It gives a CONNACK and grants subscriptions as it is told.
type puppet struct {
	mu         sync.Mutex
	connects   []time.Time
	subscribes []time.Time
	grant      byte
	play       func(net.Conn) // once, a second after the first SUBSCRIBE
}

func (p *puppet) dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		for {
			packet, err := packets.ReadPacket(far)
			if err != nil {
				return
			}
			p.mu.Lock()
			switch packet := packet.(type) {
			case *packets.ConnectPacket:
				p.connects = append(p.connects, time.Now())
				_, _ = far.Write([]byte{0x20, 2, 0, 0})
			case *packets.SubscribePacket:
				p.subscribes = append(p.subscribes, time.Now())
				_, _ = far.Write([]byte{0x90, 3, byte(packet.MessageID >> 8), byte(packet.MessageID), p.grant})
				if play := p.play; play != nil {
					p.play = nil
					go func() { time.Sleep(time.Second); play(far) }()
				}
			case *packets.PublishPacket:
				_, _ = far.Write([]byte{0x40, 2, byte(packet.MessageID >> 8), byte(packet.MessageID)})
			case *packets.PingreqPacket:
				_, _ = far.Write([]byte{0xd0, 0})
			}
			p.mu.Unlock()
		}
	}()
	return near, nil
}

// withPuppet lets a device work against a puppet for some time and then looks.
func withPuppet(t *testing.T, p *puppet, last time.Duration, test func()) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		_, stop := running(t, virtual.Config{Spec: spec(t, lamp), Dial: p.dial})
		time.Sleep(3*time.Second + last)
		p.mu.Lock()
		test()
		p.mu.Unlock()
		stop()
	})
}

func TestIllegalPacketsCloseTheConnection(t *testing.T) {
	for name, bytes := range map[string][]byte{
		"reserved flags":     {0x4f, 2, 0, 9},
		"QoS 3":              {0x36, 7, 0, 1, 'a', 0, 1, '{', '}'},
		"bad length":         {0x40, 0xff, 0xff, 0xff, 0xff, 0x01},
		"topic too long":     {0x30, 4, 0, 9, 'a', 'b'},
		"bad UTF-8 in topic": {0x30, 4, 0, 2, 0xff, 0xfe},
		"packet id 0":        {0x32, 5, 0, 1, 'a', 0, 0},
		"second CONNACK":     {0x20, 2, 0, 0},
		"CONNECT":            {0x10, 0},
		"two codes":          {0x90, 4, 0, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := &puppet{grant: 1, play: func(c net.Conn) { _, _ = c.Write(bytes) }}
			withPuppet(t, p, time.Minute, func() {
				if len(p.connects) != 2 {
					t.Errorf("%d connects, want two", len(p.connects))
				}
			})
		})
	}
}

func TestStrayAnswersAreBorne(t *testing.T) {
	p := &puppet{grant: 1, play: func(c net.Conn) {
		_, _ = c.Write([]byte{0x40, 2, 0, 99, 0x90, 3, 0, 98, 1, 0xd0, 0, 0x50, 2, 0, 97, 0x70, 2, 0, 96, 0xb0, 2, 0, 95})
	}}
	withPuppet(t, p, 10*time.Minute, func() {
		if len(p.connects) != 1 {
			t.Errorf("%d connects, want one", len(p.connects))
		}
	})
}

func TestSlowDripIsBorne(t *testing.T) {
	p := &puppet{grant: 1, play: func(c net.Conn) {
		message := append([]byte{0x30, 60, 0, 1, 'a'}, make([]byte, 57)...)
		for i := range message {
			if _, err := c.Write(message[i : i+1]); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}}
	withPuppet(t, p, 10*time.Minute, func() {
		if len(p.connects) > 2 {
			t.Errorf("%d connects, want at most two", len(p.connects))
		}
	})
}

func TestRefusedSubscriptionIsTriedAgainGently(t *testing.T) {
	p := &puppet{grant: 0x80}
	withPuppet(t, p, 10*time.Minute, func() {
		if n := len(p.subscribes); n < 5 || len(p.connects) != 1 {
			t.Errorf("%d subscriptions on %d connections", n, len(p.connects))
		}
		for i := range p.subscribes[:len(p.subscribes)-5] {
			if p.subscribes[i+5].Sub(p.subscribes[i]) < 30*time.Second {
				t.Errorf("six subscriptions within %s", p.subscribes[i+5].Sub(p.subscribes[i]))
			}
		}
	})
}

func TestTheKeepAliveIsInTheConnect(t *testing.T) {
	near, far := net.Pipe()
	packet := make(chan packets.ControlPacket, 1)
	go func() {
		got, _ := packets.ReadPacket(far)
		packet <- got
		_, _ = io.Copy(io.Discard, far)
	}()
	_, stop := running(t, virtual.Config{
		Spec: spec(t, lamp), KeepAlive: 45 * time.Second,
		Dial: func(context.Context) (net.Conn, error) { return near, nil },
	})
	connect, ok := (<-packet).(*packets.ConnectPacket)
	if !ok || connect.Keepalive != 45 || !connect.CleanSession || connect.ClientIdentifier != "lamp-1" || connect.Username != "lamp-1" ||
		string(connect.Password) != "factory" || connect.ProtocolVersion != 4 || connect.WillFlag {
		t.Errorf("CONNECT is %v", connect)
	}
	_ = far.Close()
	stop()
}
