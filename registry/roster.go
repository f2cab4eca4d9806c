package registry

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// known is what the gateway must have at hand for a device so that neither a
// login nor a report asks the database.
type known struct {
	device    Device
	model     string // the product's
	validator *miot.Validator
	doors     []Credential // not revoked
	factory   []Credential // revoked, but what it goes back to when its button is pressed
	children  map[string]*known
	loaded    time.Time
	settling  atomic.Bool // a first login is being recorded
	noting    atomic.Bool // a reset is being noted
}

// speaker is whose connection carries what is said to the device.
func (k *known) speaker() string {
	if k.device.Parent != "" {
		return k.device.Parent
	}
	return k.device.DID
}

// hasDoor says whether a credential is one that opens.
func (k *known) hasDoor(id string) bool {
	return slices.ContainsFunc(k.doors, func(c Credential) bool { return c.ID == id })
}

// roster caches known devices. A device's entry is dropped when its record or a
// credential changes anywhere (bus), and reloaded after rosterAge as a backstop
// for a lost event.
type roster struct {
	store Store
	now   func() time.Time

	mu         sync.Mutex
	devices    map[string]*known
	loading    map[string]*loadCall
	sweptAt    time.Time
	validators sync.Map // spec id → *miot.Validator; specs never change
	models     sync.Map // product id → model
}

type loadCall struct {
	done  chan struct{}
	known *known
	err   error
}

const rosterAge = 10 * time.Minute

func newRoster(s Store, now func() time.Time) *roster {
	return &roster{store: s, now: now, devices: make(map[string]*known), loading: make(map[string]*loadCall)}
}

// get returns the device, from memory or the store; concurrent calls for one
// did share one load.
func (ro *roster) get(ctx context.Context, did string) (*known, error) {
	ro.mu.Lock()
	if k, ok := ro.devices[did]; ok && ro.now().Sub(k.loaded) < rosterAge {
		ro.mu.Unlock()
		return k, nil
	}
	call, ok := ro.loading[did]
	if !ok {
		call = &loadCall{done: make(chan struct{})}
		ro.loading[did] = call
		// The load outlives the caller that began it: others wait for it too.
		go ro.fill(context.WithoutCancel(ctx), did, call)
	}
	ro.mu.Unlock()
	select {
	case <-call.done:
		return call.known, call.err
	case <-ctx.Done():
		return nil, fmt.Errorf("load device %s: %w: %w", did, ErrUnavailable, ctx.Err())
	}
}

func (ro *roster) fill(ctx context.Context, did string, call *loadCall) {
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	call.known, call.err = ro.load(within, did)
	if call.err != nil && within.Err() != nil {
		call.err = fmt.Errorf("load device %s: %w: %w", did, ErrUnavailable, call.err)
	}
	ro.mu.Lock()
	if ro.loading[did] == call { // not dropped meanwhile
		delete(ro.loading, did)
		if call.err == nil {
			ro.sweep()
			ro.devices[did] = call.known
		}
	}
	ro.mu.Unlock()
	close(call.done)
}

// peek returns the device if it is in memory.
func (ro *roster) peek(did string) *known {
	ro.mu.Lock()
	defer ro.mu.Unlock()
	return ro.devices[did]
}

func (ro *roster) load(ctx context.Context, did string) (*known, error) {
	d, err := ro.store.Device(ctx, did)
	if err != nil {
		return nil, err
	}
	k, err := ro.describe(ctx, d)
	if err != nil {
		return nil, err
	}
	creds, err := ro.store.Credentials(ctx, did)
	if err != nil {
		return nil, err
	}
	for _, c := range creds {
		if c.State != CredentialRevoked {
			k.doors = append(k.doors, c)
		} else if c.Kind == KindFactory {
			k.factory = append(k.factory, c)
		}
	}
	subs, err := ro.store.Children(ctx, did)
	if err != nil {
		return nil, err
	}
	for _, s := range subs {
		sub, err := ro.describe(ctx, s)
		if err != nil {
			return nil, err
		}
		if k.children == nil {
			k.children = make(map[string]*known, len(subs))
		}
		k.children[s.DID] = sub
	}
	k.loaded = ro.now()
	return k, nil
}

func (ro *roster) describe(ctx context.Context, d Device) (*known, error) {
	v, err := ro.validator(ctx, d.SpecID)
	if err != nil {
		return nil, err
	}
	model, ok := ro.models.Load(d.ProductID)
	if !ok {
		p, err := ro.store.Product(ctx, d.ProductID)
		if err != nil {
			return nil, err
		}
		model = p.Model
		ro.models.Store(d.ProductID, model)
	}
	return &known{device: d, model: model.(string), validator: v}, nil
}

func (ro *roster) validator(ctx context.Context, specID string) (*miot.Validator, error) {
	if v, ok := ro.validators.Load(specID); ok {
		return v.(*miot.Validator), nil
	}
	s, err := ro.store.Spec(ctx, specID)
	if err != nil {
		return nil, err
	}
	spec, err := miot.Parse(s.Document)
	if err != nil {
		return nil, fmt.Errorf("stored spec %s: %w", specID, err)
	}
	v, err := miot.Compile(spec)
	if err != nil {
		return nil, fmt.Errorf("stored spec %s: %w", specID, err)
	}
	ro.validators.Store(specID, v)
	return v, nil
}

// drop forgets a device and, for a sub-device, the gateway that lists it. Who
// asks from now on gets nothing that was read before: a load that is under way
// answers only those who wait for it already.
func (ro *roster) drop(did string) {
	ro.mu.Lock()
	defer ro.mu.Unlock()
	delete(ro.loading, did)
	if k, ok := ro.devices[did]; ok && k.device.Parent != "" {
		delete(ro.devices, k.device.Parent)
		delete(ro.loading, k.device.Parent)
	}
	delete(ro.devices, did)
}

// sweep bounds the roster to what was loaded recently; callers hold mu.
func (ro *roster) sweep() {
	now := ro.now()
	if now.Sub(ro.sweptAt) < time.Minute {
		return
	}
	ro.sweptAt = now
	for did, k := range ro.devices {
		if now.Sub(k.loaded) > rosterAge {
			delete(ro.devices, did)
		}
	}
}

// opens says which of the device's credentials the secret fits.
func (k *known) opens(secret []byte) (Credential, bool) { return fitting(k.doors, secret) }

func fitting(all []Credential, secret []byte) (Credential, bool) {
	for _, c := range all {
		if c.Kind != KindKey && hmac.Equal(HashSecret(c.Salt, secret), c.Hash) {
			return c, true
		}
	}
	return Credential{}, false
}

// holds says whether the public key is one that the device may have; any is, where
// none was registered.
func (k *known) holds(publicKey []byte) bool {
	sum := sha256.Sum256(publicKey)
	pinned := false
	for _, c := range k.doors {
		if c.Kind == KindKey {
			pinned = true
			if hmac.Equal(sum[:], c.Hash) {
				return true
			}
		}
	}
	return !pinned
}

// retires says whether a credential waits to be replaced by the first login of its successor.
func (k *known) retires() bool {
	return slices.ContainsFunc(k.doors, func(c Credential) bool { return c.State == CredentialRetiring })
}

// HashSecret is what is kept of a device's secret or claim code: HMAC-SHA256 of it
// under a salt. It is enough for secrets of 256 random bits: there is nothing to guess,
// so a slow hash would only slow down 20,000 devices that come back at once.
func HashSecret(salt, secret []byte) []byte {
	m := hmac.New(sha256.New, salt)
	m.Write(secret)
	return m.Sum(nil)
}
