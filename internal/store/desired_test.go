package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

var desiredCases = []conformanceCase{
	{"a newer wish replaces the open one of its property, and only that", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		first, other, second := newDesired(did), newDesired(did), newDesired(did)
		other.PIID = 2
		second.Value = json.RawMessage(`"\u0000 18446744073709551615"`)
		for _, d := range []registry.Desired{first, other, second} {
			must(t, r.SetDesired(ctx, d))
		}
		same(t, get(r.OpenDesired(ctx, did))(t), []registry.Desired{other, second})
		wantError(t, r.EndDesired(ctx, registry.DesiredEnd{ID: first.ID, State: registry.DesiredMet, At: now}), registry.ErrConflict)
	}},
	{"16 wishes at once leave exactly one open", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		for _, err := range together(16, func(int) error { return r.SetDesired(ctx, newDesired(did)) }) {
			must(t, err)
		}
		same(t, len(get(r.OpenDesired(ctx, did))(t)), 1)
	}},
	{"a wish ends once", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		d := newDesired(did)
		must(t, r.SetDesired(ctx, d))
		won := 0
		for _, err := range together(6, func(int) error {
			return r.EndDesired(ctx, registry.DesiredEnd{ID: d.ID, State: registry.DesiredOverridden, At: now})
		}) {
			if err == nil {
				won++
				continue
			}
			wantError(t, err, registry.ErrConflict)
		}
		same(t, won, 1)
		d.State, d.EndedAt = registry.DesiredOverridden, now
		same(t, get(r.Desired(ctx, d.ID))(t), d)
		wantError(t, second(r.Desired(ctx, "des_none")), registry.ErrNotFound)
		wantError(t, r.EndDesired(ctx, registry.DesiredEnd{ID: "des_none", State: registry.DesiredMet, At: now}), registry.ErrNotFound)
		wantError(t, r.SetDesired(ctx, newDesired("none")), registry.ErrNotFound)
		wantError(t, r.SetDesired(ctx, d), registry.ErrExists)
	}},
	{"wishes expire at their time, not before", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		soon, later, never := newDesired(did), newDesired(did), newDesired(did)
		later.PIID, never.PIID = 2, 3
		soon.ExpiresAt, later.ExpiresAt, never.ExpiresAt = now.Add(time.Minute), now.Add(2*time.Minute), time.Time{}
		for _, d := range []registry.Desired{soon, later, never} {
			must(t, r.SetDesired(ctx, d))
		}
		get(r.ExpireDesired(ctx, now))(t) // nothing of ours
		same(t, len(get(r.OpenDesired(ctx, did))(t)), 3)
		same(t, get(r.ExpireDesired(ctx, now.Add(time.Minute)))(t), int64(1))
		same(t, get(r.OpenDesired(ctx, did))(t), []registry.Desired{later, never})
	}},
}
