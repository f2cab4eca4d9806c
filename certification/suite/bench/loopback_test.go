package bench_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// served is a rig behind a real listener.
func served(t *testing.T, change ...func(*bench.Config)) (*rig, string) {
	t.Helper()
	r := newRig(t, change...)
	l := listen(t)
	ended := make(chan error, 1)
	go func() { ended <- r.b.Serve(l) }()
	t.Cleanup(func() {
		r.close()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return r, l.Addr().String()
}

func plain(address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

const soon = 10 * time.Second

func TestLoopbackReset(t *testing.T) {
	t.Parallel()
	r, address := served(t)
	conn, err := plain(address)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r.within(soon, kind(transcript.KindOpen))
	r.act(bench.ActDrop, bench.Drop{How: bench.DropReset})
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: %v, needs a reset", err)
	}
	r.fault(bench.Fault{Down: bench.DownReset})
	again, err := plain(address)(t.Context())
	if err == nil {
		_, err = again.Read(make([]byte, 1))
		_ = again.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("while down: %v, needs a reset", err)
	}
	r.within(soon, closed("bench: down"))
}

func TestLoopbackSessions(t *testing.T) {
	t.Parallel()
	r, address := served(t)
	c := newClient(options(plain(address)))
	done(t, c.Connect())
	done(t, c.Publish(report, 1, false, "x"))
	r.act(bench.ActRequest, bench.Request{Payload: "hello", QoS: 1})
	<-c.got
	r.within(soon, packet(transcript.In, "PUBACK"))
	r.act(bench.ActDrop, bench.Drop{})
	r.within(soon, closed("bench: drop"))
	again := newClient(options(plain(address)))
	done(t, again.Connect())
	again.Disconnect(10)
	r.within(soon, closed("device: DISCONNECT"))
}

func TestLoopbackDeviceResets(t *testing.T) {
	t.Parallel()
	r, address := served(t)
	conn, err := plain(address)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.within(soon, kind(transcript.KindOpen))
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
	if end := r.within(soon, kind(transcript.KindClose)); end.Name != "device: reset" {
		t.Errorf("close: %s", end.Name)
	}
}

func TestLoopbackTLS(t *testing.T) {
	t.Parallel()
	p := pki(t)
	r, address := served(t, secured(p, bench.TLS))
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: trusting(p)}).DialContext(ctx, "tcp", address)
	}
	c := newClient(options(dial))
	done(t, c.Connect())
	r.within(soon, packet(transcript.Out, "CONNACK"))
	c.Disconnect(10)
	r.within(soon, closed("device: DISCONNECT"))
	r.fault(bench.Fault{Certificate: bench.CertExpired})
	if conn, err := dial(t.Context()); err == nil {
		_ = conn.Close()
		t.Error("an expired certificate was taken")
	}
	r.within(soon, closed("device: alert: "))
}

func TestLoopbackBlackholeSeesTheClose(t *testing.T) {
	t.Parallel()
	r, address := served(t)
	c := newClient(options(plain(address)))
	done(t, c.Connect())
	r.fault(bench.Fault{Blackhole: true})
	c.Disconnect(0)
	r.within(soon, closed("device: closed"))
}

func TestLoopbackADeviceThatReadsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("megabytes go through the transcript")
	}
	t.Parallel()
	r, address := served(t)
	conn, err := plain(address)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write(connectPacket(t))
	r.within(soon, packet(transcript.Out, "CONNACK"))
	large := bench.Request{PayloadHex: make(transcript.Hex, 1<<20), QoS: 1}
	for r.count(kind(transcript.KindClose)) == 0 {
		r.act(bench.ActRequest, large)
	}
	r.within(soon, closed("bench: device leaves more than 8 MiB unread"))
}
