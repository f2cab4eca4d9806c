package broker_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/proofmark/proofmark/broker"
)

// starved is a listener that is out of file descriptors for a while.
type starved struct {
	net.Listener
	failures atomic.Int32
}

func (l *starved) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// "after the file-descriptor limit was hit once, accept never recovers"
func TestTrapAcceptRecoversFromEMFILE(t *testing.T) {
	g := start(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &starved{Listener: l}
	s.failures.Store(5)
	go func() { _ = g.Serve(s, broker.ListenerOptions{}) }()
	g.addr = l.Addr().String()
	g.device(t, 4).ping()
	if n := g.Stats().AcceptFailed; n != 5 {
		t.Errorf("%d failures counted", n)
	}
}

// The same with the real limit, in a process of its own.
func TestTrapAcceptRecoversFromRealEMFILE(t *testing.T) {
	const env = "PROOFMARK_TEST_EMFILE"
	if os.Getenv(env) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTrapAcceptRecoversFromRealEMFILE$", "-test.v")
		child.Env = append(os.Environ(), env+"=1")
		if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	g := start(t)
	g.backend.everyone = true
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	var conns []net.Conn
	for { // both ends are in this process, so the client side meets the limit too
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			if !errors.Is(err, syscall.EMFILE) {
				t.Fatal(err)
			}
			break
		}
		conns = append(conns, c)
	}
	// A socket freed on our side lets the next dial through, and the accept after it fails.
	_ = conns[0].Close()
	for range 3 {
		if c, err := net.Dial("tcp", g.addr); err == nil {
			defer func() { _ = c.Close() }()
		}
	}
	eventually(t, "accept fails", func() bool { return g.Stats().AcceptFailed > 0 })
	for _, c := range conns {
		_ = c.Close()
	}
	eventually(t, "the broker has room again", func() bool { return g.Stats().Connections < 10 })
	g.device(t, 4).ping()
}

func TestListenerLimits(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		g := start(t)
		g.addr = g.listen(t, broker.ListenerOptions{MaxConnections: 2})
		a, b := g.device(t, 4), g.join(t, 4, "d2", "d2", "s2")
		g.dial(t, 4).wantEnd(0)
		a.ping()
		b.ping()
		_ = b.conn.Close()
		eventually(t, "there is room", func() bool { return g.Stats().Connections == 1 })
		eventually(t, "the next one is let in", func() bool {
			p := g.dial(t, 4)
			_, _ = p.conn.Write(p.encode(connectPacket(4, "d2", "d2", "s2")))
			_, err := p.read(10 * time.Second)
			return err == nil
		})
		if g.Stats().Refused[broker.RuleConnectLimit.String()] == 0 {
			t.Error("not counted")
		}
	})
	t.Run("connects from one address", func(t *testing.T) {
		g := start(t)
		g.addr = g.listen(t, broker.ListenerOptions{ConnectRate: 0.001, ConnectBurst: 2, LimitLoopback: true})
		g.device(t, 4).ping()
		g.join(t, 4, "d2", "d2", "s2").ping()
		g.dial(t, 4).wantEnd(0)
		if g.Stats().Refused[broker.RuleConnectRate.String()] != 1 {
			t.Error("not counted")
		}
	})
}
