package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
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
	for _, known := range []error{auth.ErrNotFound, auth.ErrExists, auth.ErrConflict, auth.ErrLastOwner, auth.ErrTooMany} {
		if errors.Is(err, known) {
			return fmt.Errorf(format+": %w", append(args, err)...)
		}
	}
	err = s.DB.wrap(ctx, err, format, args...)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return fmt.Errorf("%w (%w)", auth.ErrNotFound, err)
	case errors.Is(err, registry.ErrExists):
		return fmt.Errorf("%w (%w)", auth.ErrExists, err)
	}
	return err
}

// decide runs fn and stores the entry in one transaction.
func (s authStore) decide(ctx context.Context, e audit.Entry, fn func(q *dbgen.Queries) error) error {
	return s.transact(ctx, func(q *dbgen.Queries) error {
		if err := fn(q); err != nil {
			return err
		}
		return record(ctx, q, []audit.Entry{e}, nil)
	})
}

// won says that a conditional change found the row no longer as it must be.
func won(n int64, err error) error {
	if err == nil && n == 0 {
		return auth.ErrConflict
	}
	return err
}

func (s authStore) CreateAccount(ctx context.Context, a auth.Account, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error { return insertAccount(ctx, q, a) })
	return s.wrap(ctx, err, "create account %s", a.ID)
}

func (s authStore) Account(ctx context.Context, id string) (auth.Account, error) {
	a, err := s.read.Account(ctx, id)
	return account(a), s.wrap(ctx, err, "account %s", id)
}

func (s authStore) AccountByEmail(ctx context.Context, email string) (auth.Account, error) {
	a, err := s.read.AccountByEmail(ctx, email)
	return account(a), s.wrap(ctx, err, "account of %s", email)
}

func (s authStore) Accounts(ctx context.Context, after string, limit int) ([]auth.Standing, error) {
	rows, err := s.read.Accounts(ctx, dbgen.AccountsParams{After: after, Most: most(limit)})
	var granted []dbgen.GrantedRolesRow
	if err == nil && len(rows) > 0 {
		granted, err = s.read.GrantedRoles(ctx, dbgen.GrantedRolesParams{First: rows[0].ID, Last: rows[len(rows)-1].ID})
	}
	roles := make(map[string][]auth.Role)
	for _, g := range granted {
		roles[g.Account] = append(roles[g.Account], auth.Role(g.Role))
	}
	found := list(rows, func(a dbgen.Account) auth.Standing { return auth.Standing{Account: account(a), Roles: roles[a.ID]} })
	return found, s.wrap(ctx, err, "accounts after %q", after)
}

func (s authStore) RenameAccount(ctx context.Context, id, name string, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		return changed(q.RenameAccount(ctx, dbgen.RenameAccountParams{ID: id, Name: text(name)}))
	})
	return s.wrap(ctx, err, "rename account %s", id)
}

func (s authStore) SignUp(ctx context.Context, a auth.Account, hash string, c auth.Code) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		_, err := q.Account(ctx, a.ID)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			err = insertAccount(ctx, q, a)
		case err == nil:
			err = won(q.SignUpAgain(ctx, dbgen.SignUpAgainParams{ID: a.ID, Name: text(a.Name), At: micros.Of(a.CreatedAt)}))
		}
		if err != nil {
			return err
		}
		if err := q.SetPassword(ctx, dbgen.SetPasswordParams{Account: a.ID, Hash: hash, At: micros.Of(a.CreatedAt)}); err != nil {
			return err
		}
		return insertCode(ctx, q, c)
	})
	return s.wrap(ctx, err, "sign up account %s", a.ID)
}

func (s authStore) CreatePerson(ctx context.Context, st auth.Standing, hash string, i auth.Identity, e audit.Entry) error {
	a := st.Account
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		if err := insertAccount(ctx, q, a); err != nil {
			return err
		}
		if hash != "" {
			if err := q.SetPassword(ctx, dbgen.SetPasswordParams{Account: a.ID, Hash: hash, At: micros.Of(a.CreatedAt)}); err != nil {
				return err
			}
		}
		for _, r := range st.Roles {
			if _, err := q.GrantRole(ctx, dbgen.GrantRoleParams{Account: a.ID, Role: string(r), GrantedAt: micros.Of(a.CreatedAt)}); err != nil {
				return err
			}
		}
		if i.Issuer == "" {
			return nil
		}
		return insertIdentity(ctx, q, i)
	})
	return s.wrap(ctx, err, "create account %s", a.ID)
}

func (s authStore) Sweep(ctx context.Context, now time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		err := q.DeleteOldSessions(ctx, dbgen.DeleteOldSessionsParams{At: micros.Of(now), IdleAt: micros.Of(now.Add(-auth.SessionIdle))})
		if err == nil {
			err = q.DeleteOldCodes(ctx, micros.Of(now.Add(-auth.ConfirmLife)))
		}
		if err == nil {
			err = q.DeleteUnconfirmed(ctx, micros.Of(now.Add(-auth.UnconfirmedLife)))
		}
		return err
	})
	return s.wrap(ctx, err, "sweep sessions, codes and accounts")
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
