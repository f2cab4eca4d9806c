package broker

import (
	"crypto/tls"
	"crypto/x509"
)

// TLSConfig is what devices are offered: TLS 1.2 with forward secrecy or 1.3. With
// clientCA, a device may show a certificate of that authority instead of a secret;
// one of another authority fails the handshake.
func TLSConfig(cert func(*tls.ClientHelloInfo) (*tls.Certificate, error), clientCA *x509.CertPool) *tls.Config {
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: cert,
		CipherSuites: []uint16{ // of TLS 1.2; small devices have these (CONN-02)
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
	if clientCA != nil {
		config.ClientCAs, config.ClientAuth = clientCA, tls.VerifyClientCertIfGiven
	}
	return config
}

// certificate is what the client has shown, if the handshake has verified it.
func (c *client) certificate() *x509.Certificate {
	t, ok := c.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	s := t.ConnectionState()
	if len(s.VerifiedChains) == 0 {
		return nil
	}
	return s.PeerCertificates[0]
}
