package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
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

// CreateAccount makes an account without an address, for programs.
func (s *Service) CreateAccount(ctx context.Context, name string) (Account, error) {
	return s.CreateProgram(ctx, System, name)
}

// CreateProgram is CreateAccount on somebody's word.
func (s *Service) CreateProgram(ctx context.Context, by Actor, name string) (Account, error) {
	a := Account{ID: id.New("acc"), Name: name, CreatedAt: s.now()}
	e, err := s.entry(by, "account.created", a.ID, "", nil)
	if err == nil {
		err = s.store.CreateAccount(ctx, a, e)
	}
	if err != nil {
		return Account{}, fmt.Errorf("create account %q: %w", name, err)
	}
	return a, nil
}

// CreatePerson makes an account whose address needs no mail to be believed: on
// the word of who runs this machine.
func (s *Service) CreatePerson(ctx context.Context, by Actor, email, name, password string, roles ...Role) (Account, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return Account{}, err
	}
	if name, err = personName(name, email); err != nil {
		return Account{}, err
	}
	if err := checkPassword(password, email); err != nil {
		return Account{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	now := s.now()
	st := Standing{Account: Account{ID: id.New("acc"), Name: name, Email: email, CreatedAt: now, ConfirmedAt: now}, Roles: roles}
	e, err := s.entry(by, "account.created", st.Account.ID, "", map[string]any{"roles": roles})
	if err != nil {
		return Account{}, err
	}
	if err := s.store.CreatePerson(ctx, st, hash, Identity{}, e); err != nil {
		return Account{}, fmt.Errorf("create the account of %s: %w", email, err)
	}
	return st.Account, nil
}

// maxName bounds the names of accounts and organisations, in characters.
const maxName = 200

// personName is a name as it may be shown; without one, what stands before the @.
func personName(name, email string) (string, error) {
	if name = strings.TrimSpace(name); name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	return name, checkName(name)
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName {
		return fmt.Errorf("%w: %d characters, want 1 to %d", ErrBadName, n, maxName)
	}
	// A control character could end a line of a mail, or turn the text around.
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.C, r) && r != '\u200d' && r != '\u200c' }) {
		return fmt.Errorf("%w: it has characters that do not print", ErrBadName)
	}
	return nil
}

// Account returns the account, or ErrNotFound.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	return s.store.Account(ctx, id)
}

// AccountByEmail returns the account with the address, or ErrNotFound.
func (s *Service) AccountByEmail(ctx context.Context, email string) (Account, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return Account{}, err
	}
	return s.store.AccountByEmail(ctx, email)
}

// Known returns an account as it was at most Staleness ago: for what is shown at
// every request.
func (s *Service) Known(ctx context.Context, account string) (Account, error) {
	st, err := s.standing(ctx, account)
	return st.Account, err
}

// Standing returns the account with all that decides what it may do.
func (s *Service) Standing(ctx context.Context, account string) (Standing, error) {
	return s.store.Standing(ctx, account)
}

// Accounts lists accounts with the roles that were granted to them, in the order
// of their ids, after the given one.
func (s *Service) Accounts(ctx context.Context, after string, limit int) ([]Standing, error) {
	return s.store.Accounts(ctx, after, limit)
}

// Rename changes the name by which others see an account.
func (s *Service) Rename(ctx context.Context, by Actor, name string) error {
	name = strings.TrimSpace(name)
	if err := checkName(name); err != nil {
		return err
	}
	e, err := s.entry(by, "account.renamed", by.Account, "", nil)
	if err != nil {
		return err
	}
	defer s.standings.forget(by.Account)
	return s.store.RenameAccount(ctx, by.Account, name, e)
}

// GrantRole gives an account a role; one that it has already stays.
func (s *Service) GrantRole(ctx context.Context, by Actor, account string, r Role) error {
	if err := mayOperate(by, "grant "+string(r)); err != nil {
		return err
	}
	if !r.Granted() {
		return fmt.Errorf("%w: role %q is not granted; want %s or %s", ErrNotYours, r, RoleOperator, RoleReviewer)
	}
	e, err := s.entry(by, "role.granted", account, "", map[string]any{"role": r})
	if err != nil {
		return err
	}
	defer s.standings.forget(account)
	if err := s.store.GrantRole(ctx, account, r, s.now(), e); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("grant %s to account %s: %w", r, account, err)
	}
	return nil
}

// RevokeRole takes a role back: here at once, elsewhere when its Ended comes. Nobody
// takes the operator's role from themselves, so that one is always left.
func (s *Service) RevokeRole(ctx context.Context, by Actor, account string, r Role) error {
	if err := mayOperate(by, "revoke "+string(r)); err != nil {
		return err
	}
	if account == by.Account && r == RoleOperator {
		return fmt.Errorf("%w: an operator's role is taken back by another operator", ErrNotYours)
	}
	e, err := s.entry(by, "role.revoked", account, "", map[string]any{"role": r})
	if err != nil {
		return err
	}
	defer s.standings.forget(account)
	if err := s.store.RevokeRole(ctx, account, r, e); err != nil {
		return fmt.Errorf("revoke %s of account %s: %w", r, account, err)
	}
	return nil
}

// BlockAccount keeps an account from doing anything: here at once, elsewhere
// when its Ended comes. Its sessions end; its tokens work again once it is unblocked.
func (s *Service) BlockAccount(ctx context.Context, by Actor, account, reason string) error {
	if account == by.Account {
		return fmt.Errorf("%w: nobody blocks their own account", ErrNotYours)
	}
	return s.setBlock(ctx, by, "account.blocked", account, reason, s.now())
}

// UnblockAccount takes a block back.
func (s *Service) UnblockAccount(ctx context.Context, by Actor, account, reason string) error {
	return s.setBlock(ctx, by, "account.unblocked", account, reason, time.Time{})
}

func (s *Service) setBlock(ctx context.Context, by Actor, action, account, reason string, at time.Time) error {
	if err := mayOperate(by, action); err != nil {
		return err
	}
	e, err := s.entry(by, action, account, "", map[string]any{"reason": reason})
	if err != nil {
		return err
	}
	defer s.standings.forget(account)
	defer s.sessions.clear()
	if err := s.store.BlockAccount(ctx, account, at, e); err != nil {
		return fmt.Errorf("%s %s: %w", action, account, err)
	}
	return nil
}

// mayOperate refuses everybody but operators.
func mayOperate(by Actor, what string) error {
	if by.Is(RoleOperator) {
		return nil
	}
	return fmt.Errorf("%w: %s needs an operator", ErrNotYours, what)
}

// System is this installation itself: what no person does, and what is done on
// its machine.
var System = Actor{Account: audit.System, Roles: []Role{RoleOperator}, Scopes: scopes}

// entry is the audit entry of a decision. Entries stay for ever, so that names and
// addresses do not belong into one: ids lead to them.
func (s *Service) entry(by Actor, action, subject, org string, detail any) (audit.Entry, error) {
	return audit.New(s.now(), by.Account, action, subject, org, detail)
}
