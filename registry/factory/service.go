package factory

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

// Products is what a factory needs of the registry.
type Products interface {
	Product(ctx context.Context, id string) (registry.Product, error)
	ProductByModel(ctx context.Context, model string) (registry.Product, error)
	Specs(ctx context.Context, productID string) ([]registry.SpecVersion, error)
}

// Funding is what a factory needs of campaigns.
type Funding interface {
	// Allowance is how many units of an organisation's model were funded, with the agreed spares.
	Allowance(ctx context.Context, org, model string) (int, error)
}

// Certificates says under which certificate a model is made now: its serial, or an
// error that says why there is none.
type Certificates func(ctx context.Context, org, model string) (serial string, err error)

// Signer signs a manifest: a compact JWS of ManifestType.
type Signer func(ctx context.Context, payload []byte) (jws string, err error)

// Options make a Service. Store, Products, Certificates and Sign are needed.
type Options struct {
	Store        Store
	Products     Products
	Certificates Certificates
	Sign         Signer
	Funding      Funding          // nil: only what operators grant
	Issuer       string           // our address, for manifests
	Now          func() time.Time // time.Now when nil
}

// Service makes devices.
type Service struct {
	Options
}

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

// Grant allows units of a product beyond what campaigns fund, with a reason;
// negative ones take back.
func (s *Service) Grant(ctx context.Context, by, product string, units int64, reason string) (Grant, error) {
	p, err := s.Products.Product(ctx, product)
	if err != nil {
		return Grant{}, err
	}
	if units == 0 || units < -1e6 || units > 1e6 || strings.TrimSpace(reason) == "" {
		return Grant{}, fmt.Errorf("%w: %d units with reason %q; want 1 to 1,000,000 (or as many less), and a reason", registry.ErrBadRequest, units, reason)
	}
	g := Grant{ID: id.New("grt"), ProductID: p.ID, Units: units, Reason: reason, GrantedBy: by, CreatedAt: s.Now()}
	e, err := audit.New(g.CreatedAt, by, "factory.granted", p.ID, p.Org, map[string]any{"units": units, "reason": reason})
	if err == nil {
		err = s.Store.Grant(ctx, g, e)
	}
	return g, err
}

// Allowance is how many units of a product may still be made.
func (s *Service) Allowance(ctx context.Context, product string) (left int64, q Quota, funded int64, err error) {
	p, err := s.Products.Product(ctx, product)
	if err == nil {
		q, err = s.Store.Quota(ctx, product)
	}
	if err == nil {
		funded, err = s.funded(ctx, p)
	}
	return q.Granted + funded - q.Made, q, funded, err
}

func (s *Service) funded(ctx context.Context, p registry.Product) (int64, error) {
	if s.Funding == nil {
		return 0, nil
	}
	n, err := s.Funding.Allowance(ctx, p.Org, p.Model)
	if err != nil {
		return 0, fmt.Errorf("funded units of %s: %w", p.Model, err)
	}
	return int64(n), nil
}

// Make makes a batch and seals its manifest to the recipient, an age public key.
// What it makes exists in clear only within this call.
func (s *Service) Make(ctx context.Context, by, product string, units int64, recipient string) (Batch, error) {
	if units < 1 || units > MostUnits {
		return Batch{}, fmt.Errorf("%w: %d units; want 1 to %d in a batch", registry.ErrBadRequest, units, MostUnits)
	}
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return Batch{}, fmt.Errorf("%w: the factory's key is no age public key (age1…): %w", registry.ErrBadRequest, err)
	}
	p, spec, err := s.product(ctx, product)
	if err != nil {
		return Batch{}, err
	}
	serial, err := s.Certificates(ctx, p.Org, p.Model)
	if err != nil {
		return Batch{}, fmt.Errorf("model %s: %w", p.Model, err)
	}
	funded, err := s.funded(ctx, p)
	if err != nil {
		return Batch{}, err
	}
	now := s.Now()
	b := Batch{ID: id.New("bat"), ProductID: p.ID, Certificate: serial, Units: units, Recipient: recipient, State: Made, CreatedBy: by, CreatedAt: now}
	m := Manifest{Issuer: s.Issuer, Batch: b.ID, Model: p.Model, Certificate: serial, MadeAt: now.UTC()}
	all := make([]Unit, units)
	for i := range all {
		var k Keyed
		all[i], k = newUnit(p, spec, now)
		m.Units = append(m.Units, k)
	}
	sealed, err := s.seal(ctx, m, to)
	if err != nil {
		return Batch{}, err
	}
	sum := sha256.Sum256(sealed)
	b.SHA256 = hex.EncodeToString(sum[:])
	c, err := change(now, by, "batch.made", b, p, "", map[string]any{"model": p.Model, "units": units, "recipient": recipient, "certificate": serial, "sha256": b.SHA256})
	if err == nil {
		err = s.Store.Make(ctx, b, all, sealed, funded, c)
	}
	return b, err
}

