package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
)

// Staleness is how long another process's revocation may take to hold here when its
// Ended is lost.
const Staleness = 10 * time.Second

// usedEvery is how exact UsedAt is: a write per use would cost more than the use.
const usedEvery = time.Minute

// Options say how a Service works; only Store is needed.
type Options struct {
	Store     Store
	Now       func() time.Time // time.Now when nil
	Mail      Mailer           // nil: whatever needs a mail is refused with ErrNoMail
	PublicURL string           // the base of links in mails; http://localhost:8080 when empty
	Cost      PasswordCost     // DefaultCost when zero
	Log       *slog.Logger     // discards when nil
}

// Service knows people and checks who they are.
type Service struct {
	store  Store
	now    func() time.Time
	mailer Mailer
	public string
	log    *slog.Logger

	hasher *hasher
	limits *limits

	tokens    cache[Token]    // by id
	sessions  cache[Session]  // by key
	standings cache[Standing] // by account

	used, seen notes // of tokens and sessions

	pending sync.WaitGroup // what later and note run
	slots   chan struct{}
}

// New makes a service. Close it before its store.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, now: o.Now, mailer: o.Mail, public: strings.TrimSuffix(o.PublicURL, "/"), log: o.Log,
		hasher: newHasher(o.Cost), limits: newLimits(), slots: make(chan struct{}, laterMost),
	}
	s.used.write, s.seen.write = s.store.UseTokens, s.store.SeeSessions
	if s.now == nil {
		s.now = time.Now
	}
	if s.public == "" {
		s.public = "http://localhost:8080"
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// NewService makes a service that sends no mail; a nil clock means time.Now.
func NewService(store Store, now func() time.Time) *Service {
	return New(Options{Store: store, Now: now})
}

// laterMost bounds what runs after its answer was given, laterWithin for how long.
const (
	laterMost   = 32
	laterWithin = time.Minute
)

// later does what must not show in the time that an answer takes, whether an
// address has an account. What goes wrong is logged: the person asks again.
func (s *Service) later(ctx context.Context, what string, do func(context.Context) error) error {
	select {
	case s.slots <- struct{}{}:
	default:
		return fmt.Errorf("%s: %w", what, ErrBusy)
	}
	s.pending.Go(func() {
		defer func() { <-s.slots }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), laterWithin)
		defer cancel()
		if err := do(ctx); err != nil {
			s.log.Error("not done", "what", what, "err", err)
		}
	})
	return nil
}

// Close waits for what was begun.
func (s *Service) Close() { s.pending.Wait() }

// Sweep forgets what is over: sessions, mailed codes, and accounts whose address
// nobody confirmed.
func (s *Service) Sweep(ctx context.Context, now time.Time) error { return s.store.Sweep(ctx, now) }

// NewToken says what a token is to be.
type NewToken struct {
	By      Actor // who makes it; System when empty
	Account string
	Name    string
	Scopes  []Scope
	Home    string        // of a bridge; that the account may have one there is for the caller to know
	Life    time.Duration // 0: it does not expire
}

// maxTokens is how many tokens of an account may live at a time.
const maxTokens = 100

// CreateToken makes a token. Its text is returned here and never again. Whoever is
// no operator makes tokens for the own account only, and none that reaches further
// than the login by which it is made.
func (s *Service) CreateToken(ctx context.Context, n NewToken) (t Token, text string, err error) {
	if n.By.Account == "" {
		n.By = System
	}
	if err := s.mayCreateToken(ctx, n); err != nil {
		return Token{}, "", fmt.Errorf("create token %q for account %s: %w", n.Name, n.Account, err)
	}
	t = Token{ID: id.New("tok"), Account: n.Account, Name: n.Name, Scopes: n.Scopes, Home: n.Home, CreatedAt: s.now()}
	if n.Life > 0 {
		t.ExpiresAt = t.CreatedAt.Add(n.Life)
	}
	text, t.Hash = tokenForm.make(t.ID)
	e, err := s.entry(n.By, "token.created", t.ID, "", map[string]any{"account": t.Account, "scopes": t.Scopes})
	if err == nil {
		err = s.store.CreateToken(ctx, t, e)
	}
	if err != nil {
		return Token{}, "", fmt.Errorf("create token %q for account %s: %w", n.Name, n.Account, err)
	}
	return t, text, nil
}

// CreateBridge makes a token that is bound to a home in which the actor lives,
// which is for the caller to know: it reaches no further than the actor's apps.
func (s *Service) CreateBridge(ctx context.Context, by Actor, home, name string) (Token, string, error) {
	if !by.Has(ScopeApp) {
		return Token{}, "", fmt.Errorf("create bridge %q: %w: %s is needed; the login has %v", name, ErrScope, ScopeApp, by.Scopes)
	}
	by.Scopes = append(slices.Clone(by.Scopes), ScopeBridge)
	return s.CreateToken(ctx, NewToken{By: by, Account: by.Account, Name: name, Scopes: []Scope{ScopeBridge}, Home: home})
}

