package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Identity is a login service's word for somebody.
type Identity struct {
	Issuer    string
	Subject   string // the service's own name for the person; never given to another one
	Account   string
	CreatedAt time.Time
}

// claims are what a login service says of who logged in there.
type claims struct {
	Issuer, Subject string
	Email           string `json:"email"`
	EmailVerified   bool   `json:"email_verified"`
	Name            string `json:"name"`
}

// logInBy finds the account of who logged in at a login service: the one that is
// linked to it, or the one with the address that the service has verified, which
// is linked then. Without one it makes an account, that has no password.
func (s *Service) logInBy(ctx context.Context, c claims) (Account, error) {
	a, err := s.store.AccountByIdentity(ctx, c.Issuer, c.Subject)
	if errors.Is(err, ErrNotFound) {
		a, err = s.adopt(ctx, c)
	}
	if err == nil && !a.BlockedAt.IsZero() {
		err = fmt.Errorf("%w: account %s", ErrBlocked, a.ID)
	}
	return a, err
}

// adopt links the account with the verified address, or makes it.
func (s *Service) adopt(ctx context.Context, c claims) (Account, error) {
	if !c.EmailVerified {
		return Account{}, fmt.Errorf("%w: %s has not verified it", ErrBadEmail, c.Issuer)
	}
	email, err := NormalEmail(c.Email)
	if err != nil {
		return Account{}, err
	}
	a, err := s.store.AccountByEmail(ctx, email)
	switch {
	case errors.Is(err, ErrNotFound):
		return s.createBy(ctx, c, email)
	case err != nil || !a.BlockedAt.IsZero():
		return a, err
	}
	e, err := s.entry(Actor{Account: a.ID}, "identity.linked", a.ID, "", map[string]any{"issuer": c.Issuer})
	if err != nil {
		return Account{}, err
	}
	defer s.standings.forget(a.ID)
	return a, s.store.LinkIdentity(ctx, Identity{Issuer: c.Issuer, Subject: c.Subject, Account: a.ID, CreatedAt: s.now()}, e)
}

func (s *Service) createBy(ctx context.Context, c claims, email string) (Account, error) {
	name, err := personName(c.Name, email)
	if err != nil {
		name, _ = personName("", email) // what stands before an @ can be shown
	}
	now := s.now()
	a := Account{ID: id.New("acc"), Name: name, Email: email, CreatedAt: now, ConfirmedAt: now}
	e, err := s.entry(Actor{Account: a.ID}, "account.created", a.ID, "", map[string]any{"issuer": c.Issuer})
	if err != nil {
		return Account{}, err
	}
	return a, s.store.CreatePerson(ctx, Standing{Account: a}, "", Identity{Issuer: c.Issuer, Subject: c.Subject, Account: a.ID, CreatedAt: now}, e)
}
