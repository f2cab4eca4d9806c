package registry

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
)

// NewDevice describes a device to be created.
type NewDevice struct {
	DID       string
	ProductID string
	SpecID    string // the product's latest when empty
	Account   string
	Parent    string // the gateway that speaks for it; then it gets no secret of its own
	Name      string
}

// CreateDevice registers a device and returns its secret, which is not kept and
// cannot be shown again. A sub-device has none.
func (r *Registry) CreateDevice(ctx context.Context, n NewDevice) (Device, string, error) {
	if err := miot.ValidDID(n.DID); err != nil {
		return Device{}, "", fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	if n.SpecID == "" {
		versions, err := r.Specs(ctx, n.ProductID)
		if err != nil {
			return Device{}, "", err
		}
		if len(versions) == 0 {
			return Device{}, "", fmt.Errorf("product %s has no spec: %w", n.ProductID, ErrNotFound)
		}
		n.SpecID = versions[len(versions)-1].ID
	} else if err := r.checkSpec(ctx, n.SpecID, n.ProductID); err != nil {
		return Device{}, "", err
	}
	home := "" // of its gateway
	if n.Parent != "" {
		p, err := r.store.Device(ctx, n.Parent)
		if err != nil {
			return Device{}, "", fmt.Errorf("parent: %w", err)
		}
		if p.Parent != "" {
			return Device{}, "", fmt.Errorf("%w: parent %s is itself behind gateway %s", ErrBadRequest, p.DID, p.Parent)
		}
		home = p.Home
	}
	d := Device{
		DID: n.DID, ProductID: n.ProductID, SpecID: n.SpecID, Account: n.Account,
		Parent: n.Parent, Name: n.Name, Home: home, CreatedAt: r.now(),
	}
	if d.Name == "" {
		d.Name = d.DID
	}
	var cred *Credential
	var secret string
	if n.Parent == "" {
		cred, secret = r.newCredential(n.DID)
		cred.Kind = KindFactory
	}
	if err := r.store.CreateDevice(ctx, d, cred); err != nil {
		return Device{}, "", err
	}
	r.updated(n.DID, n.Parent)
	return d, secret, nil
}

func (r *Registry) newCredential(did string) (*Credential, string) {
	raw, salt := make([]byte, 32), make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand never fails: it ends the process instead
	_, _ = rand.Read(salt)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	return &Credential{
		ID: id.New("crd"), DID: did, Salt: salt, Hash: HashSecret(salt, []byte(secret)),
		State: CredentialActive, CreatedAt: r.now(),
	}, secret
}

// AddCredential makes a new secret for a device. With rotate the old ones are
// valid until the new one was used for the first time.
func (r *Registry) AddCredential(ctx context.Context, did string, rotate bool) (Credential, string, error) {
	d, err := r.store.Device(ctx, did)
	if err != nil {
		return Credential{}, "", err
	}
	if d.Parent != "" {
		return Credential{}, "", fmt.Errorf("%w: %s is a sub-device; gateway %s logs in for it", ErrBadRequest, did, d.Parent)
	}
	c, secret := r.newCredential(did)
	if err := r.store.AddCredential(ctx, *c, rotate); err != nil {
		return Credential{}, "", err
	}
	r.updated(did, "")
	return *c, secret, nil
}

// Credentials lists a device's credentials, the revoked ones too.
func (r *Registry) Credentials(ctx context.Context, did string) ([]Credential, error) {
	if _, err := r.store.Device(ctx, did); err != nil {
		return nil, err
	}
	return r.store.Credentials(ctx, did)
}

// Revoke ends a credential at once: a connection that was opened with it is
// closed, whichever node holds it, and has to log in with another secret.
func (r *Registry) Revoke(ctx context.Context, did, credential string) error {
	if err := r.store.RevokeCredential(ctx, did, credential, r.now()); err != nil {
		return err
	}
	r.changed(recordEvent{DID: did, What: whatRevoked, Credential: credential})
	return nil
}

// Login checks a device's secret. After the first time it asks no database.
func (r *Registry) Login(ctx context.Context, did string, secret []byte) error {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return loginError(did, err)
	}
	c, ok := k.opens(secret)
	if !ok {
		r.noteReset(k, secret)
		return fmt.Errorf("%s: %w", did, ErrBadLogin)
	}
	if !k.device.QuarantinedAt.IsZero() {
		return quarantined(k.device)
	}
	r.mu.Lock()
	r.logins[did] = c.ID
	r.mu.Unlock()
	if c.State == CredentialActive && k.retires() && k.settling.CompareAndSwap(false, true) {
		r.background(func() { r.firstUse(k, c) })
	}
	return nil
}

