package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) CreateCode(ctx context.Context, c auth.Code) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error { return insertCode(ctx, q, c) })
	return s.wrap(ctx, err, "create code %s for account %s", c.ID, c.Account)
}

func insertCode(ctx context.Context, q *dbgen.Queries, c auth.Code) error {
	if err := q.DropCodes(ctx, dbgen.DropCodesParams{Account: c.Account, Purpose: string(c.Purpose)}); err != nil {
		return err
	}
	return q.InsertCode(ctx, dbgen.InsertCodeParams{
		ID: c.ID, Account: c.Account, Purpose: string(c.Purpose), Email: c.Email, Hash: blob(c.Hash),
		CreatedAt: micros.Of(c.CreatedAt), ExpiresAt: micros.Of(c.ExpiresAt),
	})
}

func (s authStore) Code(ctx context.Context, id string) (auth.Code, error) {
	c, err := s.read.Code(ctx, id)
	return auth.Code{
		ID: c.ID, Account: c.Account, Purpose: auth.Purpose(c.Purpose), Email: c.Email, Hash: c.Hash,
		CreatedAt: c.CreatedAt.Time(), ExpiresAt: c.ExpiresAt.Time(), UsedAt: c.UsedAt.Time(),
	}, s.wrap(ctx, err, "code %s", id)
}

func (s authStore) Confirm(ctx context.Context, c auth.Code, at time.Time, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		if err := won(q.UseCode(ctx, dbgen.UseCodeParams{ID: c.ID, At: micros.Of(at)})); err != nil {
			return err
		}
		return won(q.ConfirmAccount(ctx, dbgen.ConfirmAccountParams{ID: c.Account, At: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "confirm account %s", c.Account)
}

func (s authStore) Reset(ctx context.Context, c auth.Code, hash string, at time.Time, e audit.Entry) error {
	err := s.ending(ctx, e, func(q *dbgen.Queries) (string, error) {
		if err := won(q.UseCode(ctx, dbgen.UseCodeParams{ID: c.ID, At: micros.Of(at)})); err != nil {
			return "", err
		}
		if _, err := q.ConfirmAccount(ctx, dbgen.ConfirmAccountParams{ID: c.Account, At: micros.Of(at)}); err != nil { // mostly it is
			return "", err
		}
		if err := q.SetPassword(ctx, dbgen.SetPasswordParams{Account: c.Account, Hash: hash, At: micros.Of(at)}); err != nil {
			return "", err
		}
		return endSessions(ctx, q, c.Account, "")
	})
	return s.wrap(ctx, err, "reset the password of account %s", c.Account)
}
