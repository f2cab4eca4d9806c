package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Staleness is how long another process's revocation may take to hold here.
const Staleness = 10 * time.Second

// usedEvery is how exact UsedAt is: a write per use would cost more than the use.
const usedEvery = time.Minute

// Service makes and checks tokens.
type Service struct {
	store Store
	now   func() time.Time

	tokens    cache[Token]    // by id
	sessions  cache[Session]  // by key
	standings cache[Standing] // by account
}

// NewService makes a service; a nil clock means time.Now.
func NewService(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, now: now}
}

// NewToken says what a token is to be.
type NewToken struct {
	Account string
	Name    string
	Scopes  []Scope
	Life    time.Duration // 0: it does not expire
}

// CreateToken makes a token. Its text is returned here and never again.
func (s *Service) CreateToken(ctx context.Context, n NewToken) (t Token, text string, err error) {
	for _, scope := range n.Scopes {
		if !slices.Contains(scopes, scope) {
			return Token{}, "", fmt.Errorf("create token %q: scope %q; want some of %v", n.Name, scope, scopes)
		}
	}
	t = Token{ID: id.New("tok"), Account: n.Account, Name: n.Name, Scopes: n.Scopes, CreatedAt: s.now()}
	if n.Life > 0 {
		t.ExpiresAt = t.CreatedAt.Add(n.Life)
	}
	text, t.Hash = newText(t.ID)
	if err := s.store.CreateToken(ctx, t); err != nil {
		return Token{}, "", fmt.Errorf("create token %q for account %s: %w", n.Name, n.Account, err)
	}
	return t, text, nil
}

// Check returns the token whose text this is. ErrBadToken and ErrExpired are
// final; any other error means that it could not be checked now.
func (s *Service) Check(ctx context.Context, text string) (Token, error) {
	tokenID, err := parseText(text)
	if err != nil {
		return Token{}, err
	}
	now := s.now()
	t, cached, age := s.tokens.get(tokenID, now)
	if !cached {
		if t, err = s.store.Token(ctx, tokenID); errors.Is(err, ErrNotFound) {
			return Token{}, fmt.Errorf("%w: %s is unknown", ErrBadToken, tokenID)
		} else if err != nil {
			return Token{}, fmt.Errorf("check token %s: %w", tokenID, err)
		}
	}
	switch {
	case subtle.ConstantTimeCompare(t.Hash, hashText(text)) != 1:
		return Token{}, fmt.Errorf("%w: %s with a wrong secret", ErrBadToken, tokenID)
	case !t.RevokedAt.IsZero():
		return Token{}, fmt.Errorf("%w: %s was revoked at %s", ErrBadToken, tokenID, t.RevokedAt.Format(time.RFC3339))
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return Token{}, fmt.Errorf("%w: %s at %s", ErrExpired, tokenID, t.ExpiresAt.Format(time.RFC3339))
	}
	if !cached {
		if now.Sub(t.UsedAt) >= usedEvery && s.store.UseToken(ctx, t.ID, now) == nil { // nobody is turned away because this could not be noted
			t.UsedAt = now
		}
		s.tokens.put(t.ID, t, now, age)
	}
	return t, nil
}

// CheckApp checks the login of an app (protocol §6): the account's own token,
// with the app scope.
func (s *Service) CheckApp(ctx context.Context, account, text string) (Token, error) {
	t, err := s.Check(ctx, text)
	switch {
	case err != nil:
		return Token{}, err
	case t.Account != account:
		return Token{}, fmt.Errorf("%w: %s is not account %q's", ErrBadToken, t.ID, account)
	case !t.Has(ScopeApp):
		return Token{}, fmt.Errorf("%w: %s lacks the scope %s", ErrBadToken, t.ID, ScopeApp)
	}
	_, err = s.act(ctx, account, t.Scopes)
	return t, err
}

// Revoke ends a token: here at once, elsewhere within Staleness.
func (s *Service) Revoke(ctx context.Context, tokenID string) error {
	defer s.tokens.forget(tokenID) // also after an error: it may have been stored all the same
	if err := s.store.RevokeToken(ctx, tokenID, s.now()); err != nil {
		return fmt.Errorf("revoke token %s: %w", tokenID, err)
	}
	return nil
}

// List returns the tokens of an account, oldest first, the ended ones included.
func (s *Service) List(ctx context.Context, account string) ([]Token, error) {
	return s.store.Tokens(ctx, account)
}
