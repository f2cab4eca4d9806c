package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/registry"
)

// TestConformance is the contract of every store, held against both engines. A
// subject has a database of its own; its cases share it and bring their own
// devices.
func TestConformance(t *testing.T) {
	type subject = struct {
		name  string
		cases []conformanceCase
	}
	for _, s := range []subject{
		{"products", productCases},
		{"devices", deviceCases},
		{"credentials", credentialCases},
		{"reports", reportCases},
		{"history", historyCases},
		{"homes", homeCases},
		{"bridges", bridgeCases},
		{"claims", claimCases},
		{"factories", factoryCases},
		{"desired values", desiredCases},
		{"presence", presenceCases},
		{"nodes", nodeCases},
		{"commands", commandCases},
		{"jobs", jobCases},
		{"outbox", outboxCases},
		{"accounts and tokens", tokenCases},
		{"runs", runCases},
		{"transparency log", logCases},
		{"reviews", reviewCases},
		{"waivers", waiverCases},
		{"webhooks", webhookCases},
		{"mail", mailCases},
		{"campaigns", campaignCases},
		{"desk of campaigns", deskCases},
		{"rules of campaigns", campaignRuleCases},
		{"talk about campaigns", talkCases},
		{"orders", orderCases},
		{"waiting list", waitingCases},
		{"payments", paymentCases},
		{"refunds", refundCases},
		{"shipments", shipmentCases},
		{"addresses", addressCases},
		{"people", peopleCases},
		{"organisations", orgCases},
		{"audit", auditCases},
		{"field health", fieldCases},
		{"firmware", firmwareCases},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(t *testing.T, db *storeDB) {
				for _, c := range s.cases {
					t.Run(c.name, func(t *testing.T) { c.test(t, db) })
				}
			})
		})
	}
}

type conformanceCase struct {
	name string
	test func(t *testing.T, db *storeDB)
}

// storeDB is an open, migrated database of its own for one test.
type storeDB struct {
	*store.DB
	url string
}

// eachEngine runs the test on SQLite and on PostgreSQL (or skips that).
func eachEngine[T interface {
	testing.TB
	Run(string, func(T)) bool
}](t T, test func(T, *storeDB)) {
	t.Run("sqlite", func(t T) { test(t, open(t, "sqlite:"+storetest.SQLite(t))) })
	t.Run("postgres", func(t T) { test(t, open(t, storetest.Postgres(t))) })
}

func open(t testing.TB, url string) *storeDB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, db.Migrate(t.Context()))
	return &storeDB{db, url}
}

var (
	ctx = context.Background()
	// now has microseconds, as many as are kept.
	now = time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC)
)

// product creates a product with one spec version.
func (db *storeDB) product(t testing.TB) (registry.Product, registry.SpecVersion) {
	t.Helper()
	p := registry.Product{ID: id.New("prd"), Name: "Pure", CreatedAt: now}
	p.Model = "aurora-" + p.ID
	v := specOf(p, 1)
	must(t, db.Registry().CreateProduct(ctx, p, v))
	return p, v
}

func specOf(p registry.Product, version int) registry.SpecVersion {
	return registry.SpecVersion{
		ID: id.New("spv"), ProductID: p.ID, Version: version, SHA256: "ab", CreatedAt: now,
		URN: fmt.Sprintf("urn:miot-spec-v2:device:air-purifier:0000A007:%s:%d", p.Model, version), Document: []byte("{\"services\": []}\n"),
	}
}

// devices creates n devices of one product, their dids in order.
func (db *storeDB) devices(t testing.TB, n int) []string {
	t.Helper()
	p, v := db.product(t)
	dids := make([]string, n)
	for i := range dids {
		dids[i] = fmt.Sprintf("%s.%06d", p.ID[len(p.ID)-12:], i)
		must(t, db.Registry().CreateDevice(ctx, registry.Device{DID: dids[i], ProductID: p.ID, SpecID: v.ID, CreatedAt: now}, nil))
	}
	return dids
}

func (db *storeDB) device(t testing.TB) string { return db.devices(t, 1)[0] }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get is a value that must come without an error.
func get[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

// together runs fn n times at once and returns the errors.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = fn(i) })
	}
	all.Wait()
	return errs
}
