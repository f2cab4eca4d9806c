package signing

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Purpose is what a key signs, and the only thing.
type Purpose string

// The purposes.
const (
	Certificate Purpose = "certificate"
	Log         Purpose = "log"
	Status      Purpose = "status"
)

// Purposes are all of them.
var Purposes = []Purpose{Certificate, Log, Status}

// Errors about keys.
var (
	ErrUnknownKey = errors.New("unknown key")
	ErrKeyTime    = errors.New("the key did not stand for that time")
	ErrRevokedKey = errors.New("the key was revoked")
)

// Signer signs with one key. Files are behind it here; a hardware module may be.
type Signer interface {
	KeyID() string
	Public() ed25519.PublicKey
	Sign(message []byte) ([]byte, error)
}

// Key is the public half of a key and the time for which it stands.
type Key struct {
	ID        string // its thumbprint: KeyID
	Purpose   Purpose
	Public    ed25519.PublicKey
	CreatedAt time.Time // it stands from here
	EndedAt   time.Time // to here, or still when zero
	RevokedAt time.Time // from when it may have been in other hands; zero: never
	Reason    string    // why it was revoked
}

// KeyID names a key: its thumbprint of RFC 7638 with SHA-256, as RFC 8037 §2
// says for Ed25519, base64url.
func KeyID(public ed25519.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("thumbprint of a public key of %d bytes: %w", len(public), err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// Keyring is a set of public keys that somebody trusts. A key without a purpose
// is trusted for all; so is a time that is zero.
type Keyring []Key

// Find returns the key that may have signed at that time for that purpose. What
// a revoked key signed before its revocation counts for certificates only: a
// certificate stands in the log, so it cannot be dated back unseen.
func (r Keyring) Find(purpose Purpose, id string, at time.Time) (Key, error) {
	for _, k := range r {
		if k.ID != id || (k.Purpose != "" && k.Purpose != purpose) {
			continue
		}
		switch {
		case !k.RevokedAt.IsZero() && (purpose != Certificate || !at.Before(k.RevokedAt)):
			return k, fmt.Errorf("%w: key %s at %s: %s", ErrRevokedKey, id, k.RevokedAt.UTC().Format(time.RFC3339), k.Reason)
		case at.Before(k.CreatedAt), !k.EndedAt.IsZero() && !at.Before(k.EndedAt):
			return k, fmt.Errorf("%w: key %s stands from %s to %s, asked for %s", ErrKeyTime, id, when(k.CreatedAt), when(k.EndedAt), when(at))
		}
		return k, nil
	}
	return Key{}, fmt.Errorf("%w: key %q is none of the %d that are trusted for purpose %s", ErrUnknownKey, id, len(r), purpose)
}

// Of are the public keys of the purpose that were not revoked.
func (r Keyring) Of(purpose Purpose) []ed25519.PublicKey {
	var keys []ed25519.PublicKey
	for _, k := range r {
		if (k.Purpose == "" || k.Purpose == purpose) && k.RevokedAt.IsZero() {
			keys = append(keys, k.Public)
		}
	}
	return keys
}

func when(t time.Time) string {
	if t.IsZero() {
		return "now"
	}
	return t.UTC().Format(time.RFC3339)
}
