package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry/firmware"
)

// Firmware is what images and rollouts keep.
func (db *DB) Firmware() firmware.Store { return firmwareStore{db} }

type firmwareStore struct{ *DB }

var _ firmware.Store = firmwareStore{}

// recorded runs fn and records in one transaction, and tells those who wait for it.
func (s firmwareStore) recorded(ctx context.Context, rec firmware.Record, fn func(q *dbgen.Queries) error, format string, args ...any) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := fn(q); err != nil {
			return err
		}
		return record(ctx, q, rec.Entries, rec.Notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, format, args...)
}

func (s firmwareStore) CreateImage(ctx context.Context, i firmware.Image, rec firmware.Record) error {
	body, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("image %s: %w", i.ID, err)
	}
	return s.recorded(ctx, rec, func(q *dbgen.Queries) error {
		return q.InsertFirmware(ctx, dbgen.InsertFirmwareParams{
			ID: i.ID, Product: i.Product, Version: i.Version, SHA256: i.SHA256, State: string(i.State), Rev: i.Rev, Body: text(string(body)),
		})
	}, "image %s of product %s with SHA-256 %s", i.Version, i.Product, i.SHA256)
}

func (s firmwareStore) SaveImage(ctx context.Context, was firmware.ImageState, i firmware.Image, stopped *firmware.RolloutChange, rec firmware.Record) error {
	saw := i.Rev
	i.Rev++
	body, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("image %s: %w", i.ID, err)
	}
	return s.recorded(ctx, rec, func(q *dbgen.Queries) error {
		if err := still(q.UpdateFirmware(ctx, dbgen.UpdateFirmwareParams{ID: i.ID, Was: string(was), Saw: saw, State: string(i.State), Body: text(string(body))})); err != nil {
			return err
		}
		if stopped == nil {
			return nil
		}
		return saveRollout(ctx, q, *stopped)
	}, "image %s, seen as %s at revision %d", i.ID, was, saw)
}

func (s firmwareStore) Image(ctx context.Context, id string) (firmware.Image, error) {
	return one[firmware.Image](ctx, s.DB, "image", id, s.read.Firmware)
}

// one reads the body of one row.
func one[T any](ctx context.Context, db *DB, thing, id string, read func(context.Context, string) (string, error)) (v T, err error) {
	body, err := read(ctx, text(id))
	if err == nil {
		err = json.Unmarshal([]byte(body), &v)
	}
	return v, db.wrap(ctx, err, "%s %s", thing, id)
}

func (s firmwareStore) Images(ctx context.Context, product string) ([]firmware.Image, error) {
	found, err := unmarshalled[firmware.Image](s.read.FirmwareOfProduct(ctx, product))
	return found, s.wrap(ctx, err, "images of product %s", product)
}

func (s firmwareStore) CreateRollout(ctx context.Context, r firmware.Rollout, ended *firmware.RolloutChange, rec firmware.Record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("rollout %s: %w", r.ID, err)
	}
	return s.recorded(ctx, rec, func(q *dbgen.Queries) error {
		if ended != nil {
			if err := saveRollout(ctx, q, *ended); err != nil {
				return err
			}
		}
		return q.InsertRollout(ctx, dbgen.InsertRolloutParams{ID: r.ID, Product: r.Product, Firmware: r.Image, State: string(r.State), Rev: r.Rev, Body: text(string(body))})
	}, "a rollout of product %s", r.Product)
}

func (s firmwareStore) SaveRollout(ctx context.Context, c firmware.RolloutChange) error {
	return s.recorded(ctx, c.Record, func(q *dbgen.Queries) error { return saveRollout(ctx, q, c) }, "rollout %s", c.Rollout.ID)
}

// saveRollout is for the transactions of others too.
func saveRollout(ctx context.Context, q *dbgen.Queries, c firmware.RolloutChange) error {
	r, saw := c.Rollout, c.Rollout.Rev
	r.Rev++
	body, err := json.Marshal(r)
	if err == nil {
		err = still(q.UpdateRollout(ctx, dbgen.UpdateRolloutParams{ID: r.ID, Was: string(c.Was), Saw: saw, State: string(r.State), Body: text(string(body))}))
	}
	if err != nil {
		return fmt.Errorf("rollout %s, seen as %s at revision %d: %w", r.ID, c.Was, saw, err)
	}
	return nil
}

func (s firmwareStore) Rollout(ctx context.Context, id string) (firmware.Rollout, error) {
	return one[firmware.Rollout](ctx, s.DB, "rollout", id, s.read.Rollout)
}

func (s firmwareStore) Rollouts(ctx context.Context, product string, limit int) ([]firmware.Rollout, error) {
	found, err := unmarshalled[firmware.Rollout](s.read.RolloutsOfProduct(ctx, dbgen.RolloutsOfProductParams{Product: product, Most: most(limit)}))
	return found, s.wrap(ctx, err, "rollouts of product %s", product)
}

