package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/id"
)

// SignUp begins an account and mails a code to its address. Whether the address
// has an account already is told only to its owner, in the mail: the answer is
// the same, and comes before the store is asked.
//
// Until Confirm the account is nobody's: it cannot log in, and a later sign-up
// with the same address takes its place.
func (s *Service) SignUp(ctx context.Context, email, name, password string, from Client) error {
	email, err := NormalEmail(email)
	if err != nil {
		return err
	}
	if name, err = personName(name, email); err != nil {
		return err
	}
	if err := checkPassword(password, email); err != nil {
		return err
	}
	if err := s.MayMail(email, from.Address); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.later(ctx, "sign up", func(ctx context.Context) error { return s.signUp(ctx, email, name, hash) })
}

func (s *Service) signUp(ctx context.Context, email, name, hash string) error {
	a, err := s.store.AccountByEmail(ctx, email)
	switch {
	case errors.Is(err, ErrNotFound):
		a = Account{ID: id.New("acc"), Email: email}
	case err != nil:
		return err
	case a.Confirmed():
		return s.mailer.Send(ctx, email, "You have an account already", fmt.Sprintf(
			"Somebody, probably you, signed up at %s with this address, which has an account already.\n\n"+
				"Log in: %s\nIf you forgot the password: %s\n\nIf it was not you, nothing has changed, and nothing needs to be done.\n",
			s.public, s.link(LogInPage, ""), s.link(ResetPage, "")))
	case !a.BlockedAt.IsZero():
		return nil
	}
	a.Name, a.CreatedAt = name, s.now()
	c, text := s.newCode(a, PurposeConfirm, ConfirmLife)
	if err := s.store.SignUp(ctx, a, hash, c); err != nil {
		return err
	}
	return s.mailer.Send(ctx, email, "Confirm your address", fmt.Sprintf(
		"Welcome to %s.\n\nConfirm that this address is yours, with the password that you chose, until %s:\n\n%s\n\n"+
			"If you did not sign up, do nothing: the account is forgotten.\n",
		s.public, c.ExpiresAt.UTC().Format("2 January 15:04 MST"), s.link(ConfirmPage, text)))
}

// Confirm proves that an address belongs to who signed up with it. It asks for
// the password too: otherwise somebody could sign up with a stranger's address,
// and the stranger's click would make the account that the first one can open.
func (s *Service) Confirm(ctx context.Context, code, password string, from Client) (Account, error) {
	c, err := s.code(ctx, PurposeConfirm, code, from)
	if err != nil {
		return Account{}, err
	}
	if err := s.prove(ctx, c.Account, c.Email, password, from); err != nil {
		return Account{}, err
	}
	e, err := s.entry(Actor{Account: c.Account}, "account.confirmed", c.Account, "", nil)
	if err != nil {
		return Account{}, err
	}
	defer s.standings.forget(c.Account)
	if err := s.store.Confirm(ctx, c, s.now(), e); err != nil {
		return Account{}, fmt.Errorf("confirm account %s: %w", c.Account, used(err, "the code"))
	}
	return s.store.Account(ctx, c.Account)
}

// RequestReset mails a code for a new password, if the address has an account.
// The answer is the same if not.
func (s *Service) RequestReset(ctx context.Context, email string, from Client) error {
	email, err := NormalEmail(email)
	if err != nil {
		return err
	}
	if err := s.MayMail(email, from.Address); err != nil {
		return err
	}
	return s.later(ctx, "request a reset", func(ctx context.Context) error {
		a, err := s.store.AccountByEmail(ctx, email)
		if errors.Is(err, ErrNotFound) || err == nil && !a.BlockedAt.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		c, text := s.newCode(a, PurposeReset, ResetLife)
		if err := s.store.CreateCode(ctx, c); err != nil {
			return err
		}
		return s.mailer.Send(ctx, email, "Choose a new password", fmt.Sprintf(
			"Somebody, probably you, asked for a new password at %s.\n\nChoose one within an hour:\n\n%s\n\n"+
				"If it was not you, do nothing: the password stays what it is.\n", s.public, s.link(ResetPage, text)))
	})
}

// Reset sets a new password for who got the mail, and ends all sessions. The code
// proves the address too, so that the account is confirmed if it was not.
func (s *Service) Reset(ctx context.Context, code, password string, from Client) error {
	c, err := s.code(ctx, PurposeReset, code, from)
	if err != nil {
		return err
	}
	if err := checkPassword(password, c.Email); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	e, err := s.entry(Actor{Account: c.Account}, "password.reset", c.Account, "", nil)
	if err != nil {
		return err
	}
	defer s.standings.forget(c.Account)
	defer s.sessions.clear()
	if err := s.store.Reset(ctx, c, hash, s.now(), e); err != nil {
		return fmt.Errorf("reset the password of account %s: %w", c.Account, used(err, "the code"))
	}
	return nil
}
