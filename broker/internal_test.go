package broker

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// slowLogin lets a device in when the test says so.
type slowLogin struct {
	Backend
	asked, answer chan struct{}
}

func (s slowLogin) LoginDevice(context.Context, string, []byte) error {
	s.asked <- struct{}{}
	<-s.answer
	return nil
}

func (s slowLogin) LoginCertificate(context.Context, string, *x509.Certificate) error { return nil }

// mochi returns without OnDisconnect when it cannot write the CONNACK, and keeps
// the client in its map.
func TestTrapClientThatGoesBeforeItsConnackLeavesNothing(t *testing.T) {
	s := slowLogin{asked: make(chan struct{}), answer: make(chan struct{})}
	b, err := New(Config{Backend: s})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write([]byte("\x10\x16\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02d1\x00\x02d1\x00\x02s1"))
	gone := make(chan struct{})
	go func() {
		b.ServeConn(server)
		close(gone)
	}()
	<-s.asked
	_ = server.Close() // as good as a reset: the CONNACK cannot be written
	close(s.answer)
	<-gone
	if n := b.server.Clients.Len(); n != 0 {
		t.Errorf("mochi knows %d clients", n)
	}
	if len(b.gate.held) != 0 || len(b.clients) != 0 || b.Stats().Connections != 0 {
		t.Errorf("held %v, clients %v", b.gate.held, b.clients)
	}
}

func TestWireBoundsWhatWaits(t *testing.T) {
	near, far := net.Pipe() // nobody reads far
	defer func() { _ = far.Close() }()
	failed := make(chan error, 1)
	w := newWire(near, 50*time.Millisecond)
	w.failed = func(err error) { failed <- err }
	p := bytes.Repeat([]byte("x"), 100<<10)
	taken := 0
	for {
		if _, err := w.Write(p); err != nil {
			if !errors.Is(err, errTooSlow) {
				t.Fatal(err)
			}
			break
		}
		taken++
	}
	if taken != wireLimit/len(p) {
		t.Errorf("took %d", taken)
	}
	w = newWire(near, 50*time.Millisecond)
	w.failed = func(err error) { failed <- err }
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, errTooSlow) {
		t.Errorf("a stuck flush fails with %v", err)
	}
}

func TestWireKeepsTheOrderThroughABacklog(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = server.(*net.TCPConn).SetWriteBuffer(4096)
	w := newWire(server, time.Minute)
	const n = 3000
	go func() {
		for i := range n {
			for w.waiting.Load() > wireLimit/2 {
				runtime.Gosched()
			}
			_, _ = w.Write(bytes.Repeat([]byte{byte(i)}, 1000))
		}
		<-w.shutdown()
		_ = w.Close()
	}()
	buf := make([]byte, 1000)
	for i := range n {
		_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadFull(client, buf); err != nil || buf[0] != byte(i) || buf[999] != byte(i) {
			t.Fatalf("packet %d: %v %d", i, err, buf[0])
		}
	}
	if _, err := client.Read(buf); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the last: %v", err)
	}
}

func TestPeersCountAHouseholdOnce(t *testing.T) {
	var p peers
	p.open(ListenerOptions{ConnectRate: 1, ConnectBurst: 2})
	now := time.Now()
	addr := func(s string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(s), Port: 1} }
	for _, c := range []struct {
		addr string
		want bool
	}{
		{"2001:db8::1", true},
		{"2001:db8::2", true},
		{"2001:db8::3", false},
		{"2001:db8:0:1::1", true},
		{"192.0.2.1", true},
		{"::ffff:192.0.2.1", true},
		{"192.0.2.1", false},
		{"127.0.0.1", true},
		{"127.0.0.1", true},
		{"127.0.0.1", true},
	} {
		if got := p.allow(addr(c.addr), now); got != c.want {
			t.Errorf("%s: %v", c.addr, got)
		}
	}
	if !p.allow(addr("2001:db8::3"), now.Add(time.Second)) {
		t.Error("not let in again a second later")
	}
	p.allow(addr("192.0.2.9"), now.Add(time.Hour))
	if len(p.buckets) != 1 {
		t.Errorf("%d addresses are remembered after an hour", len(p.buckets))
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, c := range map[string]Config{
		"Backend":      {},
		"Window":       {Backend: slowLogin{}, Options: Options{Window: 70_000}},
		"MaxKeepAlive": {Backend: slowLogin{}, Options: Options{MaxKeepAlive: 20 * time.Hour}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestEveryRuleHasAName(t *testing.T) {
	for r := RuleNone + 1; r < rules; r++ {
		if r.String() == "" {
			t.Errorf("rule %d", r)
		}
	}
	if endingFor(registry.ReasonLost).code != 0 {
		t.Error("a lost client is told something")
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"device/d1/#", "device/d1/up/+/2/1", "device/d1/state", "#", "device/d1/up/properties_changed/+/3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, code := parseFilter(s)
		if code.Code != 0 {
			return
		}
		if !validDID(got.did) || !strings.HasPrefix(s, "device/"+got.did+"/") {
			t.Errorf("%q reaches the device %q", s, got.did)
		}
		if got.siid < 0 || got.iid < 0 {
			t.Errorf("%q: %+v", s, got)
		}
	})
}

// FuzzPacket is mochi's codec as we use it: whatever comes, it must not panic.
func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x82, 6, 0, 1, 0, 0, 1, 'a'}, byte(5))
	f.Add([]byte{0x32, 9, 0, 3, 'a', '/', 'b', 0, 1, 'x', 'y'}, byte(4))
	f.Add([]byte("\x10\x16\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02d1\x00\x02d1\x00\x02s1"), byte(4))
	f.Fuzz(func(_ *testing.T, raw []byte, version byte) {
		if size, err := packetSize(raw); err != nil || size == 0 || size > len(raw) {
			return
		}
		_, _ = decode(raw, version)
	})
}

func FuzzChange(f *testing.F) {
	f.Add([]byte(`{"did":"d1","parent":"g","method":"properties_changed","at":1,"items":[{"siid":2,"iid":1,"value":1}]}`))
	b := &Broker{}
	b.watch.open(b)
	f.Fuzz(func(_ *testing.T, data []byte) {
		w := &watched{did: "d1"}
		b.watch.onChanged(w, data)
		b.watch.onPresence(w, data)
	})
}
