package certification

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/firmware"
)

// VendorKey is a key with which an organisation signs change statements.
type VendorKey struct {
	ID         string    `json:"id"` // vky_…
	Org        string    `json:"org"`
	Name       string    `json:"name"`
	Public     []byte    `json:"public"`     // Ed25519, 32 bytes
	Thumbprint string    `json:"thumbprint"` // RFC 7638, with SHA-256
	CreatedBy  string    `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
	RevokedBy  string    `json:"revoked_by,omitempty"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

// ChangeType is the typ of a signed change statement: a signature that was made
// for anything else is none.
const ChangeType = "proofmark-change"

// AddVendorKey registers a public key, as PEM or JWK. A key is registered once:
// registry.ErrExists tells that it is known, here or elsewhere.
func (p *Programme) AddVendorKey(ctx context.Context, a Actor, org, name string, key []byte) (VendorKey, error) {
	if err := asMember(a, org); err != nil {
		return VendorKey{}, err
	}
	if err := checkWords("name", name, longestName); err != nil {
		return VendorKey{}, err
	}
	public, err := readPublic(key)
	if err != nil {
		return VendorKey{}, err
	}
	jwk := jose.JSONWebKey{Key: public}
	thumb, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return VendorKey{}, fmt.Errorf("thumbprint: %w", err)
	}
	k := VendorKey{
		ID: id.New("vky"), Org: org, Name: name, Public: public, Thumbprint: base64.RawURLEncoding.EncodeToString(thumb),
		CreatedBy: a.Account, CreatedAt: p.now(),
	}
	entry, err := audit.New(k.CreatedAt, a.Account, "vendor-key.added", k.ID, org, k)
	if err != nil {
		return VendorKey{}, err
	}
	return k, p.store.AddVendorKey(ctx, k, []audit.Entry{entry})
}

// VendorKeys lists an organisation's keys, the revoked ones too.
func (p *Programme) VendorKeys(ctx context.Context, a Actor, org string) ([]VendorKey, error) {
	if !a.MayRead(org) {
		return nil, fmt.Errorf("organisation %s: %w", org, registry.ErrNotFound)
	}
	return p.store.VendorKeys(ctx, org)
}

// RevokeVendorKey ends a key: statements that it signed no longer count for what
// is submitted from now on.
func (p *Programme) RevokeVendorKey(ctx context.Context, a Actor, keyID string) (VendorKey, error) {
	k, err := p.store.VendorKey(ctx, keyID)
	switch {
	case err != nil:
		return k, err
	case !a.MayRead(k.Org):
		return VendorKey{}, fmt.Errorf("vendor key %s: %w", keyID, registry.ErrNotFound)
	case !k.RevokedAt.IsZero():
		return k, nil
	}
	if err := asMember(a, k.Org); err != nil {
		return k, err
	}
	k.RevokedBy, k.RevokedAt = a.Account, p.now()
	entry, err := audit.New(k.RevokedAt, a.Account, "vendor-key.revoked", k.ID, k.Org, nil)
	if err != nil {
		return k, err
	}
	return k, p.store.RevokeVendorKey(ctx, k, []audit.Entry{entry})
}

// readPublic takes an Ed25519 public key out of PEM or JWK.
func readPublic(key []byte) (ed25519.PublicKey, error) {
	key = bytes.TrimSpace(key)
	var public any
	if bytes.HasPrefix(key, []byte("{")) {
		var jwk jose.JSONWebKey
		if err := json.Unmarshal(key, &jwk); err != nil {
			return nil, badKey("the JWK cannot be read: %v", err)
		}
		if !jwk.IsPublic() {
			return nil, privateKey()
		}
		public = jwk.Key
	} else {
		block, rest := pem.Decode(key)
		switch {
		case block == nil || len(bytes.TrimSpace(rest)) > 0:
			return nil, badKey("it is neither one PEM block nor a JWK")
		case block.Type != "PUBLIC KEY":
			if bytes.Contains([]byte(block.Type), []byte("PRIVATE")) {
				return nil, privateKey()
			}
			return nil, badKey("the PEM block is a %q: want a PUBLIC KEY", block.Type)
		}
		var err error
		if public, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return nil, badKey("the PEM block cannot be read: %v", err)
		}
	}
	if k, ok := public.(ed25519.PublicKey); ok && len(k) == ed25519.PublicKeySize {
		return k, nil
	}
	return nil, badKey("it is a %T: want Ed25519", public)
}

func badKey(format string, args ...any) error {
	return Refuse(ErrInvalid, "key-form", "vendor key: %s", fmt.Sprintf(format, args...))
}

func privateKey() error {
	return Refuse(ErrInvalid, "key-private", "vendor key: a private key was sent, want the public one")
}

// mostJWS bounds a signed statement, in bytes.
const mostJWS = 1 << 20

// openChange checks a signed statement of change.
func (p *Programme) openChange(ctx context.Context, org, text string) (SignedChange, error) {
	payload, key, err := p.OpenSigned(ctx, org, ChangeType, text)
	if err != nil {
		return SignedChange{}, err
	}
	st, err := ParseChange(payload)
	return SignedChange{Statement: st, SHA256: sumOf(payload), JWS: text, Key: key}, err
}

// OpenSigned checks what a vendor signed: EdDSA and nothing else, of that type, by a
// key of the organisation that is not revoked. It gives what was signed and the key's id.
func (p *Programme) OpenSigned(ctx context.Context, org, typ, text string) (payload []byte, key string, err error) {
	if len(text) > mostJWS {
		return nil, "", forged(typ, "it has %d bytes: want at most %d", len(text), mostJWS)
	}
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, "", forged(typ, "it is no JWS in compact form with EdDSA: %v", err)
	}
	header := jws.Signatures[0].Protected
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return nil, "", forged(typ, "its typ is %q: want %q", got, typ)
	}
	keys, err := p.store.VendorKeys(ctx, org)
	if err != nil {
		return nil, "", err
	}
	for _, k := range keys {
		if header.KeyID != k.ID && header.KeyID != k.Thumbprint {
			continue
		}
		if !k.RevokedAt.IsZero() {
			return nil, "", Refuse(ErrInvalid, "key-revoked", "the %s is signed by key %s, which was revoked on %s", signedThings[typ], k.ID, k.RevokedAt.UTC().Format(time.RFC3339))
		}
		payload, err := jws.Verify(ed25519.PublicKey(k.Public))
		if err != nil {
			return nil, "", forged(typ, "the signature is not that of key %s", k.ID)
		}
		return payload, k.ID, nil
	}
	return nil, "", forged(typ, "organisation %s has no key %q (kid: the key's id or RFC 7638 thumbprint)", org, header.KeyID)
}

// signedThings are what vendors sign, in words.
var signedThings = map[string]string{ChangeType: "change statement", firmware.ManifestType: "firmware manifest"}

func forged(typ, format string, args ...any) error {
	return Refuse(ErrInvalid, "statement-signature", "%s: %s", signedThings[typ], fmt.Sprintf(format, args...))
}
