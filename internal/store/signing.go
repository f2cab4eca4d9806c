package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Signing is where the public halves of the signing keys are kept.
func (db *DB) Signing() signing.Store { return signingStore{db} }

type signingStore struct{ *DB }

func (s signingStore) Keys(ctx context.Context) ([]signing.Key, error) {
	rows, err := s.read.SigningKeys(ctx)
	return list(rows, signingKey), s.wrap(ctx, err, "signing keys")
}

func (s signingStore) CurrentKey(ctx context.Context, p signing.Purpose) (signing.Key, error) {
	row, err := s.read.CurrentSigningKey(ctx, string(p))
	if errors.Is(err, sql.ErrNoRows) {
		return signing.Key{}, signing.ErrNoKey
	}
	return signingKey(row), s.wrap(ctx, err, "current signing key for %s", p)
}

func (s signingStore) AddKey(ctx context.Context, k signing.Key) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return insertSigningKey(ctx, q, k) })
	err = s.wrap(ctx, err, "add signing key %s for %s", k.ID, k.Purpose)
	if errors.Is(err, registry.ErrExists) {
		return fmt.Errorf("%w: %w", signing.ErrTaken, err)
	}
	return err
}

func (s signingStore) RotateKey(ctx context.Context, old, next signing.Key, entries []audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.EndSigningKey(ctx, dbgen.EndSigningKeyParams{
			ID: old.ID, Purpose: string(old.Purpose), EndedAt: micros.Of(old.EndedAt),
			RevokedAt: micros.Of(old.RevokedAt), Reason: text(old.Reason),
		})
		if err == nil && n == 0 {
			err = signing.ErrEnded
		}
		if err == nil {
			err = insertSigningKey(ctx, q, next)
		}
		if err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	return s.wrap(ctx, err, "rotate signing key %s to %s", old.ID, next.ID)
}

func insertSigningKey(ctx context.Context, q *dbgen.Queries, k signing.Key) error {
	return q.InsertSigningKey(ctx, dbgen.InsertSigningKeyParams{
		ID: k.ID, Purpose: string(k.Purpose), Public: k.Public, CreatedAt: micros.Of(k.CreatedAt),
	})
}

func signingKey(k dbgen.SigningKey) signing.Key {
	return signing.Key{
		ID: k.ID, Purpose: signing.Purpose(k.Purpose), Public: k.Public, Reason: k.Reason,
		CreatedAt: k.CreatedAt.Time(), EndedAt: k.EndedAt.Time(), RevokedAt: k.RevokedAt.Time(),
	}
}
