package bench

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// The certificates that a bench can show.
const (
	CertGood      = "good"
	CertUnknownCA = "unknown-ca" // signed by another authority of the same name
	CertWrongName = "wrong-name"
	CertExpired   = "expired"    // since yesterday
	CertNotYet    = "not-yet"    // in a year
	CertLongChain = "long-chain" // three certificates with keys of 4096 bits, 8 KiB or more
)

var certificates = []string{"", CertGood, CertUnknownCA, CertWrongName, CertExpired, CertNotYet, CertLongChain}

// DefaultName is what a server certificate is for when no other name is given.
const DefaultName = "bench.proofmark.test"

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// PKI is an authority of the bench's own, which a device under test has to trust, and what it signs, right and wrong.
// Its times count from the now that it was made with.
type PKI struct {
	now   time.Time
	names []string // of the server
	ca    authority
	other authority // with the same name
	key   *ecdsa.PrivateKey

	mu    sync.Mutex
	certs map[string]*tls.Certificate // made when first wanted
}

type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// NewPKI makes an authority for servers of these names, which may be IP addresses; with none it is DefaultName.
func NewPKI(now time.Time, names ...string) (*PKI, error) {
	ca, err := newAuthority(now)
	if err != nil {
		return nil, fmt.Errorf("bench: authority: %w", err)
	}
	return newPKI(ca, now, names)
}

func newPKI(ca authority, now time.Time, names []string) (*PKI, error) {
	other, err := newAuthority(now)
	if err != nil {
		return nil, fmt.Errorf("bench: other authority: %w", err)
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = []string{DefaultName}
	}
	return &PKI{now: now, names: names, ca: ca, other: other, key: key, certs: map[string]*tls.Certificate{}}, nil
}

// ParsePKI reads what Marshal wrote: real devices have to be told whom to trust once, not at every run.
func ParsePKI(text []byte, now time.Time, names ...string) (*PKI, error) {
	var ca authority
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("bench: authority: %w", err)
			}
			ca.cert = cert
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("bench: authority's key: %w", err)
			}
			ca.key, _ = key.(crypto.Signer)
		}
	}
	if ca.cert == nil || ca.key == nil {
		return nil, errors.New("bench: authority: needs a CERTIFICATE and a PRIVATE KEY block")
	}
	return newPKI(ca, now, names)
}

// Name is the first of the names that the good certificate is for.
func (p *PKI) Name() string { return p.names[0] }

// Marshal is the authority with its private key, as PEM.
func (p *PKI) Marshal() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(p.ca.key)
	if err != nil {
		return nil, fmt.Errorf("bench: authority's key: %w", err)
	}
	return append(p.CertificatePEM(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), nil
}

// CertificatePEM is what a device is to trust.
func (p *PKI) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.ca.cert.Raw})
}

// Pool is the same for a TLS configuration.
func (p *PKI) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.ca.cert)
	return pool
}

// Client is a good certificate for a device that logs in by mutual TLS.
func (p *PKI) Client(did string) (tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	return p.ClientWith(did, key, p.now.Add(-time.Hour), p.now.Add(year))
}

// ClientWith is any client certificate: with a weak key, out of date, for somebody else.
func (p *PKI) ClientWith(cn string, key crypto.Signer, from, until time.Time) (tls.Certificate, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: cn}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	cert, err := p.ca.sign(template, key.Public())
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("bench: certificate for %s: %w", cn, err)
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// certificate is the server's of that name.
func (p *PKI) certificate(which string) (*tls.Certificate, error) {
	if which == "" {
		which = CertGood
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.certs[which]; c != nil {
		return c, nil
	}
	made, err := p.server(which)
	if err != nil {
		return nil, fmt.Errorf("bench: certificate %s: %w", which, err)
	}
	p.certs[which] = made
	return made, nil
}

func (p *PKI) server(which string) (*tls.Certificate, error) {
	template, signer := serverTemplate(p.names, p.now.Add(-time.Hour), p.now.Add(year)), p.ca
	switch which {
	case CertGood:
	case CertUnknownCA:
		signer = p.other
	case CertWrongName:
		template = serverTemplate([]string{"somebody-else.invalid"}, template.NotBefore, template.NotAfter)
	case CertExpired:
		template.NotBefore, template.NotAfter = p.now.Add(-year), p.now.Add(-day)
	case CertNotYet:
		template.NotBefore, template.NotAfter = p.now.Add(year), p.now.Add(2*year)
	case CertLongChain:
		return p.longChain()
	default:
		return nil, fmt.Errorf("is none of %v", certificates)
	}
	cert, err := signer.sign(template, p.key.Public())
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: p.key, Leaf: cert}, nil
}

func serverTemplate(names []string, from, until time.Time) *x509.Certificate {
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: names[0]}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t
}

func authorityTemplate(name string, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func newAuthority(now time.Time) (authority, error) {
	key, err := newKey()
	if err != nil {
		return authority{}, err
	}
	a := authority{key: key}
	template := authorityTemplate("Proofmark bench", now.Add(-10*year), now.Add(10*year))
	a.cert = template // it signs itself
	a.cert, err = a.sign(template, key.Public())
	return a, err
}

// sign makes a certificate from a template.
func (a authority) sign(template *x509.Certificate, key crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("bench: key: %w", err)
	}
	return key, nil
}
