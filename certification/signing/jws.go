package signing

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/proofmark/proofmark/certification/canonical"
)

// ErrSignature is wrapped by the errors about a text that is no good JWS of ours.
var ErrSignature = errors.New("bad signature")

// MaxJWS is how long a JWS may be, in bytes: a status list of 100,000
// certificates fits.
const MaxJWS = 32 << 20

// header is the whole protected header. alg is always EdDSA (Ed25519, RFC 8037);
// typ keeps a signature of one kind from being taken for one of another (RFC 8725
// §3.11). There is no crit, no jwk, and nothing that is not protected.
type header struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`
}

// SignJWS makes a compact JWS of the payload.
func SignJWS(s Signer, typ string, payload []byte) (string, error) {
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: opaque{s}}, options)
	if err != nil {
		return "", fmt.Errorf("sign a %s with key %s: %w", typ, s.KeyID(), err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign a %s with key %s: %w", typ, s.KeyID(), err)
	}
	return signed.CompactSerialize()
}

// opaque is a Signer in the form that go-jose takes.
type opaque struct{ Signer }

func (o opaque) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: o.Signer.Public(), KeyID: o.KeyID(), Algorithm: string(jose.EdDSA), Use: "sig"}
}

func (o opaque) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.EdDSA} }

func (o opaque) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	if alg != jose.EdDSA {
		return nil, fmt.Errorf("key %s signs EdDSA, not %s", o.KeyID(), alg)
	}
	return o.Sign(payload)
}

// JWS is a compact JWS that was read, but whose signature was not looked at.
type JWS struct {
	KeyID   string
	payload []byte
	signed  *jose.JSONWebSignature
}

// ParseJWS reads a compact JWS of that type. Every JWS has one form only: other
// header members, another order, other spellings of the same base64 are refused.
func ParseJWS(text, typ string) (JWS, error) {
	if len(text) > MaxJWS {
		return JWS{}, fmt.Errorf("%w: %d bytes; at most %d", ErrSignature, len(text), MaxJWS)
	}
	encoded, _, _ := strings.Cut(text, ".")
	protected, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return JWS{}, fmt.Errorf("%w: the header is no base64url", ErrSignature)
	}
	var h header
	if err := canonical.Unmarshal(protected, &h); err != nil {
		return JWS{}, fmt.Errorf("%w: the header: %w", ErrSignature, err)
	}
	if h.Alg != string(jose.EdDSA) || h.Typ != typ || h.Kid == "" {
		return JWS{}, fmt.Errorf("%w: header alg %q, typ %q, kid %q; want alg EdDSA, typ %s and a kid", ErrSignature, h.Alg, h.Typ, h.Kid, typ)
	}
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return JWS{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if again, err := signed.CompactSerialize(); err != nil || again != text {
		return JWS{}, fmt.Errorf("%w: it is spelled in another way than it is written", ErrSignature)
	}
	return JWS{KeyID: h.Kid, payload: signed.UnsafePayloadWithoutVerification(), signed: signed}, nil
}

// Claims is the payload as long as nobody has looked at the signature: to learn
// which key to look for, and for nothing else.
func (j JWS) Claims() []byte { return bytes.Clone(j.payload) }

// Verify checks the signature and returns what was signed.
func (j JWS) Verify(key ed25519.PublicKey) ([]byte, error) {
	if j.signed == nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: no signature, or a key of %d bytes; want %d", ErrSignature, len(key), ed25519.PublicKeySize)
	}
	payload, err := j.signed.Verify(key)
	if err != nil {
		return nil, fmt.Errorf("%w: it was not made by key %s", ErrSignature, j.KeyID)
	}
	return payload, nil
}
