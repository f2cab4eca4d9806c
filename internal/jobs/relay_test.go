package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

// revoker makes events: each revocation writes one, about its device.
func revoker(t *testing.T, db *store.DB) func(did string) {
	p := registry.Product{ID: id.New("prd"), Model: "m"}
	v := registry.SpecVersion{ID: id.New("spv"), ProductID: p.ID, Version: 1}
	must(t, db.Registry().CreateProduct(ctx, p, v))
	return func(did string) {
		c := registry.Credential{ID: id.New("crd"), DID: did, State: registry.CredentialActive}
		must(t, db.Registry().CreateDevice(ctx, registry.Device{DID: did, ProductID: p.ID, SpecID: v.ID}, &c))
		must(t, db.Registry().RevokeCredential(ctx, did, c.ID, time.Now()))
	}
}

// relay runs a relay until stop is called.
func relay(db *store.DB, b jobs.Publisher) (stop func()) {
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		jobs.NewRelay(db.Jobs(), b, slog.New(slog.DiscardHandler)).Run(running)
	}()
	return func() { cancel(); <-done }
}

func TestEventsAreRelayedInOrderAndAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		b, heard := listen(t)
		revoke := revoker(t, db)
		stop := relay(db, b)
		pass(100 * time.Millisecond)
		start := time.Now()
		var subjects []string
		for i := range 20 {
			did := fmt.Sprintf("d.%02d", i)
			revoke(did)
			subjects = append(subjects, "device."+bus.Token(did)+".credentials")
		}
		synctest.Wait()
		if passed := time.Since(start); passed != 0 {
			t.Errorf("the relay took %s of waiting", passed)
		}
		want(t, heard, subjects...)
		if left, err := db.Jobs().Events(ctx, 0); err != nil || len(left) > 0 {
			t.Errorf("left in the outbox: %v (%v)", left, err)
		}
		stop()
		must(t, b.Close())
	})
}

func TestWhatCouldNotBePublishedIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		revoke := revoker(t, db)
		revoke("a")
		revoke("b")
		closed := bus.NewLocal()
		must(t, closed.Close())
		stop := relay(db, closed)
		pass(3 * time.Second)
		stop()
		b, heard := listen(t)
		stop = relay(db, b)
		pass(time.Second)
		stop()
		want(t, heard, "device.a.credentials", "device.b.credentials")
		must(t, b.Close())
	})
}

func TestOneProcessRelaysAtATime(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		revoke := revoker(t, db)
		first, firstHeard := listen(t)
		second, secondHeard := listen(t)
		stopFirst := relay(db, first)
		revoke("a")
		pass(2 * time.Second)
		stopSecond := relay(db, second)
		revoke("b")
		pass(2 * time.Second)
		stopFirst() // gives the lease back
		revoke("c")
		pass(2 * time.Second)
		stopSecond()
		want(t, firstHeard, "device.a.credentials", "device.b.credentials")
		want(t, secondHeard, "device.c.credentials")
		must(t, first.Close())
		must(t, second.Close())
	})
}

// listen makes a bus and keeps the subjects it hears.
func listen(t *testing.T) (b *bus.Local, heard *[]string) {
	b, heard = bus.NewLocal(), new([]string)
	_, err := b.Subscribe("device.*.credentials", func(m bus.Message) { *heard = append(*heard, m.Subject) })
	must(t, err)
	return b, heard
}

func want(t *testing.T, heard *[]string, subjects ...string) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(*heard, subjects) {
		t.Errorf("heard %v, want %v", *heard, subjects)
	}
}
