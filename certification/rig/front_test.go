package rig

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// place is a bench behind the front, with what it writes down.
type place struct {
	*bench.Bench
	w   *transcript.Writer
	pki *bench.PKI
}

// hall is a front with real listeners.
type hall struct {
	testing.TB
	*front
	address string
}

func open(t testing.TB) *hall {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t, newFront(slog.New(slog.DiscardHandler)), l.Addr().String()}
	ended := make(chan error, 1)
	go func() { ended <- h.serve(l) }()
	t.Cleanup(func() {
		h.close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return h
}

// seat puts a bench behind the front.
func (h *hall) bench(did, transport string) *place {
	h.Helper()
	p := &place{}
	var err error
	if p.w, err = transcript.NewWriter(io.Discard, transcript.Header{DID: did}, &transcript.Secrets{}); err != nil {
		h.Fatal(err)
	}
	if p.pki, err = bench.NewPKI(time.Now(), nameOf(did, "bench.example")); err != nil {
		h.Fatal(err)
	}
	if p.Bench, err = bench.New(bench.Config{
		Writer: p.w, DID: did, Secrets: map[string]string{"factory": "the secret of " + did}, Transport: transport, PKI: p.pki,
	}); err != nil {
		h.Fatal(err)
	}
	leave, err := h.seat(did, p)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		leave()
		_ = p.Close()
	})
	return p
}

// saw waits for a record.
func (p *place) saw(t testing.TB, want func(*transcript.Record) bool) *transcript.Record {
	t.Helper()
	for i := 0; ; {
		r, grown := p.w.At(i)
		switch {
		case r == nil:
			select {
			case <-grown:
			case <-time.After(20 * time.Second):
				t.Fatalf("not among the %d records", i)
			}
		case want(r):
			return r
		default:
			i++
		}
	}
}

func packet(name string) func(*transcript.Record) bool {
	return func(r *transcript.Record) bool { return r.Kind == transcript.KindPacket && r.Name == name }
}

// connectBytes is a CONNECT of MQTT 3.1.1, or 5.0.
func connectBytes(version byte, id, username, password string) []byte {
	text := func(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }
	body := append(text("MQTT"), version, 0xc2, 0, 60)
	if version == 5 {
		body = append(body, 0)
	}
	body = append(append(append(body, text(id)...), text(username)...), text(password)...)
	if len(body) > 127 {
		return append([]byte{0x10, byte(len(body)&0x7f | 0x80), byte(len(body) >> 7)}, body...)
	}
	return append([]byte{0x10, byte(len(body))}, body...)
}

