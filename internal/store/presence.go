package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Connect gives epoch 0, which is nobody's, for a device that does not exist (it
// was deleted between its login and now): the others must not pay for it.
func (s registryStore) Connect(ctx context.Context, node string, at time.Time, dids []string) (epochs []int64, err error) {
	if s.engine == Postgres {
		epochs, err = s.connectPostgres(ctx, node, at, dids)
	} else {
		epochs, err = s.connect(ctx, node, at, dids)
	}
	return epochs, s.wrap(ctx, err, "connect %d devices to node %s", len(dids), node)
}

func (s registryStore) connect(ctx context.Context, node string, at time.Time, dids []string) ([]int64, error) {
	epochs := make([]int64, len(dids))
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		for i, did := range dids {
			epoch, err := q.Connect(ctx, dbgen.ConnectParams{
				DID: did, Node: node, Reason: string(registry.ReasonConnected), Since: int64(micros.Of(at)),
			})
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			epochs[i] = epoch
		}
		return nil
	})
	return epochs, err
}

func (s registryStore) Disconnect(ctx context.Context, leaves []registry.Presence) (dids []string, err error) {
	if s.engine == Postgres {
		dids, err = s.disconnectPostgres(ctx, leaves)
	} else {
		dids, err = s.disconnect(ctx, leaves)
	}
	return dids, s.wrap(ctx, err, "disconnect %d devices", len(leaves))
}

func (s registryStore) disconnect(ctx context.Context, leaves []registry.Presence) (dids []string, err error) {
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		for _, p := range leaves {
			n, err := q.Disconnect(ctx, dbgen.DisconnectParams{
				DID: p.DID, Epoch: p.Epoch, Reason: string(p.Reason), Since: micros.Of(p.Since),
			})
			if err != nil {
				return err
			}
			if n > 0 {
				dids = append(dids, p.DID)
			}
		}
		return nil
	})
	return dids, err
}

func (s registryStore) Presence(ctx context.Context, did string) (registry.Presence, error) {
	p, err := s.read.Presence(ctx, did)
	return presence(p), s.wrap(ctx, err, "presence of device %s", did)
}

func (s registryStore) PutPresence(ctx context.Context, p registry.Presence) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.PutPresence(ctx, dbgen.PutPresenceParams{
			DID: p.DID, Online: p.Online, Reason: text(string(p.Reason)), Node: p.Node, Epoch: p.Epoch, Since: micros.Of(p.Since),
		})
	})
	return s.wrap(ctx, err, "presence of device %s", p.DID)
}

func presence(p dbgen.Presence) registry.Presence {
	return registry.Presence{
		DID: p.DID, Online: p.Online, Reason: registry.Reason(p.Reason), Node: p.Node, Epoch: p.Epoch, Since: p.Since.Time(),
	}
}
