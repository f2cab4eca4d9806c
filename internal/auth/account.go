package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// The errors of the store and of checks.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrBadToken = errors.New("bad token")     // malformed, unknown, wrong, revoked, or not for this
	ErrExpired  = errors.New("token expired") //
)

// Account is somebody who owns devices and tokens.
type Account struct {
	ID        string // acc_…
	Name      string
	CreatedAt time.Time
}

// Store keeps accounts and tokens. Every method is one transaction.
type Store interface {
	CreateAccount(ctx context.Context, a Account) error // ErrExists: id taken
	Account(ctx context.Context, id string) (Account, error)
	Accounts(ctx context.Context, after string, limit int) ([]Account, error) // by id
	CreateToken(ctx context.Context, t Token) error                           // ErrExists: id taken; ErrNotFound: account
	Token(ctx context.Context, id string) (Token, error)
	Tokens(ctx context.Context, account string) ([]Token, error) // by id
	// RevokeToken sets RevokedAt; an earlier one stays.
	RevokeToken(ctx context.Context, id string, at time.Time) error
	// UseToken moves UsedAt forward.
	UseToken(ctx context.Context, id string, at time.Time) error
}

// CreateAccount makes an account.
func (s *Service) CreateAccount(ctx context.Context, name string) (Account, error) {
	a := Account{ID: id.New("acc"), Name: name, CreatedAt: s.now()}
	if err := s.store.CreateAccount(ctx, a); err != nil {
		return Account{}, fmt.Errorf("create account %q: %w", name, err)
	}
	return a, nil
}

// Account returns the account, or ErrNotFound.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	return s.store.Account(ctx, id)
}

// Accounts lists accounts in the order of their ids, after the given one.
func (s *Service) Accounts(ctx context.Context, after string, limit int) ([]Account, error) {
	return s.store.Accounts(ctx, after, limit)
}
