package certification

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
)

// BundleFormat names the form of a bundle.
const BundleFormat = "proofmark-bundle/1"

// maxBundle is how large a bundle may be, in bytes: a status list is the most of it.
const maxBundle = signing.MaxJWS + 1<<20

// ErrBundle is wrapped by the errors about a file that is no bundle.
var ErrBundle = errors.New("not a certificate bundle")

// Bundle is a certificate with what proves it, in one file.
type Bundle struct {
	Format      string             `json:"format"`           // BundleFormat
	Certificate string             `json:"certificate"`      // compact JWS
	Proof       translog.Inclusion `json:"proof"`            // that it stands in the log, and the signed checkpoint
	Status      string             `json:"status,omitempty"` // compact JWS of the status list
}

// ParseBundle reads a bundle; it says nothing about what is in it.
func ParseBundle(data []byte) (Bundle, error) {
	var b Bundle
	if len(data) > maxBundle {
		return b, fmt.Errorf("%w: %d bytes; at most %d", ErrBundle, len(data), maxBundle)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return b, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return b, fmt.Errorf("%w: something follows it", ErrBundle)
	}
	if b.Format != BundleFormat {
		return b, fmt.Errorf("%w: format %.60q; want %s", ErrBundle, b.Format, BundleFormat)
	}
	return b, nil
}

// SignedCertificate is a certificate whose signature was verified.
type SignedCertificate struct {
	Payload Payload
	KeyID   string
}

// OpenCertificate verifies a certificate's signature under the keys that are
// trusted, and reads it.
func OpenCertificate(text string, ring signing.Keyring) (SignedCertificate, error) {
	j, err := signing.ParseJWS(text, CertificateType)
	if err != nil {
		return SignedCertificate{}, fmt.Errorf("certificate: %w", err)
	}
	// Whether the key stood then, only the claimed time can tell.
	p, err := ParsePayload(j.Claims())
	if err != nil {
		return SignedCertificate{}, err
	}
	issued, err := translog.ParseInstant(p.IssuedAt)
	if err != nil {
		return SignedCertificate{}, err
	}
	key, err := ring.Find(signing.Certificate, j.KeyID, issued)
	if err != nil {
		return SignedCertificate{}, fmt.Errorf("certificate %s: %w", p.Serial, err)
	}
	if _, err := j.Verify(key.Public); err != nil {
		return SignedCertificate{}, fmt.Errorf("certificate %s: %w", p.Serial, err)
	}
	return SignedCertificate{p, key.ID}, nil
}