func (s *Service) mayCreateToken(ctx context.Context, n NewToken) error {
	for _, scope := range n.Scopes {
		if !slices.Contains(scopes, scope) {
			return fmt.Errorf("%w: %q; want some of %v", ErrScope, scope, scopes)
		}
		if !n.By.Is(RoleOperator) && !n.By.Has(scope) {
			return fmt.Errorf("%w: %s; the login has %v", ErrScope, scope, n.By.Scopes)
		}
	}
	if bridge := slices.Contains(n.Scopes, ScopeBridge); bridge != (n.Home != "") || bridge && len(n.Scopes) > 1 {
		return fmt.Errorf("%w: %s stands alone, and is bound to a home", ErrScope, ScopeBridge)
	}
	if !n.By.Is(RoleOperator) && n.By.Account != n.Account {
		return fmt.Errorf("%w: account %s makes tokens for itself only", ErrNotYours, n.By.Account)
	}
	st, err := s.store.Standing(ctx, n.Account)
	if err != nil {
		return err
	}
	for _, scope := range n.Scopes {
		if r := Role(scope); r.Granted() && !slices.Contains(st.Roles, r) {
			return fmt.Errorf("%w: %s; the account has not that role", ErrScope, scope)
		}
	}
	live, err := s.store.LiveTokens(ctx, n.Account, s.now())
	if err == nil && live >= maxTokens {
		err = fmt.Errorf("%w: %d tokens of the account live, at most %d: revoke some", ErrTooMany, live, maxTokens)
	}
	return err
}

// Check returns the token whose text this is. ErrBadToken and ErrExpired are
// final; any other error means that it could not be checked now.
func (s *Service) Check(ctx context.Context, text string) (Token, error) {
	tokenID, err := tokenForm.parse(text)
	if err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrBadToken, err)
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
		if now.Sub(t.UsedAt) >= usedEvery {
			s.note(&s.used, t.ID, now)
			t.UsedAt = now
		}
		s.tokens.put(t.ID, t, now, age)
	}
	return t, nil
}

// CheckApp checks the login of an app or a bridge (protocol §6): the account's own
// token, with the scope app or bridge.
func (s *Service) CheckApp(ctx context.Context, account, text string) (Token, error) {
	t, err := s.Check(ctx, text)
	switch {
	case err != nil:
		return Token{}, err
	case t.Account != account:
		return Token{}, fmt.Errorf("%w: %s is not account %q's", ErrBadToken, t.ID, account)
	case !t.Has(ScopeApp) && !t.Has(ScopeBridge):
		return Token{}, fmt.Errorf("%w: %s has neither the scope %s nor %s", ErrBadToken, t.ID, ScopeApp, ScopeBridge)
	}
	_, err = s.act(ctx, account, t.Scopes)
	return t, err
}

// Holds says whether a token that opened once still does: it has not ended, and its
// account may still act.
func (s *Service) Holds(ctx context.Context, tokenID string) (bool, error) {
	now := s.now()
	t, cached, age := s.tokens.get(tokenID, now)
	if !cached {
		var err error
		if t, err = s.store.Token(ctx, tokenID); errors.Is(err, ErrNotFound) {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("look at token %s: %w", tokenID, err)
		}
	}
	if !t.RevokedAt.IsZero() || !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
		return false, nil
	}
	if !cached {
		s.tokens.put(t.ID, t, now, age)
	}
	_, err := s.act(ctx, t.Account, t.Scopes)
	if errors.Is(err, ErrBlocked) || errors.Is(err, ErrBadToken) { // the account is gone
		return false, nil
	}
	return err == nil, err
}

// Revoke ends a token: here at once, elsewhere when its Ended comes. Whoever is no
// operator revokes those of the own account; others do not exist for them.
func (s *Service) Revoke(ctx context.Context, by Actor, tokenID string) error {
	defer s.tokens.forget(tokenID) // also after an error: it may have been stored all the same
	t, err := s.store.Token(ctx, tokenID)
	if err == nil && !by.Is(RoleOperator) && t.Account != by.Account {
		err = fmt.Errorf("token %s: %w", tokenID, ErrNotFound)
	}
	var e audit.Entry
	if err == nil {
		e, err = s.entry(by, "token.revoked", tokenID, "", map[string]any{"account": t.Account})
	}
	if err == nil {
		err = s.store.RevokeToken(ctx, tokenID, s.now(), e)
	}
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", tokenID, err)
	}
	return nil
}

// List returns the tokens of an account, oldest first, the ended ones included.
func (s *Service) List(ctx context.Context, account string) ([]Token, error) {
	return s.store.Tokens(ctx, account)
}
