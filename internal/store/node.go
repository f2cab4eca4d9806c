package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) KeepNode(ctx context.Context, n registry.Node) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.KeepNode(ctx, dbgen.KeepNodeParams{
			ID: n.ID, StartedAt: micros.Of(n.StartedAt), LeaseUntil: micros.Of(n.LeaseUntil),
		})
	})
	return s.wrap(ctx, err, "keep node %s", n.ID)
}

// LoseNodes deletes the node's row first: of several who find the same dead
// node, one deletes it and speaks for its devices, the others find nothing.
func (s registryStore) LoseNodes(ctx context.Context, now time.Time) (lost []registry.Presence, err error) {
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		nodes, err := q.LoseNodes(ctx, micros.Of(now))
		if err != nil {
			return err
		}
		slices.Sort(nodes)
		for _, node := range nodes {
			rows, err := q.LosePresence(ctx, dbgen.LosePresenceParams{
				Node: node, Reason: string(registry.ReasonNodeLost), Since: micros.Of(now),
			})
			if err != nil {
				return err
			}
			lost = append(lost, list(rows, presence)...)
		}
		return nil
	})
	return lost, s.wrap(ctx, err, "lose nodes whose lease ended by %s", now.Format(time.RFC3339))
}

func (s registryStore) ReserveIDs(ctx context.Context, sequence string, n int64) (first int64, err error) {
	if n < 1 {
		return 0, fmt.Errorf("reserve %d numbers of sequence %q: want at least 1", n, sequence)
	}
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		next, err := q.ReserveIDs(ctx, dbgen.ReserveIDsParams{Name: sequence, N: n})
		first = next - n
		return err
	})
	return first, s.wrap(ctx, err, "reserve %d numbers of sequence %q", n, sequence)
}