func (s *Service) product(ctx context.Context, product string) (registry.Product, registry.SpecVersion, error) {
	p, err := s.Products.Product(ctx, product)
	if err != nil {
		return p, registry.SpecVersion{}, err
	}
	specs, err := s.Products.Specs(ctx, product)
	if err == nil && len(specs) == 0 {
		err = fmt.Errorf("product %s has no spec: %w", product, registry.ErrNotFound)
	}
	if err != nil {
		return p, registry.SpecVersion{}, err
	}
	return p, specs[len(specs)-1], nil
}

// newUnit makes one device. Its did begins with the model, for people, and goes on
// with 80 random bits, so that nobody can count the others from it.
func newUnit(p registry.Product, spec registry.SpecVersion, now time.Time) (Unit, Keyed) {
	const didMost, tail = 50, 16
	raw := make([]byte, tail+32+16)
	_, _ = rand.Read(raw) // never fails: crypto/rand
	var b strings.Builder
	b.WriteString(p.Model[:min(len(p.Model), didMost-tail-1)])
	b.WriteByte('.')
	for _, x := range raw[:tail] {
		b.WriteByte("0123456789abcdefghjkmnpqrstvwxyz"[x%32])
	}
	did, secret, salt := b.String(), base64.RawURLEncoding.EncodeToString(raw[tail:tail+32]), raw[tail+32:]
	code, text := claims.NewCode(did, now)
	return Unit{
		Device: registry.Device{DID: did, ProductID: p.ID, SpecID: spec.ID, Name: did, CreatedAt: now},
		Key: registry.Credential{
			ID: id.New("crd"), DID: did, Salt: salt, Hash: registry.HashSecret(salt, []byte(secret)),
			State: registry.CredentialActive, Kind: registry.KindFactory, CreatedAt: now,
		},
		Code: &code,
	}, Keyed{DID: did, Key: secret, Code: text}
}

// seal signs the manifest and encrypts it.
func (s *Service) seal(ctx context.Context, m Manifest, to age.Recipient) ([]byte, error) {
	payload, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	jws, err := s.Sign(ctx, payload)
	if err != nil {
		return nil, fmt.Errorf("sign the manifest of batch %s: %w", m.Batch, err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err == nil {
		_, err = io.WriteString(w, jws)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal the manifest of batch %s: %w", m.Batch, err)
	}
	return sealed.Bytes(), nil
}

// Open decrypts a sealed manifest, at the factory; verify checks its signature and
// returns what was signed.
func Open(sealed io.Reader, key age.Identity, verify func(jws string) ([]byte, error)) (Manifest, error) {
	r, err := age.Decrypt(sealed, key)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	jws, err := io.ReadAll(r)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	payload, err := verify(string(jws))
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(payload, &m); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

// Deliver hands the sealed manifest over, once. That somebody asked again is
// recorded and told: either the first one lost it, or it was not the factory.
func (s *Service) Deliver(ctx context.Context, by, batch string) (Batch, []byte, error) {
	b, p, err := s.batch(ctx, batch)
	if err != nil {
		return b, nil, err
	}
	now := s.Now()
	c, err := change(now, by, "batch.delivered", b, p, "", map[string]any{"sha256": b.SHA256})
	if err != nil {
		return b, nil, err
	}
	sealed, err := s.Store.Deliver(ctx, batch, now, c)
	if errors.Is(err, registry.ErrConflict) {
		refused, bad := change(now, by, "batch.refused", b, p, "", map[string]any{"state": b.State})
		if bad == nil {
			bad = s.Store.Refuse(ctx, refused)
		}
		return b, nil, errors.Join(fmt.Errorf("batch %s: its manifest is handed over once, and that was done: if it is lost, revoke the batch and make it again: %w", batch, err), bad)
	}
	if err == nil {
		b.State, b.DeliveredAt = Delivered, now
	}
	return b, sealed, err
}

// Revoke ends a batch whose manifest was lost, or is not needed.
func (s *Service) Revoke(ctx context.Context, by, batch, reason string) error {
	b, p, err := s.batch(ctx, batch)
	if err != nil {
		return err
	}
	now := s.Now()
	c, err := change(now, by, "batch.revoked", b, p, reason, map[string]any{"reason": reason, "units": b.Units})
	if err == nil {
		err = s.Store.Revoke(ctx, batch, reason, now, c)
	}
	return err
}

func (s *Service) batch(ctx context.Context, batch string) (Batch, registry.Product, error) {
	b, err := s.Store.Batch(ctx, batch)
	if err != nil {
		return b, registry.Product{}, err
	}
	p, err := s.Products.Product(ctx, b.ProductID)
	return b, p, err
}
