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
	ErrNotFound  = errors.New("not found")
	ErrExists    = errors.New("already exists")
	ErrBadToken  = errors.New("bad token") // malformed, unknown, wrong, revoked, or not for this
	ErrExpired   = errors.New("token expired")
	ErrNoSession = errors.New("not logged in")
	ErrBlocked   = errors.New("blocked") // by an operator
)

// Account is somebody: a person with an e-mail address, or what programs act for.
type Account struct {
	ID          string // acc_…
	Name        string
	Email       string // in its normal form; empty: no person
	CreatedAt   time.Time
	ConfirmedAt time.Time // when the address was proven; zero: not yet
	BlockedAt   time.Time // zero unless an operator blocked it
}

// Confirmed says whether the account's address was proven; where there is none,
// there is nothing to prove.
func (a Account) Confirmed() bool { return a.Email == "" || !a.ConfirmedAt.IsZero() }

// Store keeps accounts and tokens. Every method is one transaction.
type Store interface {
	// Standing is what decides what an account may do.
	Standing(ctx context.Context, account string) (Standing, error)
	// GrantRole adds a role; one that is there stays.
	GrantRole(ctx context.Context, account string, r Role, at time.Time) error // ErrNotFound: account

	Session(ctx context.Context, key string) (Session, error)
	// SeeSession moves SeenAt forward.
	SeeSession(ctx context.Context, key string, at time.Time) error

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

// GrantRole gives an account a role.
func (s *Service) GrantRole(ctx context.Context, account string, r Role) error {
	defer s.standings.forget(account)
	if err := s.store.GrantRole(ctx, account, r, s.now()); err != nil {
		return fmt.Errorf("grant %s to account %s: %w", r, account, err)
	}
	return nil
}

// Account returns the account, or ErrNotFound.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	return s.store.Account(ctx, id)
}

// Accounts lists accounts in the order of their ids, after the given one.
func (s *Service) Accounts(ctx context.Context, after string, limit int) ([]Account, error) {
	return s.store.Accounts(ctx, after, limit)
}
