package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) Sight(ctx context.Context, x registry.Sighting, since time.Time) ([]registry.Sighting, error) {
	var rows []dbgen.Sighting
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		err := q.InsertSighting(ctx, dbgen.InsertSightingParams{
			DID: x.DID, At: micros.Of(x.At), Epoch: x.Epoch, BootAt: micros.Of(x.Boot), Mac: text(x.MAC), Origin: text(x.Origin), Contested: x.Contested,
		})
		if err == nil {
			rows, err = q.Sightings(ctx, dbgen.SightingsParams{DID: x.DID, SinceAt: micros.Of(since)})
		}
		return err
	})
	return list(rows, func(r dbgen.Sighting) registry.Sighting {
		return registry.Sighting{
			DID: r.DID, At: r.At.Time(), Epoch: r.Epoch, Boot: r.BootAt.Time(), MAC: r.Mac, Origin: r.Origin, Contested: r.Contested,
		}
	}), s.wrap(ctx, err, "sighting of device %s", x.DID)
}

func (s registryStore) ForgetSightings(ctx context.Context, before time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return q.ForgetSightings(ctx, micros.Of(before)) })
	return s.wrap(ctx, err, "forget sightings before %s", before)
}

func (s registryStore) QuarantineDevice(ctx context.Context, did, reason string, e audit.Entry, n notice.Notice) error {
	err := s.keepOut(ctx, did, e, n, func(q *dbgen.Queries) error {
		return still(q.QuarantineDevice(ctx, dbgen.QuarantineDeviceParams{DID: did, At: micros.Of(e.At), Reason: text(reason)}))
	})
	return s.wrap(ctx, err, "quarantine device %s", did)
}

func (s registryStore) LiftQuarantine(ctx context.Context, did string, e audit.Entry, n notice.Notice) error {
	err := s.keepOut(ctx, did, e, n, func(q *dbgen.Queries) error {
		if err := q.DeleteSightings(ctx, did); err != nil {
			return err
		}
		return still(q.LiftQuarantine(ctx, did))
	})
	return s.wrap(ctx, err, "lift the quarantine of device %s", did)
}

// keepOut also has every node read the device anew.
func (s registryStore) keepOut(ctx context.Context, did string, e audit.Entry, n notice.Notice, fn func(*dbgen.Queries) error) error {
	return s.settle(ctx, []audit.Entry{e}, []notice.Notice{n}, nil, func(q *dbgen.Queries) error {
		if err := fn(q); err != nil {
			return err
		}
		return insertCredentialEvent(ctx, q, did, "", e.At)
	})
}

func (s registryStore) QuarantinedDevices(ctx context.Context, after string, limit int) ([]registry.Device, error) {
	rows, err := s.read.QuarantinedDevices(ctx, dbgen.QuarantinedDevicesParams{After: after, Most: most(limit)})
	return list(rows, device), s.wrap(ctx, err, "quarantined devices after %q", after)
}
