package virtual_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
)

// certificate makes a self-signed one for this address and time.
func certificate(t *testing.T, address string, from time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: from.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.ParseIP(address)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestTheBrokersCertificateIsValidated is CONN-03 to CONN-05, over a real port.
func TestTheBrokersCertificateIsValidated(t *testing.T) {
	now := time.Now().Add(-time.Minute)
	good, trusted := certificate(t, "127.0.0.1", now)
	unknown, _ := certificate(t, "127.0.0.1", now)
	elsewhere, elsewhereTrusted := certificate(t, "127.0.0.2", now)
	expired, expiredTrusted := certificate(t, "127.0.0.1", now.Add(-2*time.Hour))
	for _, c := range []struct {
		sentence string
		serve    tls.Certificate
		trust    *x509.CertPool
		want     virtual.Kind
	}{
		{"a trusted one is accepted", good, trusted, virtual.Connected},
		{"an unknown authority is refused", unknown, trusted, virtual.Failed},
		{"a wrong address is refused", elsewhere, elsewhereTrusted, virtual.Failed},
		{"an expired one is refused", expired, expiredTrusted, virtual.Failed},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			b := newBench(t)
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{c.serve}})
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					go func() { _ = b.server.EstablishConnection("tls", conn) }()
				}
			}()
			outcome := make(chan virtual.Kind, 100)
			_, stop := running(t, virtual.Config{
				Spec: spec(t, lamp), Broker: "mqtts://" + listener.Addr().String(), TLS: &tls.Config{RootCAs: c.trust},
				Observe: func(o virtual.Observation) {
					if o.Kind == virtual.Connected || o.Kind == virtual.Failed {
						outcome <- o.Kind
					}
				},
			})
			if got := <-outcome; got != c.want {
				t.Errorf("outcome: %s", got)
			}
			stop()
			_ = listener.Close()
			b.close()
			if c.want == virtual.Failed && len(b.passwords()) > 0 {
				t.Error("the password was sent to an untrusted broker")
			}
		})
	}
}
