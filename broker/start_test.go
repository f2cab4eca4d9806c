package broker_test

import (
	"context"
	"net"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/bus"
)

// gateway is a broker on a real port, with what is around it.
type gateway struct {
	*broker.Broker
	backend *memory
	bus     *bus.Local
	addr    string
}

func start(t *testing.T, options ...func(*broker.Config)) *gateway {
	t.Helper()
	g := &gateway{backend: newMemory(), bus: bus.NewLocal()}
	config := broker.Config{Backend: g.backend, Bus: g.bus}
	for _, o := range options {
		o(&config)
	}
	b, err := broker.New(config)
	if err != nil {
		t.Fatal(err)
	}
	g.Broker = b
	g.addr = g.listen(t, broker.ListenerOptions{})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gateway) listen(t *testing.T, o broker.ListenerOptions) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = g.Serve(l, o) }()
	return l.Addr().String()
}

func options(change func(*broker.Options)) func(*broker.Config) {
	return func(c *broker.Config) { change(&c.Options) }
}

// pahoOptions are those of an MQTT 3.1.1 client that does not come back by itself.
func (g *gateway) pahoOptions(id, user, password string) *paho.ClientOptions {
	return paho.NewClientOptions().AddBroker("tcp://" + g.addr).SetClientID(id).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectTimeout(10 * time.Second).SetProtocolVersion(4)
}

func connect(t *testing.T, o *paho.ClientOptions) paho.Client {
	t.Helper()
	c := paho.NewClient(o)
	wait(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func wait(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(10 * time.Second) {
		t.Fatal("no answer from the broker within 10 s")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// next takes something from a channel, or fails after 10 s.
func next[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("no %s within 10 s", what)
		panic("unreachable")
	}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

var noTime time.Time
