package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) Password(ctx context.Context, account string) (string, error) {
	hash, err := s.read.Password(ctx, account)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, s.wrap(ctx, err, "password of account %s", account)
}

func (s authStore) SetPassword(ctx context.Context, account, hash, butSession string, at time.Time, e audit.Entry) error {
	err := s.ending(ctx, e, func(q *dbgen.Queries) (string, error) {
		if err := q.SetPassword(ctx, dbgen.SetPasswordParams{Account: account, Hash: hash, At: micros.Of(at)}); err != nil {
			return "", err
		}
		return endSessions(ctx, q, account, butSession)
	})
	return s.wrap(ctx, err, "set the password of account %s", account)
}

func (s authStore) Rehash(ctx context.Context, account, old, hash string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.Rehash(ctx, dbgen.RehashParams{Account: account, Old: old, Hash: hash}) // none: it was changed meanwhile
		return err
	})
	return s.wrap(ctx, err, "rehash the password of account %s", account)
}
