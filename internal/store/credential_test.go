package store_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

func newCredential(did string) registry.Credential {
	return registry.Credential{
		ID: id.New("crd"), DID: did, Salt: bytes.Repeat([]byte{0, 255}, 8), Hash: bytes.Repeat([]byte{0x80}, 32),
		State: registry.CredentialActive, CreatedAt: now,
	}
}

var credentialCases = []conformanceCase{
	{"a new credential retires the others, its first use revokes them", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		first, second := newCredential(did), newCredential(did)
		must(t, r.AddCredential(ctx, first, false))
		must(t, r.AddCredential(ctx, second, true))
		first.State = registry.CredentialRetiring
		same(t, get(r.Credentials(ctx, did))(t), []registry.Credential{first, second})

		must(t, r.UseCredential(ctx, second.ID, now.Add(time.Minute)))
		second.UsedAt = now.Add(time.Minute)
		first.State, first.RevokedAt = registry.CredentialRevoked, now.Add(time.Minute)
		same(t, get(r.Credentials(ctx, did))(t), []registry.Credential{first, second})
		same(t, db.takeEvents(t), []string{"device." + bus.Token(did) + ".credentials"})

		must(t, r.UseCredential(ctx, second.ID, now.Add(time.Hour))) // only the first time is kept
		same(t, get(r.Credentials(ctx, did))(t), []registry.Credential{first, second})
		same(t, db.takeEvents(t), []string{})
		wantError(t, r.UseCredential(ctx, first.ID, now), registry.ErrConflict)
	}},
	{"a retiring credential still opens the door and locks nobody out", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		first, second := newCredential(did), newCredential(did)
		must(t, r.AddCredential(ctx, first, false))
		must(t, r.AddCredential(ctx, second, true))
		must(t, r.UseCredential(ctx, first.ID, now))
		first.State, first.UsedAt = registry.CredentialRetiring, now
		same(t, get(r.Credentials(ctx, did))(t), []registry.Credential{first, second})
	}},
	{"a revocation is told to all nodes by the same transaction, once", func(t *testing.T, db *storeDB) {
		r, did, other := db.Registry(), db.device(t), db.device(t)
		c := newCredential(did)
		must(t, r.AddCredential(ctx, c, false))
		db.takeEvents(t)
		wantError(t, r.RevokeCredential(ctx, other, c.ID, now), registry.ErrNotFound)
		wantError(t, r.RevokeCredential(ctx, did, "crd_none", now), registry.ErrNotFound)
		same(t, db.takeEvents(t), []string{})
		must(t, r.RevokeCredential(ctx, did, c.ID, now))
		same(t, db.takeEvents(t), []string{"device." + bus.Token(did) + ".credentials"})
		wantError(t, r.RevokeCredential(ctx, did, c.ID, now), registry.ErrConflict)
		same(t, db.takeEvents(t), []string{})
		c.State, c.RevokedAt = registry.CredentialRevoked, now
		same(t, get(r.Credentials(ctx, did))(t), []registry.Credential{c})
	}},
	{"of many revocations at once one wins", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		c := newCredential(did)
		must(t, r.AddCredential(ctx, c, false))
		won := 0
		for _, err := range together(8, func(int) error { return r.RevokeCredential(ctx, did, c.ID, now) }) {
			if err == nil {
				won++
				continue
			}
			wantError(t, err, registry.ErrConflict)
		}
		same(t, won, 1)
	}},
	{"credentials need their device, and an id is taken once", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		wantError(t, r.AddCredential(ctx, newCredential("none"), true), registry.ErrNotFound)
		wantError(t, r.UseCredential(ctx, "crd_none", now), registry.ErrNotFound)
		c := newCredential(did)
		must(t, r.AddCredential(ctx, c, false))
		wantError(t, r.AddCredential(ctx, c, true), registry.ErrExists)
		same(t, get(r.Credentials(ctx, did))(t), []registry.Credential{c}) // not retired by the failure
	}},
}

// takeEvents empties the outbox and returns the subjects.
func (db *storeDB) takeEvents(t testing.TB) []string {
	t.Helper()
	events := get(db.Jobs().Events(ctx, 0))(t)
	must(t, db.Jobs().Published(ctx, events))
	var subjects []string
	for _, e := range events {
		subjects = append(subjects, e.Subject)
	}
	return subjects
}
