package store

import (
	"context"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
)

// Bridges is what bridges keep.
func (db *DB) Bridges() bridges.Store { return bridgeStore{db} }

type bridgeStore struct{ *DB }

func (s bridgeStore) PutBridge(ctx context.Context, token string, queue time.Duration) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.PutBridge(ctx, dbgen.PutBridgeParams{Token: token, QueueS: int64(queue / time.Second)})
	})
	return s.wrap(ctx, err, "put bridge %s", token)
}

func (s bridgeStore) Bridge(ctx context.Context, token string) (bridges.Setting, error) {
	b, err := s.read.Bridge(ctx, token)
	if err = s.wrap(ctx, err, "bridge %s", token); errors.Is(err, registry.ErrNotFound) {
		return bridges.Setting{Token: token}, nil
	}
	return bridges.Setting{
		Token: b.Token, Queue: time.Duration(b.QueueS) * time.Second, Refused: b.Refused,
		Last: bridges.Outcome{End: bridges.End(b.LastEnd), Text: b.Last}, LastAt: b.LastAt.Time(),
	}, err
}

func (s bridgeStore) NoteRefused(ctx context.Context, notes []bridges.Note) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		for _, n := range notes {
			err := q.NoteRefused(ctx, dbgen.NoteRefusedParams{
				Token: n.Token, Refused: n.Refused, LastEnd: string(n.Last.End), Last: text(n.Last.Text), LastAt: int64(micros.Of(n.At)),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap(ctx, err, "note refused commands of %d bridges", len(notes))
}
