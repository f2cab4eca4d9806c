package broker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/registry"
)

// BenchmarkReports is 200 devices with ten QoS 1 reports in flight each, against
// mochi as it comes: what it costs to hand reports over and to acknowledge them,
// with nothing stored.
func BenchmarkReports(b *testing.B) {
	b.Run("proofmark", func(b *testing.B) {
		c := &committer{}
		br, err := broker.New(broker.Config{Backend: c, Options: broker.Options{Rate: -1}})
		if err != nil {
			b.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		go func() { _ = br.Serve(l, broker.ListenerOptions{}) }()
		reports(b, l.Addr().String())
		s := br.Stats()
		b.ReportMetric(float64(s.Acks)/float64(s.Writes), "acks/write")
		_ = br.Close(context.Background())
	})
	b.Run("bare mochi", func(b *testing.B) {
		s := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
		_ = s.AddHook(new(allow), nil)
		l := listeners.NewTCP(listeners.Config{ID: "t", Address: "127.0.0.1:0"})
		if err := s.AddListener(l); err != nil {
			b.Fatal(err)
		}
		go func() { _ = s.Serve() }()
		reports(b, l.Address())
		_ = s.Close()
	})
}

func reports(b *testing.B, addr string) {
	const devices, window = 200, 10
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	conns := make([]net.Conn, devices)
	for i := range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		conns[i] = conn
		did := fmt.Sprintf("d%03d", i)
		p := &peer{conn: conn, r: bufio.NewReader(conn), version: 4}
		_, _ = conn.Write(encodeFor(b, p, connectPacket(4, did, did, "s")))
		if _, err := p.read(10e9); err != nil {
			b.Fatal(err)
		}
		_ = conn.SetReadDeadline(noTime)
	}
	b.ResetTimer()
	for i, conn := range conns {
		did := fmt.Sprintf("d%03d", i)
		p := &peer{version: 4}
		one := encodeFor(b, p, publishPacket("device/"+did+"/up/properties_changed", 1, 1,
			`{"id":5,"method":"properties_changed","params":[{"did":"`+did+`","siid":3,"piid":6,"value":32}]}`))
		all.Go(func() {
			buf := make([]byte, 4*window)
			batch := make([]byte, 0, window*len(one))
			for {
				n := min(window, left.Add(-window)+window)
				if n <= 0 {
					return
				}
				batch = batch[:0]
				for range n {
					batch = append(batch, one...)
				}
				_, _ = conn.Write(batch)
				if _, err := io.ReadFull(conn, buf[:4*n]); err != nil || buf[0] != packets.Puback<<4 {
					b.Error("no PUBACK", err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
	for _, c := range conns {
		_ = c.Close()
	}
}

func encodeFor(b *testing.B, p *peer, pk packets.Packet) []byte {
	b.Helper()
	p.t = &testing.T{}
	return p.encode(pk)
}

// committer answers reports as a group commit does: what came while the last one
// was answered is the next batch.
type committer struct {
	memory
	mu      sync.Mutex
	queue   []func(registry.Outcome)
	running bool
}

func (c *committer) LoginDevice(context.Context, string, []byte) error { return nil }

func (c *committer) Attach(string, registry.Link) registry.Session { return &committed{c: c} }

type committed struct {
	session
	c *committer
}

func (s *committed) Detach(registry.Reason) {}

func (s *committed) Report(_ context.Context, _ registry.Arrival, done func(registry.Outcome)) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.queue = append(s.c.queue, done)
	if !s.c.running {
		s.c.running = true
		go s.c.run()
	}
	return nil
}

func (c *committer) run() {
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue = nil
		if len(batch) == 0 {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		for _, done := range batch {
			done(registry.Outcome{})
		}
	}
}

// allow lets everybody do everything on the bare mochi.
type allow struct{ mqtt.HookBase }

func (*allow) Provides(b byte) bool { return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck }

func (*allow) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (*allow) OnACLCheck(*mqtt.Client, string, bool) bool { return true }
