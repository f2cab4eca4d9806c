package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

func TestAStoreRecoversByItself(t *testing.T) {
	server := pgtest.Cluster(t)
	db := open(t, server.URL())
	dids := db.devices(t, 20)
	// Several connections, so that more than one is broken afterwards.
	for _, err := range together(8, func(int) error { return db.Registry().CommitReports(ctx, reportBatch(dids, 1, now)) }) {
		must(t, err)
	}
	for name, end := range map[string]func(){"stopped": server.Stop, "killed": server.Kill} {
		t.Run(name, func(t *testing.T) {
			end()
			b := reportBatch(dids, 1, now)
			wantError(t, db.Registry().CommitReports(ctx, b), registry.ErrUnavailable)
			_, err := db.Registry().Device(ctx, dids[0])
			wantError(t, err, registry.ErrUnavailable)
			_, err = db.Registry().Connect(ctx, "nod_1", now, dids)
			wantError(t, err, registry.ErrUnavailable)
			_, err = db.Registry().ReserveIDs(ctx, "request", 1)
			wantError(t, err, registry.ErrUnavailable)
			wantError(t, db.Ping(ctx), registry.ErrUnavailable)

			server.Start()
			must(t, untilAvailable(t, func() error { return db.Registry().CommitReports(ctx, b) }))
			for _, err := range together(16, func(int) error {
				return untilAvailable(t, func() error { return db.Registry().CommitReports(ctx, reportBatch(dids, 1, now)) })
			}) {
				must(t, err)
			}
		})
	}
}

// TestNothingIsCountedTwice kills the server under commits that are repeated
// until they succeed: each must be stored once.
func TestNothingIsCountedTwice(t *testing.T) {
	server := pgtest.Cluster(t)
	db := open(t, server.URL())
	did := db.device(t)
	started := make(chan struct{}, 1000)
	done := make(chan error, 1)
	const batches = 300
	go func() {
		for i := range batches {
			b := reportBatch([]string{did}, 1, now.Add(time.Duration(i)*time.Millisecond))
			b.Violations = []registry.Violation{{DID: did, Day: midnight, Rule: "json", Count: 1, LastAt: now}}
			started <- struct{}{}
			if err := untilAvailable(t, func() error { return db.Registry().CommitReports(ctx, b) }); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 3 {
		for range 50 {
			<-started
		}
		server.Kill()
		server.Start()
	}
	must(t, <-done)
	// A connection that the kill broke may be met once more, by whoever is first.
	must(t, untilAvailable(t, func() error { return db.Ping(ctx) }))
	db.Pool().SetMaxIdleConns(0)
	same(t, len(db.history(t, registry.HistoryQuery{DID: did})), batches)
	same(t, get(db.Registry().Violations(ctx, did, time.Time{}, time.Time{}))(t)[0].Count, int64(batches))
}

// untilAvailable repeats what fails with ErrUnavailable, for a minute.
func untilAvailable(t *testing.T, fn func() error) error {
	limit, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := fn()
		if !errors.Is(err, registry.ErrUnavailable) || limit.Err() != nil {
			return err
		}
	}
}

func TestTooManyConnectionsPass(t *testing.T) {
	server := pgtest.Cluster(t)
	db := open(t, server.URL())
	did := db.device(t)
	db.Pool().SetMaxIdleConns(0) // its next use needs a new connection
	hogs := open(t, server.URL())
	hogs.Pool().SetMaxOpenConns(0)
	var held []*sql.Conn
	for available := true; available; { // a place that was left a moment ago may come free late
		c, err := hogs.Pool().Conn(ctx)
		if err == nil {
			held = append(held, c)
			continue
		}
		_, err = db.Registry().Device(ctx, did)
		if available = err == nil; !available {
			wantError(t, err, registry.ErrUnavailable)
		}
	}
	for _, c := range held {
		must(t, c.Close())
	}
	must(t, hogs.Close())
	must(t, untilAvailable(t, func() error { _, err := db.Registry().Device(ctx, did); return err }))
}

func TestACallerWhoGivesUpIsToldSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		did := db.device(t)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		err := db.Registry().CommitReports(gone, reportBatch([]string{did}, 1, now))
		wantError(t, err, context.Canceled)
		if errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("%v: the store is available", err)
		}
		same(t, len(db.history(t, registry.HistoryQuery{DID: did})), 0)
	})
}

func TestAClosedDatabaseIsUnavailableAndClosesOnce(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "closed.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := db.Registry().Product(t.Context(), "prd_x"); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("a read after Close: %v, want ErrUnavailable", err)
	}
	if _, err := db.Registry().ReserveIDs(t.Context(), "x", 1); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("a write after Close: %v, want ErrUnavailable", err)
	}
}
