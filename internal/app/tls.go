package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The lives of what is made in the data folder. A server certificate is made
// anew at start when less than renewBefore is left; its CA stays, so devices that
// were given the CA notice nothing.
const (
	caLife      = 20 * 365 * 24 * time.Hour
	serverLife  = 397 * 24 * time.Hour
	renewBefore = 30 * 24 * time.Hour
)

// serverTLS is the configuration of the TLS listener: the certificate given, or
// one made in the data folder. Client certificates are optional; one that is
// shown must be signed by the client CA, and its common name is the did.
func serverTLS(c Config, now time.Time) (*tls.Config, error) {
	dir := filepath.Join(c.Data, "tls")
	ca, err := localCA(dir, now)
	if err != nil {
		return nil, err
	}
	var cert tls.Certificate
	if c.TLSCert != "" {
		cert, err = tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	} else {
		cert, err = ca.server(dir, append([]string{"localhost", "127.0.0.1", "::1", hostname()}, c.TLSNames...), now)
	}
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	clients := x509.NewCertPool()
	if c.TLSClientCA == "" {
		clients.AddCert(ca.cert)
	} else {
		b, err := os.ReadFile(c.TLSClientCA)
		if err != nil {
			return nil, fmt.Errorf("CA of device certificates: %w", err)
		}
		if !clients.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("CA of device certificates: %s holds no PEM certificate", c.TLSClientCA)
		}
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    clients,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

func hostname() string {
	h, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return h
}

// authority is the CA in the data folder. Devices are given ca.pem.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func localCA(dir string, now time.Time) (*authority, error) {
	certFile, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return newCA(dir, certFile, keyFile, now)
	}
	if err != nil {
		return nil, fmt.Errorf("CA in %s: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("CA in %s: key is %T, needs ECDSA", dir, pair.PrivateKey)
	}
	return &authority{cert: pair.Leaf, key: key}, nil
}

func newCA(dir, certFile, keyFile string, now time.Time) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Proofmark gateway CA of " + hostname()},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	ca := &authority{}
	cert, key, err := ca.sign(t, certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("make CA in %s: %w", dir, err)
	}
	return &authority{cert: cert, key: key}, nil
}

// server loads the gateway's certificate, or makes one when there is none that
// fits: near its end, without one of the names, or half written by a crash.
func (ca *authority) server(dir string, names []string, now time.Time) (tls.Certificate, error) {
	certFile, keyFile := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server-key.pem")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && now.Add(renewBefore).Before(pair.Leaf.NotAfter) && covers(pair.Leaf, names) && pair.Leaf.CheckSignatureFrom(ca.cert) == nil {
		return pair, nil
	}
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: names[0]},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if !slices.Contains(t.DNSNames, n) {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	if _, _, err := ca.sign(t, certFile, keyFile); err != nil {
		return pair, err
	}
	return tls.LoadX509KeyPair(certFile, keyFile)
}

func covers(cert *x509.Certificate, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return cert.VerifyHostname(n) != nil })
}

// sign makes a key and a certificate for it, signed by the CA (or by itself if
// there is none yet), and writes both.
func (ca *authority) sign(t *x509.Certificate, certFile, keyFile string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, nil, err
	}
	parent, signer := ca.cert, ca.key
	if parent == nil {
		parent, signer = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := writePEM(keyFile, "EC PRIVATE KEY", keyDER, 0o600); err != nil {
		return nil, nil, err
	}
	if err := writePEM(certFile, "CERTIFICATE", der, 0o644); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

// writePEM replaces a file in one step, so that a crash leaves the old or the new.
func writePEM(file, kind string, der []byte, mode fs.FileMode) error {
	return writeFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func writeFile(file string, b []byte, mode fs.FileMode) error {
	tmp := file + ".new"
	if err := os.WriteFile(tmp, b, mode); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}
