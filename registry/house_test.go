package registry_test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

var update = flag.Bool("update", false, "write the golden files anew")

// house is one database and one bus, with as many nodes as a test wants.
type house struct {
	t     testing.TB
	db    *store.DB
	store *faulty
	bus   *bus.Local
	node  *registry.Registry // the first one

	bubble bool

	products map[string]registry.Product // by sample
}

// inBubble runs the test with a house in which time is the test's own.
func inBubble(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "sqlite:"+storetest.SQLite(t))
		h.bubble = true
		f(t, h.settle())
	})
}

// eachEngine runs the test in real time, on SQLite and on PostgreSQL.
func eachEngine(t *testing.T, f func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newHouse(t, "sqlite:"+storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { f(t, newHouse(t, storetest.Postgres(t))) })
}

// TestMain makes the migrated database before any bubble begins.
func TestMain(m *testing.M) {
	if _, err := storetest.Empty(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func newHouse(t testing.TB, url string, opts ...func(*registry.Options)) *house {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	must(t, err)
	if !strings.HasPrefix(url, "sqlite:") {
		must(t, db.Migrate(t.Context()))
	}
	h := &house{t: t, db: db, store: &faulty{Store: db.Registry()}, bus: bus.NewLocal(), products: make(map[string]registry.Product)}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { _ = h.bus.Close() })
	h.node = h.start(opts...)
	return h
}

// start adds a node.
func (h *house) start(opts ...func(*registry.Options)) *registry.Registry {
	h.t.Helper()
	o := registry.Options{Store: h.store, Bus: h.bus, Lease: 1000 * time.Hour} // or a day in a bubble is 17,000 commits
	for _, set := range opts {
		set(&o)
	}
	r := registry.New(o)
	must(h.t, r.Start(context.Background()))
	h.t.Cleanup(func() { h.stop(r) })
	return r
}

// stop ends a node, however long it takes; a second time does nothing.
func (h *house) stop(r *registry.Registry) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		h.t.Logf("stop: %v", err)
	}
}

// kill ends a node as a crash does: nothing more is stored.
func (h *house) kill(r *registry.Registry) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.Stop(ctx)
}

// settle waits until nothing moves any more, in a bubble; in real time it does nothing.
func (h *house) settle() *house {
	if h.bubble {
		synctest.Wait()
	}
	return h
}

// product creates the product of a sample, once.
func (h *house) product(sample string) registry.Product {
	h.t.Helper()
	if p, ok := h.products[sample]; ok {
		return p
	}
	document := miot.Sample(sample)
	if sample == "air-purifier" { // the one write-only property that the tests need
		document = []byte(strings.Replace(string(document), `"access": ["read", "write"]`, `"access": ["write"]`, 1))
	}
	p, _, err := h.node.CreateProduct(h.t.Context(), sample, document)
	must(h.t, err)
	h.products[sample] = p
	return p
}

// unit creates a device of a sample.
func (h *house) unit(did, sample string) *unit {
	h.t.Helper()
	d, secret, err := h.node.CreateDevice(h.t.Context(), registry.NewDevice{DID: did, ProductID: h.product(sample).ID, Account: "acc_1"})
	must(h.t, err)
	return &unit{t: h.t, did: d.DID, secret: secret, model: h.product(sample).Model}
}

// purifier is a unit that is connected to the first node, and was greeted.
func (h *house) purifier(did string) *unit {
	h.t.Helper()
	u := h.unit(did, "air-purifier").connect(h.node)
	h.settle()
	return u
}

// hub is a connected gateway with sub-devices.
func (h *house) hub(did string, subs ...string) *unit {
	h.t.Helper()
	u := h.unit(did, "gateway")
	for _, sub := range subs {
		_, secret, err := h.node.CreateDevice(h.t.Context(), registry.NewDevice{DID: sub, ProductID: h.product("climate-sensor").ID, Parent: did})
		must(h.t, err)
		if secret != "" {
			h.t.Errorf("sub-device %s got a secret", sub)
		}
	}
	u.connect(h.node)
	h.settle()
	return u
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
