package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) SetDesired(ctx context.Context, d registry.Desired) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := changed(q.LockDevice(ctx, d.DID)); err != nil {
			return err
		}
		err := q.ReplaceDesired(ctx, dbgen.ReplaceDesiredParams{
			DID: d.DID, SIID: d.SIID, PIID: d.PIID, At: micros.Of(d.CreatedAt),
		})
		if err != nil {
			return err
		}
		return q.InsertDesired(ctx, dbgen.InsertDesiredParams{
			ID: d.ID, DID: d.DID, SIID: d.SIID, PIID: d.PIID, Value: text(string(d.Value)),
			CreatedAt: micros.Of(d.CreatedAt), ExpiresAt: micros.Of(d.ExpiresAt), Account: d.Account,
		})
	})
	return s.wrap(ctx, err, "set desired value %s of device %s property %d.%d", d.ID, d.DID, d.SIID, d.PIID)
}

func (s registryStore) OpenDesired(ctx context.Context, did string) ([]registry.Desired, error) {
	rows, err := s.read.OpenDesired(ctx, did)
	return list(rows, desired), s.wrap(ctx, err, "desired values of device %s", did)
}

func (s registryStore) Desired(ctx context.Context, id string) (registry.Desired, error) {
	d, err := s.read.Desired(ctx, id)
	return desired(d), s.wrap(ctx, err, "desired value %s", id)
}

func (s registryStore) EndDesired(ctx context.Context, e registry.DesiredEnd) error {
	if e.State == registry.DesiredOpen {
		return fmt.Errorf("end desired value %s: the state %q is not an end: %w", e.ID, e.State, registry.ErrConflict)
	}
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.EndDesired(ctx, endDesired(e))
		if err != nil || n > 0 {
			return err
		}
		d, err := q.Desired(ctx, e.ID)
		if err != nil {
			return err
		}
		return fmt.Errorf("it is %s: %w", d.State, registry.ErrConflict)
	})
	return s.wrap(ctx, err, "end desired value %s as %s", e.ID, e.State)
}

func endDesired(e registry.DesiredEnd) dbgen.EndDesiredParams {
	return dbgen.EndDesiredParams{ID: e.ID, State: string(e.State), Reason: text(e.Reason), At: micros.Of(e.At)}
}

func (s registryStore) ExpireDesired(ctx context.Context, now time.Time) (n int64, err error) {
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		n, err = q.ExpireDesired(ctx, micros.Of(now))
		return err
	})
	return n, s.wrap(ctx, err, "expire desired values")
}

func desired(d dbgen.Desired) registry.Desired {
	return registry.Desired{
		ID: d.ID, Account: d.Account, DID: d.DID, SIID: d.SIID, PIID: d.PIID, Value: raw(d.Value),
		State: registry.DesiredState(d.State), Reason: d.Reason,
		CreatedAt: d.CreatedAt.Time(), ExpiresAt: d.ExpiresAt.Time(), EndedAt: d.EndedAt.Time(),
	}
}
