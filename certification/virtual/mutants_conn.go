package virtual

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"time"
)

func init() {
	breed(
		Mutant{
			Name: "connects-late", Cases: []string{"CONN-01"},
			Sentence:  "it thinks for 12 s before CONNECT",
			Behaviour: Behaviour{ConnectAfter: 12 * time.Second},
		},
		Mutant{
			Name: "offers-3des", Cases: []string{"CONN-02"},
			Sentence: "it offers 3DES besides what is good",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				c.MaxVersion = tls.VersionTLS12
				c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}
			}},
		},
		Mutant{
			Name: "offers-no-aead", Cases: []string{"CONN-02"},
			Sentence: "it offers CBC suites only",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				c.MaxVersion = tls.VersionTLS12
				c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}
			}},
		},
		Mutant{
			Name: "trusts-everybody", Cases: []string{"CONN-03", "CONN-04", "CONN-05"},
			Sentence: "it verifies nothing about the server's certificate",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				c.InsecureSkipVerify = true // that is what is wrong with it
			}},
		},
		Mutant{
			Name: "ignores-the-name", Cases: []string{"CONN-04"},
			Sentence: "it verifies the chain and the dates, and not for whom the certificate is",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				verifyBut(c, func(_ *x509.Certificate, o *x509.VerifyOptions) { o.DNSName = "" })
			}},
		},
		Mutant{
			Name: "ignores-the-dates", Cases: []string{"CONN-05"},
			Sentence: "it has no clock and takes every date",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				verifyBut(c, func(leaf *x509.Certificate, o *x509.VerifyOptions) { o.CurrentTime = leaf.NotBefore.Add(time.Second) })
			}},
		},
		Mutant{
			Name: "falls-back-to-plaintext", Cases: []string{"CONN-06", "CONN-04", "CONN-05"},
			Sentence:  "from five failures in a row on, every other attempt is without TLS",
			Behaviour: Behaviour{FallBack: 5},
		},
		Mutant{
			Name: "tries-another-key", Cases: []string{"CONN-07"},
			Sentence: "after three failures in a row it tries a default password, three times",
			Behaviour: Behaviour{Password: func(secret string, failures int) string {
				if failures >= 3 && failures < 6 {
					return "admin"
				}
				return secret
			}},
		},
		Mutant{
			Name: "insists", Cases: []string{"CONN-08", "CONN-07"},
			Sentence:  "it tries again every 3 s, whatever the answer",
			Behaviour: Behaviour{Backoff: every(3 * time.Second)},
		},
		Mutant{
			Name: "takes-short-chains-only", Cases: []string{"CONN-09"},
			Sentence: "its handshake buffer holds 4 KB of certificates",
			Behaviour: Behaviour{Secure: func(c *tls.Config) {
				c.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error {
					size := 0
					for _, cert := range raw {
						size += len(cert)
					}
					if size > 4096 {
						return errors.New("no room for the certificates")
					}
					return nil
				}
			}},
		},
		Mutant{
			Name: "takes-small-packets-only", Cases: []string{"CONN-10", "ROB-02"},
			Sentence:  "it closes the connection on a packet of more than 8 KB",
			Behaviour: Behaviour{LargestPacket: 8 << 10},
		},
	)
}

// every is a backoff that never grows.
func every(pause time.Duration) func(*rand.Rand, int) time.Duration {
	return func(*rand.Rand, int) time.Duration { return pause }
}

// verifyBut verifies a server's certificate as it should be, but for one thing.
func verifyBut(c *tls.Config, relax func(leaf *x509.Certificate, o *x509.VerifyOptions)) {
	name, roots := c.ServerName, c.RootCAs
	c.InsecureSkipVerify = true // it is verified below
	c.VerifyConnection = func(s tls.ConnectionState) error {
		o := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range s.PeerCertificates[1:] {
			o.Intermediates.AddCert(cert)
		}
		relax(s.PeerCertificates[0], &o)
		_, err := s.PeerCertificates[0].Verify(o)
		return err
	}
}