// loginError keeps "not now" and "never" apart: a device that hears that its
// secret is wrong may well forget it.
func loginError(did string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%s: %w", did, ErrBadLogin)
	}
	return err
}

// LoginByName admits a device whose certificate was verified by TLS: it must be
// registered and speak for itself, and where keys were registered for it, it must
// have shown one of them: publicKey is the DER form of the certificate's.
func (r *Registry) LoginByName(ctx context.Context, did string, publicKey []byte) error {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return loginError(did, err)
	}
	if k.device.Parent != "" {
		return fmt.Errorf("%s is a sub-device: %w", did, ErrBadLogin)
	}
	if !k.holds(publicKey) {
		return fmt.Errorf("%s: its certificate has another key than the one that was registered: %w", did, ErrBadLogin)
	}
	if !k.device.QuarantinedAt.IsZero() {
		return quarantined(k.device)
	}
	r.mu.Lock()
	delete(r.logins, did) // of an earlier login that came to nothing
	r.mu.Unlock()
	return nil
}

// firstUse ends the credentials that this one replaces.
func (r *Registry) firstUse(k *known, c Credential) {
	did := c.DID
	err := retry(r.ctx, func() error { return r.store.UseCredential(r.ctx, c.ID, r.now()) })
	if err != nil {
		k.settling.Store(false) // the next login tries again
		r.log.Error("first login not recorded; a replaced secret stays valid", "did", did, "credential", c.ID, "err", err)
		return
	}
	r.updated(did, "")
}

// Device returns one device.
func (r *Registry) Device(ctx context.Context, did string) (Device, error) {
	return r.store.Device(ctx, did)
}

// Devices lists devices in the order of their dids.
func (r *Registry) Devices(ctx context.Context, q DeviceQuery) ([]Device, error) {
	return r.store.Devices(ctx, q)
}

// Children lists the sub-devices of a gateway.
func (r *Registry) Children(ctx context.Context, did string) ([]Device, error) {
	return r.store.Children(ctx, did)
}

// SetOwner gives a device to an account and names it.
func (r *Registry) SetOwner(ctx context.Context, did, account, name string) error {
	d, err := r.store.Device(ctx, did)
	if err != nil {
		return err
	}
	if err := r.store.SetDeviceOwner(ctx, did, account, name); err != nil {
		return err
	}
	r.updated(did, d.Parent)
	return nil
}

// SetSpec moves a device to another spec version of its product.
func (r *Registry) SetSpec(ctx context.Context, did, specID string) error {
	d, err := r.store.Device(ctx, did)
	if err != nil {
		return err
	}
	if err := r.checkSpec(ctx, specID, d.ProductID); err != nil {
		return err
	}
	if err := r.store.SetDeviceSpec(ctx, did, specID); err != nil {
		return err
	}
	r.updated(did, d.Parent)
	return nil
}

// checkSpec says whether a spec version is one of the product's.
func (r *Registry) checkSpec(ctx context.Context, specID, productID string) error {
	s, err := r.store.Spec(ctx, specID)
	if err != nil {
		return err
	}
	if s.ProductID != productID {
		return fmt.Errorf("%w: spec %s is of product %s, not of %s", ErrBadRequest, specID, s.ProductID, productID)
	}
	return nil
}

// Remove deletes a device and everything kept of it, and closes its connection.
func (r *Registry) Remove(ctx context.Context, did string) error {
	d, err := r.store.Device(ctx, did)
	if err != nil {
		return err
	}
	if err := r.store.DeleteDevice(ctx, did, r.now()); err != nil {
		return err
	}
	r.changed(recordEvent{DID: did, What: whatRemoved})
	if d.Parent != "" {
		r.updated(d.Parent, "")
	}
	return nil
}