func (s firmwareStore) LiveRollouts(ctx context.Context) ([]firmware.Rollout, error) {
	found, err := unmarshalled[firmware.Rollout](s.read.LiveRollouts(ctx))
	return found, s.wrap(ctx, err, "live rollouts")
}

func (s firmwareStore) Enlist(ctx context.Context, targets []firmware.Target) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		for _, t := range targets {
			if err := q.EnlistDevice(ctx, dbgen.EnlistDeviceParams{Rollout: t.Rollout, DID: t.DID, Cohort: t.Cohort, DueAt: micros.Of(t.DueAt), Before: text(t.Before)}); err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap(ctx, err, "enlist %d devices", len(targets))
}

func (s firmwareStore) Due(ctx context.Context, rollout string, share int, now time.Time, limit int) ([]firmware.Target, error) {
	least, err := s.read.LeastCohort(ctx, rollout)
	if err != nil {
		return nil, s.wrap(ctx, err, "rollout %s", rollout)
	}
	rows, err := s.read.DueTargets(ctx, dbgen.DueTargetsParams{Rollout: rollout, Now: micros.Of(now), Share: reach(share, least), Most: most(limit)})
	return list(rows, target), s.wrap(ctx, err, "due devices of rollout %s", rollout)
}

// reach is the share of a wave: it has one device at least, however small the fleet.
func reach(share int, least int64) int { return max(share, int(least)+1) }

func (s firmwareStore) Offer(ctx context.Context, t firmware.Target) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return still(q.OfferTarget(ctx, dbgen.OfferTargetParams{
			Rollout: t.Rollout, DID: t.DID, Attempt: t.Attempt, DueAt: micros.Of(t.DueAt), OfferedAt: micros.Of(t.OfferedAt), Token: t.Token,
		}))
	})
	return s.wrap(ctx, err, "offer of rollout %s to device %s", t.Rollout, t.DID)
}

func (s firmwareStore) Move(ctx context.Context, was firmware.TargetState, t firmware.Target) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return still(q.MoveTarget(ctx, dbgen.MoveTargetParams{
			Rollout: t.Rollout, DID: t.DID, Was: string(was), State: string(t.State), Attempt: t.Attempt, Refusals: t.Refusals,
			DueAt: micros.Of(t.DueAt), Token: t.Token, Progress: t.Progress, Reason: text(t.Reason),
		}))
	})
	return s.wrap(ctx, err, "device %s of rollout %s, seen as %s", t.DID, t.Rollout, was)
}

func (s firmwareStore) Wake(ctx context.Context, did string, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.WakeTarget(ctx, dbgen.WakeTargetParams{DID: did, At: micros.Of(at)})
	})
	return s.wrap(ctx, err, "wake the update of device %s", did)
}

func (s firmwareStore) Tally(ctx context.Context, rollout string, share int) (t firmware.Tally, err error) {
	least, err := s.read.LeastCohort(ctx, rollout)
	if err != nil {
		return t, s.wrap(ctx, err, "rollout %s", rollout)
	}
	rows, err := s.read.TallyTargets(ctx, dbgen.TallyTargetsParams{Rollout: rollout, Share: reach(share, least)})
	if err != nil {
		return t, s.wrap(ctx, err, "tally of rollout %s", rollout)
	}
	for _, r := range rows {
		switch firmware.TargetState(r.State) {
		case firmware.Waiting:
			t.Waiting = r.N
		case firmware.Offered:
			t.Offered = r.N
		case firmware.Updated:
			t.Done, t.DoneOffline = r.N, r.Offline
		case firmware.GaveUp:
			t.Failed = r.N
		}
	}
	others, err := s.read.TallyOthers(ctx, rollout)
	t.Others, t.OthersOffline = others.N, others.Offline
	return t, s.wrap(ctx, err, "tally of rollout %s", rollout)
}

func (s firmwareStore) Targets(ctx context.Context, rollout, after string, limit int) ([]firmware.Target, error) {
	rows, err := s.read.TargetsOfRollout(ctx, dbgen.TargetsOfRolloutParams{Rollout: rollout, After: after, Most: most(limit)})
	return list(rows, target), s.wrap(ctx, err, "devices of rollout %s", rollout)
}

func (s firmwareStore) TargetOf(ctx context.Context, did string) (firmware.Target, error) {
	row, err := s.read.TargetOfDevice(ctx, did)
	return target(row), s.wrap(ctx, err, "update of device %s", did)
}

func (s firmwareStore) TargetByToken(ctx context.Context, token string) (firmware.Target, error) {
	row, err := s.read.TargetByToken(ctx, token)
	return target(row), s.wrap(ctx, err, "download")
}

func target(d dbgen.RolloutDevice) firmware.Target {
	return firmware.Target{
		Rollout: d.Rollout, DID: d.DID, State: firmware.TargetState(d.State), Cohort: d.Cohort, Attempt: d.Attempt, Refusals: d.Refusals,
		DueAt: d.DueAt.Time(), OfferedAt: d.OfferedAt.Time(), Token: d.Token, Progress: d.Progress, Reason: d.Reason, Before: d.Before,
	}
}
