package auth

import (
	"context"
	"errors"
	"fmt"
)

// Client is where a request comes from.
type Client struct {
	Address string // IP address; limits go by it
	Agent   string // what the browser calls itself
}

// LogIn finds the account of an address and a password. ErrBadLogin says no more
// than that, and takes as long, whatever is wrong; ErrBlocked is only for those
// who know the password. LimitError and ErrBusy say to come back.
func (s *Service) LogIn(ctx context.Context, email, password string, from Client) (Account, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return Account{}, ErrBadLogin // nobody can have it
	}
	a, err := s.store.AccountByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, fmt.Errorf("log in: %w", err)
	}
	if err := s.prove(ctx, a.ID, email, password, from); err != nil {
		return Account{}, err
	}
	switch {
	case !a.Confirmed():
		return Account{}, ErrBadLogin
	case !a.BlockedAt.IsZero():
		return Account{}, fmt.Errorf("%w: account %s", ErrBlocked, a.ID)
	}
	return a, nil
}

// prove checks the password of an account, which is empty where there is none.
// Attempts are counted by the address that was tried, so that those for unknown
// ones run out in the same way.
func (s *Service) prove(ctx context.Context, account, email, password string, from Client) error {
	right, err := s.attempt(email, from.Address)
	if err != nil {
		return err
	}
	if len(password) > maxPassword {
		return ErrBadLogin
	}
	hash := ""
	if account != "" {
		if hash, err = s.store.Password(ctx, account); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
	}
	ok, stale, err := s.hasher.matches(ctx, hash, password)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	if !ok {
		return ErrBadLogin
	}
	right()
	if stale {
		s.rehash(ctx, account, hash, password)
	}
	return nil
}

// rehash stores the password anew at today's cost. Nobody is turned away because
// that did not work.
func (s *Service) rehash(ctx context.Context, account, old, password string) {
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		err = s.store.Rehash(ctx, account, old, hash)
	}
	if err != nil {
		s.log.Warn("password not hashed anew", "account", account, "err", err)
	}
}

// ChangePassword sets a new password for who knows the old one, and ends all
// sessions but the one by which it is done.
func (s *Service) ChangePassword(ctx context.Context, by Actor, old, password string, from Client) error {
	a, err := s.store.Account(ctx, by.Account)
	if err != nil {
		return err
	}
	if a.Email == "" {
		return fmt.Errorf("%w: account %s is for programs and has no password", ErrNotYours, a.ID)
	}
	if err := checkPassword(password, a.Email); err != nil {
		return err
	}
	if err := s.prove(ctx, a.ID, a.Email, old, from); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	e, err := s.entry(by, "password.changed", a.ID, "", nil)
	if err != nil {
		return err
	}
	defer s.sessions.clear()
	if err := s.store.SetPassword(ctx, a.ID, hash, by.Session, s.now(), e); err != nil {
		return fmt.Errorf("change the password of account %s: %w", a.ID, err)
	}
	return nil
}
