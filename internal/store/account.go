package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Auth is what auth keeps.
func (db *DB) Auth() auth.Store { return authStore{db} }

type authStore struct{ *DB }

// wrap puts errors into auth's words; registry.ErrUnavailable stays what it is.
func (s authStore) wrap(ctx context.Context, err error, format string, args ...any) error {
	err = s.DB.wrap(ctx, err, format, args...)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return fmt.Errorf("%w (%w)", auth.ErrNotFound, err)
	case errors.Is(err, registry.ErrExists):
		return fmt.Errorf("%w (%w)", auth.ErrExists, err)
	}
	return err
}

func (s authStore) CreateAccount(ctx context.Context, a auth.Account) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return insertAccount(ctx, q, a)
	})
	return s.wrap(ctx, err, "create account %s", a.ID)
}

func (s authStore) Account(ctx context.Context, id string) (auth.Account, error) {
	a, err := s.read.Account(ctx, id)
	return account(a), s.wrap(ctx, err, "account %s", id)
}

func (s authStore) Accounts(ctx context.Context, after string, limit int) ([]auth.Account, error) {
	rows, err := s.read.Accounts(ctx, dbgen.AccountsParams{After: after, Most: most(limit)})
	return list(rows, account), s.wrap(ctx, err, "accounts after %q", after)
}

func insertAccount(ctx context.Context, q *dbgen.Queries, a auth.Account) error {
	return q.InsertAccount(ctx, dbgen.InsertAccountParams{
		ID: a.ID, Name: text(a.Name), Email: a.Email, CreatedAt: micros.Of(a.CreatedAt),
		ConfirmedAt: micros.Of(a.ConfirmedAt), BlockedAt: micros.Of(a.BlockedAt),
	})
}

func account(a dbgen.Account) auth.Account {
	return auth.Account{
		ID: a.ID, Name: a.Name, Email: a.Email, CreatedAt: a.CreatedAt.Time(),
		ConfirmedAt: a.ConfirmedAt.Time(), BlockedAt: a.BlockedAt.Time(),
	}
}
