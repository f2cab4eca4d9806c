package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) Session(ctx context.Context, key string) (auth.Session, error) {
	row, err := s.read.Session(ctx, key)
	return session(row), s.wrap(ctx, err, "session")
}

func (s authStore) SeeSession(ctx context.Context, key string, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.SeeSession(ctx, dbgen.SeeSessionParams{Key: key, At: micros.Of(at)})
	})
	return s.wrap(ctx, err, "see session")
}

func session(r dbgen.Session) auth.Session {
	return auth.Session{
		Key: r.Key, ID: r.ID, Account: r.Account, Data: r.Data, Address: r.Address, Agent: r.Agent,
		CreatedAt: r.CreatedAt.Time(), SeenAt: r.SeenAt.Time(), ExpiresAt: r.ExpiresAt.Time(),
	}
}