// say opens a connection, writes and returns everything that comes back.
func (h *hall) say(text []byte) []byte {
	h.Helper()
	conn := h.dial()
	if _, err := conn.Write(text); err != nil {
		h.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	got, err := io.ReadAll(conn)
	if err != nil {
		h.Fatalf("after % x: %v", got, err)
	}
	return got
}

func (h *hall) dial() net.Conn {
	h.Helper()
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestEachDeviceMeetsItsOwnBench(t *testing.T) {
	h := open(t)
	one, two := h.bench("bench-one", bench.TCP), h.bench("bench-two", bench.TCP)
	for _, c := range []struct {
		name, id, username, password string
		at, other                    *place
		code                         byte
	}{
		{"its own", "bench-one", "bench-one", "the secret of bench-one", one, two, 0},
		{"the other's", "bench-two", "bench-two", "the secret of bench-two", two, one, 0},
		{"the secret of another run", "bench-one", "bench-one", "the secret of bench-two", one, two, 4},
		{"a wrong password", "bench-two", "bench-two", "guessed", two, one, 4},
		{"a wrong client id with a known user name", "esp32", "bench-one", "the secret of bench-one", one, two, 2},
	} {
		before := c.other.w.Len()
		got := h.say(connectBytes(4, c.id, c.username, c.password))
		if len(got) < 4 || got[0] != 0x20 || got[3] != c.code {
			t.Errorf("%s: % x, want a CONNACK with %d", c.name, got, c.code)
		}
		c.at.saw(t, packet("CONNECT"))
		if c.other.w.Len() != before {
			t.Errorf("%s: the other bench saw it", c.name)
		}
	}
}

func TestWhoHasNoBenchIsToldSo(t *testing.T) {
	h := open(t)
	h.bench("bench-one", bench.TCP)
	for _, c := range []struct {
		name string
		say  []byte
		want []byte
	}{
		{"an unknown did", connectBytes(4, "bench-none", "bench-none", "x"), []byte{0x20, 2, 0, 3}},
		{"an unknown did that speaks MQTT 5", connectBytes(5, "bench-none", "bench-none", "x"), []byte{0x20, 3, 0, 0x88, 0}},
		{"a CONNECT of nobody", connectBytes(4, "", "", ""), []byte{0x20, 2, 0, 3}},
		{"a web browser", []byte("GET / HTTP/1.1\r\nHost: bench\r\n\r\n"), nil},
		{"a CONNECT that ends early", connectBytes(4, "bench-none", "bench-none", "x")[:20], nil},
		{"no MQTT behind the first byte", []byte{0x10, 4, 'a', 'b', 'c', 'd'}, nil},
		{"a handshake that is none", []byte{0x16, 3, 1, 0, 4, 1, 0, 0, 0}, nil},
		{"nothing", nil, nil},
	} {
		if got := h.say(c.say); !bytes.Equal(got, c.want) {
			t.Errorf("%s: % x, want % x", c.name, got, c.want)
		}
	}
	f := &h.refused
	if f.unknown.Load() != 3 || f.garbage.Load() != 4 {
		t.Errorf("%d unknown, %d garbage", f.unknown.Load(), f.garbage.Load())
	}
}

// The bench is known before the handshake: it can show a bad certificate, and sees
// a device that speaks no TLS where it should.
func TestABenchDoesItsOwnHandshake(t *testing.T) {
	h := open(t)
	p := h.bench("bench-one", bench.TLS)
	name := nameOf("bench-one", "bench.example")
	trusting := &tls.Config{RootCAs: p.pki.Pool(), ServerName: name, MinVersion: tls.VersionTLS12}
	conn, err := tls.Dial("tcp", h.address, trusting)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(connectBytes(5, "bench-one", "bench-one", "the secret of bench-one")); err != nil {
		t.Fatal(err)
	}
	p.saw(t, packet("CONNECT"))
	_ = conn.Close()

	if err := p.Act(t.Context(), bench.ActFault, bench.Data(bench.Fault{Certificate: bench.CertWrongName})); err != nil {
		t.Fatal(err)
	}
	var wrong x509.HostnameError
	if _, err := tls.Dial("tcp", h.address, trusting); !errors.As(err, &wrong) {
		t.Errorf("a wrong name: %v", err)
	}
	h.say(connectBytes(4, "bench-one", "bench-one", "x"))
	p.saw(t, func(r *transcript.Record) bool {
		return r.Kind == transcript.KindClose && strings.Contains(r.Name, "no TLS on a TLS port")
	})

	_, err = tls.Dial("tcp", h.address, &tls.Config{ServerName: "bench-none.bench.example", MinVersion: tls.VersionTLS12})
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("an unknown server name: %v", err)
	}
}

// A crowd that says nothing keeps nobody else out.
func TestAFloodOfSilentConnections(t *testing.T) {
	h := open(t)
	h.bench("bench-one", bench.TCP)
	var silent []net.Conn
	for range maxOfOne {
		silent = append(silent, h.dial())
	}
	// All come from this address, so its next one is closed at once.
	conn := h.dial()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the %dth silent connection: %v", maxOfOne+1, err)
	}
	if h.refused.crowd.Load() == 0 {
		t.Error("it was not counted")
	}
	for _, c := range silent {
		_ = c.Close()
	}
	for range 1000 {
		h.mu.Lock()
		left := len(h.strangers)
		h.mu.Unlock()
		if left == 0 {
			break
		}
		<-time.After(10 * time.Millisecond) // until the ends have been read
	}
	if got := h.say(connectBytes(4, "bench-one", "bench-one", "the secret of bench-one")); len(got) < 4 || got[3] != 0 {
		t.Errorf("after the flood: % x", got)
	}
}

func TestPorts(t *testing.T) {
	for text, want := range map[string]Ports{"": {}, "off": {}, "21000-21099": {21000, 21099}, "8885": {8885, 8885}} {
		if got, err := ParsePorts(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"0-10", "10-5", "1-70000", "a-b", "-", "1-2-3"} {
		if _, err := ParsePorts(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	taken := map[int]bool{}
	p := Ports{100, 102}
	listen := func(port int) (net.Listener, error) {
		if taken[port] {
			return nil, fmt.Errorf("port %d is taken", port)
		}
		taken[port] = true
		return nil, nil
	}
	for range 3 {
		if _, port, err := p.open("bench-one", listen); err != nil || port < 100 || port > 102 {
			t.Errorf("port %d, %v", port, err)
		}
	}
	if _, _, err := p.open("bench-one", listen); err == nil || len(taken) != 3 {
		t.Errorf("a fourth port: %v", err)
	}
}

func FuzzPeekConnect(f *testing.F) {
	f.Add(connectBytes(4, "bench-one", "user", "secret"))
	f.Add(connectBytes(5, "", strings.Repeat("u", 200), "secret"))
	f.Add([]byte{0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4, 'M', 'Q', 'T', 'T', 5, 4, 0, 0, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(text), maxConnect)
		c, err := peekConnect(r, func(string) bool { return false })
		if err == nil && (len(c.clientID) > maxConnect || c.version == 0 && len(text) < 12) {
			t.Errorf("%+v", c)
		}
		if rest, _ := io.ReadAll(r); !bytes.Equal(rest, text) {
			t.Error("bytes were taken")
		}
	})
}

func FuzzReadHello(f *testing.F) {
	near, far := net.Pipe()
	go func() {
		_ = tls.Client(near, &tls.Config{ServerName: "bench-one.bench.example", MinVersion: tls.VersionTLS12}).Handshake() // gets no answer
	}()
	hello := make([]byte, maxHello)
	n, err := far.Read(hello)
	if err != nil {
		f.Fatal(err)
	}
	_ = far.Close()
	f.Add(hello[:n])
	f.Add([]byte{0x16, 3, 1, 0, 1, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		name, read, err := readHello(bufio.NewReaderSize(bytes.NewReader(text), maxConnect))
		if err == nil && !bytes.HasPrefix(text, read) {
			t.Errorf("name %q: what was read is not what was there", name)
		}
	})
}
