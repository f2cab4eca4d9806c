package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Mailer sends one mail of plain text. It returns once the mail is safe to be
// sent; sending may take longer.
type Mailer interface {
	Send(ctx context.Context, to, subject, text string) error
}

// Purpose is what a mailed code is for.
type Purpose string

// The purposes.
const (
	PurposeConfirm Purpose = "confirm" // that the address is theirs
	PurposeReset   Purpose = "reset"   // a new password
)

// How long what was mailed may be used.
const (
	ConfirmLife    = 48 * time.Hour
	ResetLife      = time.Hour
	InvitationLife = 7 * 24 * time.Hour

	UnconfirmedLife = 7 * 24 * time.Hour // of an account that nobody confirms
)

// Code was mailed to somebody to prove that the address is theirs. It is used once.
type Code struct {
	ID        string // cod_…
	Account   string
	Purpose   Purpose
	Email     string // where it was sent
	Hash      []byte // of its text
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero until used
}

// codeForm is the text of a code, invitationForm that of an invitation.
var (
	codeForm       = form{"pmc_", "cod"}
	invitationForm = form{"pmi_", "inv"}
)

func (s *Service) newCode(a Account, p Purpose, life time.Duration) (c Code, text string) {
	now := s.now()
	c = Code{ID: id.New("cod"), Account: a.ID, Purpose: p, Email: a.Email, CreatedAt: now, ExpiresAt: now.Add(life)}
	text, c.Hash = codeForm.make(c.ID)
	return c, text
}

// code finds the code that a text is, if it may still be used.
func (s *Service) code(ctx context.Context, p Purpose, text string, from Client) (Code, error) {
	codeID, err := codeForm.parse(text)
	if err != nil {
		return Code{}, fmt.Errorf("%w: %w", ErrBadCode, err)
	}
	right, err := s.attempt(codeID, from.Address)
	if err != nil {
		return Code{}, err
	}
	c, err := s.store.Code(ctx, codeID)
	switch {
	case errors.Is(err, ErrNotFound):
		return Code{}, fmt.Errorf("%w: it is unknown, or a newer one was mailed", ErrBadCode)
	case err != nil:
		return Code{}, fmt.Errorf("code %s: %w", codeID, err)
	case subtle.ConstantTimeCompare(c.Hash, hashText(text)) != 1 || c.Purpose != p:
		return Code{}, fmt.Errorf("%w: it is unknown, or a newer one was mailed", ErrBadCode)
	case !c.UsedAt.IsZero():
		return Code{}, fmt.Errorf("%w: it was used at %s", ErrBadCode, c.UsedAt.UTC().Format(time.RFC3339))
	case !s.now().Before(c.ExpiresAt):
		return Code{}, fmt.Errorf("%w: it expired at %s", ErrBadCode, c.ExpiresAt.UTC().Format(time.RFC3339))
	}
	right()
	return c, nil
}

// used says of a code that somebody else used first what a later reader hears.
func used(err error, what string) error {
	if errors.Is(err, ErrConflict) {
		return fmt.Errorf("%w: %s was used already, or is over", ErrBadCode, what)
	}
	return err
}

// The pages to which mails lead; each takes the code as ?code=.
const (
	ConfirmPage    = "/confirm"
	ResetPage      = "/reset"
	InvitationPage = "/invitation"
	LogInPage      = "/log-in"
)

func (s *Service) link(page, code string) string {
	link := s.public + page
	if code != "" {
		link += "?code=" + url.QueryEscape(code)
	}
	return link
}
