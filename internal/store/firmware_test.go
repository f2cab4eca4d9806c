package store_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/firmware"
)

// offered is a running rollout of a stored image to n devices.
func (db *storeDB) offered(t testing.TB, n int) (firmware.Image, firmware.Rollout, []string) {
	t.Helper()
	s := db.Firmware()
	dids := db.devices(t, n)
	d := get(db.Registry().Device(ctx, dids[0]))(t)
	i := firmware.Image{ID: id.New("fmw"), Product: d.ProductID, Org: "org_1", State: firmware.Stored, At: now}
	i.Version, i.SHA256 = "1.1.0", i.ID
	must(t, s.CreateImage(ctx, i, firmware.Record{}))
	r := firmware.Rollout{ID: id.New("rol"), Product: d.ProductID, Image: i.ID, Version: i.Version, State: firmware.Running, Waves: firmware.DefaultWaves, At: now}
	must(t, s.CreateRollout(ctx, r, nil, firmware.Record{}))
	var targets []firmware.Target
	for k, did := range dids {
		targets = append(targets, firmware.Target{Rollout: r.ID, DID: did, State: firmware.Waiting, Cohort: 500 + 1000*k, DueAt: now, Before: "1.0.0"})
	}
	must(t, s.Enlist(ctx, targets))
	return i, r, dids
}

var firmwareCases = []conformanceCase{
	{"a version and an image exist once in a product", func(t *testing.T, db *storeDB) {
		i, _, _ := db.offered(t, 1)
		again := i
		again.ID, again.SHA256 = id.New("fmw"), "other"
		wantError(t, db.Firmware().CreateImage(ctx, again, firmware.Record{}), registry.ErrExists)
		again.Version, again.SHA256 = "1.2.0", i.SHA256
		wantError(t, db.Firmware().CreateImage(ctx, again, firmware.Record{}), registry.ErrExists)
		same(t, get(db.Firmware().Image(ctx, i.ID))(t), i)
		same(t, get(db.Firmware().Images(ctx, i.Product))(t), []firmware.Image{i})
		_, err := db.Firmware().Image(ctx, "fmw_none")
		wantError(t, err, registry.ErrNotFound)
	}},
	{"one rollout of a product is live, and another may take its place in one step", func(t *testing.T, db *storeDB) {
		_, r, _ := db.offered(t, 1)
		s := db.Firmware()
		next := r
		next.ID = id.New("rol")
		wantError(t, s.CreateRollout(ctx, next, nil, firmware.Record{}), registry.ErrExists)
		ended := r
		ended.State, ended.Reason = firmware.Stopped, "rolled back"
		must(t, s.CreateRollout(ctx, next, &firmware.RolloutChange{Was: firmware.Running, Rollout: ended}, firmware.Record{}))
		wantError(t, s.SaveRollout(ctx, firmware.RolloutChange{Was: firmware.Running, Rollout: ended}), registry.ErrConflict)
		same(t, get(s.Rollout(ctx, r.ID))(t).State, firmware.Stopped)
		found := get(s.Rollouts(ctx, r.Product, 10))(t)
		same(t, []string{found[0].ID, found[1].ID}, []string{next.ID, r.ID})
	}},
	{"waves grow, and the first has a device", func(t *testing.T, db *storeDB) {
		_, r, dids := db.offered(t, 5) // cohorts 500, 1500, …
		due := func(share int) (found []string) {
			t.Helper()
			for _, target := range get(db.Firmware().Due(ctx, r.ID, share, now, 10))(t) {
				found = append(found, target.DID)
			}
			return found
		}
		same(t, due(100), dids[:1])
		same(t, due(2000), dids[:2])
		same(t, due(10000), dids)
		same(t, get(db.Firmware().Tally(ctx, r.ID, 2000))(t), firmware.Tally{Waiting: 2, Others: 5, OthersOffline: 5})
		get(db.Registry().Connect(ctx, "nod_1", now, dids[:3]))(t)
		same(t, get(db.Firmware().Tally(ctx, r.ID, 100))(t), firmware.Tally{Waiting: 1, Others: 5, OthersOffline: 2})
	}},
	{"of many who offer one wins; a rollout that is not running offers nothing", func(t *testing.T, db *storeDB) {
		_, r, dids := db.offered(t, 2)
		s := db.Firmware()
		t0 := get(s.Due(ctx, r.ID, 10000, now, 10))(t)[0]
		t0.Attempt, t0.OfferedAt, t0.DueAt, t0.Token = 1, now, now.Add(time.Second), "sum-"+r.ID
		won := 0
		for _, err := range together(5, func(int) error { return s.Offer(ctx, t0) }) {
			if err == nil {
				won++
			} else {
				wantError(t, err, registry.ErrConflict)
			}
		}
		same(t, won, 1)
		t0.State = firmware.Offered
		same(t, get(s.TargetByToken(ctx, t0.Token))(t), t0)
		same(t, get(s.TargetOf(ctx, dids[0]))(t), t0)
		must(t, s.Move(ctx, firmware.Offered, firmware.Target{Rollout: r.ID, DID: dids[0], State: firmware.Updated, Progress: 100}))
		wantError(t, s.Move(ctx, firmware.Offered, t0), registry.ErrConflict)
		_, err := s.TargetByToken(ctx, t0.Token)
		wantError(t, err, registry.ErrNotFound)
		_, err = s.TargetByToken(ctx, "")
		wantError(t, err, registry.ErrNotFound)

		paused := r
		paused.State = firmware.Paused
		must(t, s.SaveRollout(ctx, firmware.RolloutChange{Was: firmware.Running, Rollout: paused}))
		wantError(t, s.Offer(ctx, firmware.Target{Rollout: r.ID, DID: dids[1], Token: "x"}), registry.ErrConflict)
	}},
	{"a revoked image takes its rollout with it", func(t *testing.T, db *storeDB) {
		i, r, dids := db.offered(t, 1)
		s := db.Firmware()
		stopped := r
		stopped.State = firmware.Stopped
		i.State = firmware.Revoked
		must(t, s.SaveImage(ctx, firmware.Stored, i, &firmware.RolloutChange{Was: firmware.Running, Rollout: stopped}, firmware.Record{}))
		wantError(t, s.SaveImage(ctx, firmware.Stored, i, nil, firmware.Record{}), registry.ErrConflict)
		same(t, get(s.Rollout(ctx, r.ID))(t).State, firmware.Stopped)
		wantError(t, s.Offer(ctx, firmware.Target{Rollout: r.ID, DID: dids[0], Token: "y"}), registry.ErrConflict)
	}},
	{"a device that connects is due, unless it is busy", func(t *testing.T, db *storeDB) {
		_, r, dids := db.offered(t, 2)
		s := db.Firmware()
		for k, reason := range []string{"offline", "busy"} {
			must(t, s.Move(ctx, firmware.Waiting, firmware.Target{Rollout: r.ID, DID: dids[k], State: firmware.Waiting, DueAt: now.Add(time.Hour), Reason: reason}))
			must(t, s.Wake(ctx, dids[k], now))
		}
		due := get(s.Due(ctx, r.ID, 10000, now, 10))(t)
		same(t, len(due), 1)
		same(t, due[0].DID, dids[0])
		same(t, len(get(s.Targets(ctx, r.ID, dids[0], 10))(t)), 1)
	}},
}
