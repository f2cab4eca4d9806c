package bench

import (
	"bufio"
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// secure does the handshake, if the bench speaks TLS, and records what it showed.
func (s *session) secure() bool {
	s.in = bufio.NewReaderSize(s.link, 1024)
	if s.b.cfg.Transport == TCP {
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.wire = s.link
		return true
	}
	if !s.speaksTLS() {
		return false
	}
	var facts transcript.TLS
	heard := &listened{Conn: s.link, in: s.in}
	conn := tls.Server(heard, s.serverConfig(&facts))
	err := conn.Handshake()
	alert := ""
	if err != nil {
		alert = heard.alertInClear()
	}
	heard.done, heard.kept = true, nil
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.over {
		return false
	}
	s.handshaken(conn, &facts)
	if err != nil {
		facts.Error, facts.Alert = err.Error(), cmp.Or(alertOf(err), alert)
		s.tls(facts)
		switch {
		case byDevice(err):
			s.end("device: "+reason(err), DropClose)
		case alert != "":
			s.end("device: alert: "+alert, DropClose)
		default:
			s.end("bench: TLS: "+err.Error(), DropClose)
		}
		return false
	}
	s.tls(facts)
	s.wire, s.in = conn, bufio.NewReaderSize(conn, 1024)
	return true
}

// byDevice says whether it was the device that gave a handshake up.
func byDevice(err error) bool {
	return alertOf(err) != "" || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// speaksTLS looks at the first byte. A device that tries plaintext on a TLS port shows it here, and the transcript shows what it said.
func (s *session) speaksTLS() bool {
	const handshake = 0x16
	first, err := s.in.Peek(1)
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	switch {
	case s.over:
		return false
	case err != nil:
		s.end("device: "+reason(err), DropClose)
		return false
	case first[0] != handshake:
		said, _ := s.in.Peek(s.in.Buffered())
		s.bytes(transcript.In, append([]byte(nil), said...))
		s.end("bench: protocol error: no TLS on a TLS port", DropClose)
		return false
	}
	return true
}

// serverConfig is that of one handshake.
func (s *session) serverConfig(facts *transcript.TLS) *tls.Config {
	own := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// A resumed session would show the certificate to nobody.
		SessionTicketsDisabled: true,
		// CONN-10: a record is to be as large as it can.
		DynamicRecordSizingDisabled: true,
	}
	if s.b.cfg.Transport == MTLS {
		// Any certificate is taken, for the transcript to show it; login judges.
		own.ClientAuth = tls.RequireAnyClientCert
		own.ClientCAs = s.clientCAs()
	}
	own.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		s.b.mu.Lock()
		wanted := s.b.fault.Certificate
		s.b.mu.Unlock()
		return s.b.cfg.PKI.certificate(wanted)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			hello := transcript.Hello{ServerName: h.ServerName, Versions: h.SupportedVersions, Suites: h.CipherSuites}
			for _, id := range h.CipherSuites {
				hello.Names = append(hello.Names, suiteName(id))
			}
			facts.Hello = &hello
			return own, nil
		},
	}
}

func (s *session) clientCAs() *x509.CertPool {
	if s.b.cfg.ClientCAs != nil {
		return s.b.cfg.ClientCAs
	}
	return s.b.cfg.PKI.Pool()
}

// handshaken takes what a handshake, however far it came, showed.
func (s *session) handshaken(conn *tls.Conn, facts *transcript.TLS) {
	state := conn.ConnectionState()
	if state.Version != 0 {
		facts.Version = tls.VersionName(state.Version)
	}
	if state.CipherSuite != 0 {
		facts.Suite = suiteName(state.CipherSuite)
	}
	if len(state.PeerCertificates) == 0 {
		return
	}
	s.peer = state.PeerCertificates[0]
	facts.ClientCN, facts.ClientKey = s.peer.Subject.CommonName, keyName(s.peer.PublicKey)
	facts.NotBefore, facts.NotAfter = s.peer.NotBefore.UTC().Format(time.RFC3339), s.peer.NotAfter.UTC().Format(time.RFC3339)
	others := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		others.AddCert(c)
	}
	// Whether it is in date is for SEC-08 to say.
	_, s.fake = s.peer.Verify(x509.VerifyOptions{
		Roots: s.clientCAs(), Intermediates: others, CurrentTime: s.peer.NotBefore.Add(time.Second),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
}

func (s *session) tls(facts transcript.TLS) {
	data, err := json.Marshal(facts)
	if err != nil {
		s.b.note("a handshake cannot be described: %v", err)
	}
	s.b.cfg.Writer.Append(transcript.Record{Kind: transcript.KindTLS, Conn: s.conn, Data: data})
}

// alertOf is the alert that a device sent, if that is what an error is.
func alertOf(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

// keyName is the kind and size of a public key, such as "ECDSA 256".
func keyName(key any) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return fmt.Sprintf("ECDSA %d", k.Curve.Params().BitSize)
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519 256"
	}
	return fmt.Sprintf("%T", key)
}
