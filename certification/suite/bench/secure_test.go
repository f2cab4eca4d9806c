package bench_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
)

func secured(p *bench.PKI, transport string) func(*bench.Config) {
	return func(c *bench.Config) { c.Transport, c.PKI = transport, p }
}

func handshake(t testing.TB, r *transcript.Record) transcript.TLS {
	t.Helper()
	var facts transcript.TLS
	if err := json.Unmarshal(r.Data, &facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestAHandshakeIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, secured(pki(t), bench.TLS))
		_, stop := r.device(func(c *virtual.Config) { c.Dial = r.b.DialTLS(nil) })
		facts := handshake(t, r.within(time.Second, kind(transcript.KindTLS)))
		if facts.Error != "" || facts.Version != "TLS 1.3" || facts.Suite == "" || facts.Hello == nil {
			t.Fatalf("TLS: %+v", facts)
		}
		if h := facts.Hello; h.ServerName != bench.DefaultName || !slices.Contains(h.Versions, tls.VersionTLS12) ||
			!slices.Contains(h.Names, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256") || len(h.Names) != len(h.Suites) {
			t.Errorf("hello: %+v", h)
		}
		r.within(time.Second, packet(transcript.Out, "SUBACK"))
		r.act(bench.ActDrop, bench.Drop{})
		r.within(time.Minute, kind(transcript.KindTLS)) // and no session resumed
		r.within(time.Second, packet(transcript.Out, "SUBACK"))
		stop()
		if end := r.within(time.Second, closed("device: ")); end.Name != "device: DISCONNECT" {
			t.Errorf("close: %s", end.Name)
		}
		r.close()
	})
}

func TestBadCertificatesAreRejected(t *testing.T) {
	for which, alert := range map[string]string{
		bench.CertUnknownCA: "bad certificate", bench.CertWrongName: "bad certificate",
		bench.CertExpired: "bad certificate", bench.CertNotYet: "bad certificate",
	} {
		t.Run(which, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, secured(pki(t), bench.TLS))
				r.fault(bench.Fault{Certificate: which})
				_, stop := r.device(func(c *virtual.Config) { c.Dial = r.b.DialTLS(nil) })
				for range 3 {
					facts := handshake(t, r.within(5*time.Minute, kind(transcript.KindTLS)))
					if facts.Hello == nil || !strings.Contains(facts.Alert, alert) || facts.Error == "" {
						t.Errorf("TLS: %+v", facts)
					}
					r.within(time.Second, closed("device: alert: "))
				}
				if n := r.count(kind(transcript.KindPacket)); n != 0 {
					t.Errorf("%d packets of MQTT", n)
				}
				r.fault(bench.Fault{})
				r.within(5*time.Minute, packet(transcript.Out, "CONNACK"))
				stop()
				r.close()
			})
		})
	}
}

func TestTheLongChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, secured(pki(t), bench.TLS))
		r.fault(bench.Fault{Certificate: bench.CertLongChain})
		dial := r.b.DialTLS(nil)
		_, stop := r.device(func(c *virtual.Config) {
			c.Dial = func(ctx context.Context) (net.Conn, error) {
				conn, err := dial(ctx)
				if err == nil {
					size := 0
					chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
					for _, cert := range chain {
						size += len(cert.Raw)
					}
					if len(chain) != 3 || size < 8192 {
						t.Errorf("%d certificates of %d bytes, needs 3 of 8192", len(chain), size)
					}
				}
				return conn, err
			}
		})
		r.within(time.Minute, packet(transcript.Out, "CONNACK"))
		stop()
		r.close()
	})
}

func TestALargeMessageIsOneRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pki(t)
		r := newRig(t, secured(p, bench.TLS))
		largest := 0
		dial := func(ctx context.Context) (net.Conn, error) {
			raw, err := r.b.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return tls.Client(&records{Conn: raw, largest: &largest}, trusting(p)), nil
		}
		c := newClient(options(dial))
		done(t, c.Connect())
		r.act(bench.ActRequest, bench.Request{Payload: strings.Repeat("x", 16384), QoS: 1})
		<-c.got
		r.within(time.Second, packet(transcript.In, "PUBACK"))
		// 16,384 bytes of plaintext, one that tells their type, and an authentication tag.
		if largest != 16384+1+16 {
			t.Errorf("the largest record has %d bytes, needs %d", largest, 16384+1+16)
		}
		c.Disconnect(10)
		r.close()
	})
}

// records looks at the sizes of the TLS records that a device reads.
type records struct {
	net.Conn
	largest *int
	seen    []byte
}

func (r *records) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.seen = append(r.seen, p[:n]...)
	for len(r.seen) >= 5 {
		size := int(r.seen[3])<<8 | int(r.seen[4])
		*r.largest = max(*r.largest, size)
		if len(r.seen) < 5+size {
			break
		}
		r.seen = r.seen[5+size:]
	}
	return n, err
}

func TestMutualTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stranger := pki(t), pki(t)
		key, err := rsa.GenerateKey(rand.Reader, 1024) // which SEC-08 is to see
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		for name, c := range map[string]struct {
			from          *bench.PKI
			cn            string
			since, until  time.Time
			code          int
			user, keyName string
		}{
			"its own":        {p, did, now.Add(-time.Hour), now.Add(time.Hour), 0, "", "RSA 1024"},
			"with password":  {p, did, now.Add(-time.Hour), now.Add(time.Hour), 0, did, "RSA 1024"},
			"out of date":    {p, did, now.Add(-2 * time.Hour), now.Add(-time.Hour), 0, "", "RSA 1024"},
			"somebody's":     {p, "lamp-2", now.Add(-time.Hour), now.Add(time.Hour), 5, "", "RSA 1024"},
			"of another CA":  {stranger, did, now.Add(-time.Hour), now.Add(time.Hour), 5, "", "RSA 1024"},
			"wrong password": {p, did, now.Add(-time.Hour), now.Add(time.Hour), 4, "lamp-2", "RSA 1024"},
		} {
			r := newRig(t, secured(p, bench.MTLS))
			cert, err := c.from.ClientWith(c.cn, key, c.since, c.until)
			if err != nil {
				t.Fatal(err)
			}
			o := options(r.b.DialTLS(&tls.Config{MinVersion: tls.VersionTLS12, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &cert, nil
			}}))
			if o.SetUsername(c.user); c.user == "" {
				o.SetPassword("")
			}
			client := newClient(o)
			client.Connect().WaitTimeout(time.Minute)
			facts := handshake(t, r.within(time.Second, kind(transcript.KindTLS)))
			if facts.ClientCN != c.cn || facts.ClientKey != c.keyName || facts.NotAfter != c.until.UTC().Format(time.RFC3339) {
				t.Errorf("%s: %+v", name, facts)
			}
			if got := decoded(t, r.within(time.Second, packet(transcript.Out, "CONNACK"))).Reason; got != c.code {
				t.Errorf("%s: CONNACK %d, needs %d", name, got, c.code)
			}
			client.Disconnect(10)
			r.close()
		}
	})
}

func TestMutualTLSByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, secured(pki(t), bench.MTLS))
		c := newClient(options(r.b.DialTLS(nil)).SetUsername("").SetPassword(""))
		done(t, c.Connect())
		c.Disconnect(10)
		r.close()

		r = newRig(t, secured(pki(t), bench.MTLS))
		none := newClient(options(r.b.DialTLS(&tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{},
		})))
		none.Connect().WaitTimeout(time.Minute)
		if facts := handshake(t, r.within(time.Second, kind(transcript.KindTLS))); facts.Error == "" {
			t.Errorf("a handshake without a certificate: %+v", facts)
		}
		r.within(time.Second, kind(transcript.KindClose))
		r.close()
	})
}

func TestPlaintextOnATLSPortIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, secured(pki(t), bench.TLS))
		c := newClient(options(r.b.Dial))
		c.Connect().WaitTimeout(time.Minute)
		said := r.within(time.Second, kind(transcript.KindBytes))
		if said.Dir != transcript.In || said.Raw[0] != 0x10 || !strings.Contains(string(said.Raw), did) {
			t.Errorf("bytes: %q", said.Raw)
		}
		r.within(time.Second, closed("bench: protocol error: no TLS"))
		r.close()
	})
}

func TestADeviceThatLeavesDuringTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, secured(pki(t), bench.TLS))
		conn, err := r.b.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte{0x16, 3, 1, 2, 0, 1})
		_ = conn.Close()
		if facts := handshake(t, r.within(time.Second, kind(transcript.KindTLS))); facts.Error == "" || facts.Hello != nil {
			t.Errorf("TLS: %+v", facts)
		}
		r.within(time.Second, closed("device: closed"))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, io.EOF) {
			t.Errorf("read of a closed end: %d, %v", n, err)
		}
		r.close()
	})
}

func TestAPKIIsKept(t *testing.T) {
	first := pki(t)
	text, err := first.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := bench.ParsePKI(text, time.Now(), "127.0.0.1", "gateway.local")
	if err != nil {
		t.Fatal(err)
	}
	if string(again.CertificatePEM()) != string(first.CertificatePEM()) {
		t.Error("the authority is another one")
	}
	for _, broken := range []string{"", "x", string(first.CertificatePEM()), strings.Replace(string(text), "MII", "MIX", 1)} {
		if _, err := bench.ParsePKI([]byte(broken), time.Now()); err == nil {
			t.Errorf("%.40q is taken for an authority", broken)
		}
	}
	// A device that trusts the first one is content with the second. The bubble's clock is not the one of the certificates.
	outside := time.Now()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, secured(again, bench.TLS))
		conf := trusting(first)
		conf.Time = func() time.Time { return outside }
		for _, name := range []string{"127.0.0.1", "gateway.local"} {
			conf.ServerName = name
			conn, err := r.b.DialTLS(conf)(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
		}
		r.close()
	})
}
