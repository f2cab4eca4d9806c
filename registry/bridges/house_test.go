package bridges_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// house is a gateway in virtual time: real store, registry, accounts and broker;
// connections are pipes.
type house struct {
	t        testing.TB
	db       *store.DB
	bus      *bus.Local
	auth     *auth.Service
	homes    *homes.Service
	registry *registry.Registry
	bridges  *bridges.Service
	broker   *broker.Broker

	ann      string // an account
	home     string // hers
	secrets  map[string]string
	products map[string]string // by sample
}

// TestMain makes the migrated database before any bubble begins.
func TestMain(m *testing.M) {
	if _, err := storetest.Empty(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// inBubble runs the test with a house in which time is the test's own. That all
// goroutines have ended at its end is for synctest to say.
func inBubble(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := build(t)
		f(t, h)
	})
}

func build(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, bus: bus.NewLocal(), secrets: make(map[string]string), products: make(map[string]string)}
	var err error
	h.db, err = store.Open(t.Context(), storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { must(t, h.db.Close()) })
	t.Cleanup(func() { _ = h.bus.Close() })
	h.auth = auth.New(auth.Options{Store: h.db.Auth()})
	t.Cleanup(h.auth.Close)
	h.homes = homes.New(homes.Options{Store: h.db.Homes()})
	h.registry = registry.New(registry.Options{Store: h.db.Registry(), Bus: h.bus, Homes: h.homes, Lease: 1000 * time.Hour})
	must(t, h.registry.Start(context.Background()))
	t.Cleanup(func() { must(t, h.registry.Stop(context.Background())) })
	h.bridges = bridges.New(bridges.Options{Store: h.db.Bridges(), Devices: h.registry, Homes: h.homes, Tokens: h.auth})
	t.Cleanup(func() { must(t, h.bridges.Stop(context.Background())) })
	h.broker, err = broker.New(broker.Config{Backend: backend{h}, Bridges: h.bridges, Bus: h.bus})
	must(t, err)
	t.Cleanup(func() { must(t, h.broker.Close(context.Background())) })
	h.ann = h.account()
	h.home = h.homeOf(h.ann)
	return h
}

// settle waits until nothing moves any more.
func (h *house) settle() { synctest.Wait() }

func (h *house) account() string {
	h.t.Helper()
	a, err := h.auth.CreateAccount(h.t.Context(), "somebody")
	must(h.t, err)
	return a.ID
}

func (h *house) homeOf(account string) string {
	h.t.Helper()
	p, err := h.homes.Create(h.t.Context(), account, "Home")
	must(h.t, err)
	return p.ID
}

// device makes a device of a sample that stands in a home.
func (h *house) device(did, sample, home string) {
	h.t.Helper()
	ctx := h.t.Context()
	product, err := h.product(sample)
	must(h.t, err)
	d, secret, err := h.registry.CreateDevice(ctx, registry.NewDevice{DID: did, ProductID: product, Account: h.ann, Name: did})
	must(h.t, err)
	h.secrets[did] = secret
	h.place(d, claims.Placing{DID: did, Home: home, Name: did})
}

// unit is a device as it is kept.
func (h *house) unit(did string) registry.Device {
	h.t.Helper()
	d, err := h.registry.Device(h.t.Context(), did)
	must(h.t, err)
	return d
}

// place puts a device where the placing says, as claims do.
func (h *house) place(d registry.Device, p claims.Placing) {
	h.t.Helper()
	e, err := audit.New(time.Now(), audit.System, "device.moved", d.DID, "", nil)
	must(h.t, err)
	p.Most = homes.MostDevices
	must(h.t, h.db.Claims().Place(h.t.Context(), p, claims.Change{Entry: e}))
	h.registry.Changed(d)
}

func (h *house) product(sample string) (string, error) {
	if id, ok := h.products[sample]; ok {
		return id, nil
	}
	p, _, err := h.registry.CreateProduct(h.t.Context(), sample, miot.Sample(sample))
	h.products[sample] = p.ID
	return p.ID, err
}

// token makes a bridge's token of an account for a home.
func (h *house) token(account, home string, queue time.Duration) (bridges.Bridge, string) {
	h.t.Helper()
	t, text, err := h.auth.CreateBridge(h.t.Context(), auth.Actor{Account: account, Scopes: []auth.Scope{auth.ScopeApp}}, home, "hub")
	must(h.t, err)
	must(h.t, h.db.Bridges().PutBridge(h.t.Context(), t.ID, queue))
	return bridges.Bridge{Token: t.ID, Account: account, Home: home}, text
}

// hub connects with a bridge's token.
func (h *house) hub(version byte, b bridges.Bridge, text string, change ...func(*packets.Packet)) *peer {
	h.t.Helper()
	return h.dial(version, "app."+b.Account+".hub", b.Account, text, nil, change...)
}

// last is the last refusal that is kept of a bridge.
func (h *house) last(b bridges.Bridge) bridges.Setting {
	h.t.Helper()
	time.Sleep(2 * time.Second)
	s, err := h.bridges.Setting(h.t.Context(), b.Token)
	must(h.t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// backend is what the service answers the broker with.
type backend struct{ *house }

func (b backend) LoginDevice(ctx context.Context, did string, secret []byte) error {
	return b.registry.Login(ctx, did, secret)
}

func (b backend) LoginCertificate(context.Context, string, *x509.Certificate) error {
	return registry.ErrBadLogin
}

func (b backend) LoginApp(ctx context.Context, account string, token []byte) (broker.Viewer, error) {
	t, err := b.auth.CheckApp(ctx, account, string(token))
	if err != nil {
		return broker.Viewer{}, errors.Join(registry.ErrBadLogin, err)
	}
	return broker.Viewer{Account: account, Home: t.Home, Token: t.ID, Until: t.ExpiresAt}, nil
}

func (b backend) Holds(ctx context.Context, v broker.Viewer) (bool, error) {
	return b.bridges.Reads(ctx, bridges.Bridge{Token: v.Token, Account: v.Account, Home: v.Home})
}

func (b backend) Attach(did string, link registry.Link) registry.Session {
	return b.registry.Attach(did, link)
}

func (b backend) MayWatch(ctx context.Context, v broker.Viewer, did string) (bool, error) {
	home, err := b.registry.HomeOf(ctx, did)
	return home == v.Home, err
}

func (b backend) State(ctx context.Context, did string) (broker.State, bool, error) {
	s, err := b.registry.State(ctx, did)
	return broker.State(s), err == nil, err
}
