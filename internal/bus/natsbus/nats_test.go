package natsbus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/bus/bustest"
	"github.com/proofmark/proofmark/internal/bus/natsbus"
)

const patience = 20 * time.Second

// serve starts a NATS server inside the test; port -1 takes a free one.
func serve(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatalf("the NATS server is not ready after %v", patience)
	}
	return s
}

func dial(t *testing.T, s *server.Server, o natsbus.Options) *natsbus.Bus {
	t.Helper()
	b, err := natsbus.Dial(s.ClientURL(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestNATS(t *testing.T) {
	bustest.Run(t, func(t *testing.T) (bus.Bus, bus.Bus) {
		s := serve(t, -1)
		return dial(t, s, natsbus.Options{Name: "a"}), dial(t, s, natsbus.Options{Name: "b"})
	})
}

func TestSubscriptionsOutliveTheServer(t *testing.T) {
	s := serve(t, -1)
	port := s.Addr().(*net.TCPAddr).Port
	lost, back := make(chan error, 1), make(chan string, 1)
	b := dial(t, s, natsbus.Options{
		OnDisconnect: func(err error) { lost <- err },
		OnReconnect:  func(server string) { back <- server },
	})
	got := make(chan string, 1)
	if _, err := b.Subscribe("x", func(m bus.Message) { got <- string(m.Data) }); err != nil {
		t.Fatal(err)
	}
	s.Shutdown()
	s.WaitForShutdown()
	_ = within(t, lost) // EOF or nothing, as the timing has it
	if b.Connected() {
		t.Error("Connected without a server")
	}
	if err := b.Publish("x", []byte("kept meanwhile")); err != nil {
		t.Errorf("Publish without a server: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Ask(ctx, "x", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ask without a server = %v, want DeadlineExceeded", err)
	}
	serve(t, port)
	within(t, back)
	if text := within(t, got); text != "kept meanwhile" {
		t.Errorf("got %q", text)
	}
}

func TestDropsAreCounted(t *testing.T) {
	s := serve(t, -1)
	dropped := make(chan string, 100)
	b := dial(t, s, natsbus.Options{Options: bus.Options{Queue: 2, OnDrop: func(p string) { dropped <- p }}})
	release := make(chan struct{})
	defer close(release)
	if _, err := b.Subscribe("slow.*", func(bus.Message) { <-release }); err != nil {
		t.Fatal(err)
	}
	for i := range 10 { // at most one in hand and two waiting
		if err := b.Publish("slow.x", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for range 7 {
		if p := within(t, dropped); p != "slow.*" {
			t.Errorf("OnDrop(%q), want slow.*", p)
		}
	}
	if n := b.Dropped(); n < 7 {
		t.Errorf("Dropped = %d, want 7 or more", n)
	}
}

func TestDialFailsWithoutAServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = natsbus.Dial("nats://user:hunter2@"+free, natsbus.Options{})
	if err == nil {
		t.Fatal("Dial found a server on a closed port")
	}
	if !strings.Contains(err.Error(), free) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%q: want the address and not the password", err)
	}
}

func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing within %v", patience)
		panic("unreachable")
	}
}
