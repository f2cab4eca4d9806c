package signing

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/proofmark/proofmark/certification/translog"
)

// ErrKeys is wrapped by the errors about a file of public keys.
var ErrKeys = errors.New("bad public keys")

// validity is what a published key has beside the members of RFC 7517.
type validity struct {
	Purpose   Purpose    `json:"purpose,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	NotAfter  *time.Time `json:"not_after,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	Reason    string     `json:"revocation_reason,omitempty"`
	Verifier  string     `json:"note_verifier,omitempty"` // of log keys: the form that note tools take
}

// MarshalJWKS writes the keys as a JWK set (RFC 7517) with our members: purpose
// and validity of each. origin is the name of the log.
func (r Keyring) MarshalJWKS(origin string) ([]byte, error) {
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{[]json.RawMessage{}}
	for _, k := range r {
		b, err := k.jwk(origin)
		if err != nil {
			return nil, fmt.Errorf("publish key %s: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, b)
	}
	return json.MarshalIndent(set, "", "  ")
}

func (k Key) jwk(origin string) ([]byte, error) {
	b, err := json.Marshal(jose.JSONWebKey{Key: k.Public, KeyID: k.ID, Algorithm: string(jose.EdDSA), Use: "sig"})
	if err != nil {
		return nil, err
	}
	v := validity{Purpose: k.Purpose, NotBefore: optional(k.CreatedAt), NotAfter: optional(k.EndedAt), RevokedAt: optional(k.RevokedAt), Reason: k.Reason}
	if k.Purpose == Log {
		if v.Verifier, err = translog.VerifierKey(origin, k.Public); err != nil {
			return nil, err
		}
	}
	more, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(b, &members), json.Unmarshal(more, &members)); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ParseKeys reads public keys: a JWK set as it is published, or PEM blocks
// "PUBLIC KEY", which are trusted for every purpose and time.
func ParseKeys(data []byte) (Keyring, error) {
	const most = 1 << 20
	if len(data) > most {
		return nil, fmt.Errorf("%w: %d bytes; at most %d", ErrKeys, len(data), most)
	}
	parse := parsePEM
	if json.Valid(data) {
		parse = parseJWKS
	}
	ring, err := parse(data)
	if err == nil && len(ring) == 0 {
		err = errors.New("there is none; want a JWK set or PEM blocks PUBLIC KEY")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return ring, nil
}

func parseJWKS(data []byte) (ring Keyring, err error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, err
	}
	for i, raw := range set.Keys {
		var j jose.JSONWebKey
		var v validity
		if err := errors.Join(json.Unmarshal(raw, &j), json.Unmarshal(raw, &v)); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		public, ok := j.Key.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("key %d is a %T; want a public Ed25519 key", i, j.Key)
		}
		k := Key{Purpose: v.Purpose, Public: public, Reason: v.Reason}
		for _, t := range []struct {
			to   *time.Time
			from *time.Time
		}{{&k.CreatedAt, v.NotBefore}, {&k.EndedAt, v.NotAfter}, {&k.RevokedAt, v.RevokedAt}} {
			if t.from != nil {
				*t.to = *t.from
			}
		}
		if k.ID, err = KeyID(public); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		if j.KeyID != "" && j.KeyID != k.ID {
			return nil, fmt.Errorf("key %d calls itself %q, but is %s", i, j.KeyID, k.ID)
		}
		ring = append(ring, k)
	}
	return ring, nil
}

func parsePEM(data []byte) (ring Keyring, err error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return ring, nil
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %q: %w", block.Type, err)
		}
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("PEM block %q: a %T; want a public Ed25519 key", block.Type, key)
		}
		id, err := KeyID(public)
		if err != nil {
			return nil, err
		}
		ring = append(ring, Key{ID: id, Public: public})
	}
}
