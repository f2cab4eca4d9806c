package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// InvitationState is where an invitation stands.
type InvitationState string

// The states. An open one also ends by its date.
const (
	InvitationOpen     InvitationState = "open"
	InvitationAccepted InvitationState = "accepted"
	InvitationRevoked  InvitationState = "revoked" // by an owner, or because a newer one was mailed
)

// Invitation asks who has an address to become a member. Its code is mailed there,
// and only an account with that address can use it.
type Invitation struct {
	ID        string // inv_…
	Org       string
	Email     string
	Role      OrgRole
	InvitedBy string // acc_…
	State     InvitationState
	Hash      []byte // of the code
	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero while it is open
}

// maxInvitations is how many of an organisation may be open at a time.
const maxInvitations = 50

// Invite mails an invitation. It takes back an open one to the same address.
func (s *Service) Invite(ctx context.Context, by Actor, org, email string, r OrgRole, from Client) (Invitation, error) {
	if err := mayOwn(by, org); err != nil {
		return Invitation{}, err
	}
	if err := checkOrgRole(r); err != nil {
		return Invitation{}, err
	}
	email, err := NormalEmail(email)
	if err != nil {
		return Invitation{}, err
	}
	o, err := s.store.Org(ctx, org)
	if err != nil {
		return Invitation{}, err
	}
	if err := s.MayMail(email, from.Address); err != nil {
		return Invitation{}, err
	}
	now := s.now()
	i := Invitation{
		ID: id.New("inv"), Org: org, Email: email, Role: r, InvitedBy: by.Account, State: InvitationOpen,
		CreatedAt: now, ExpiresAt: now.Add(InvitationLife),
	}
	var text string
	text, i.Hash = invitationForm.make(i.ID)
	e, err := s.entry(by, "invitation.sent", i.ID, org, map[string]any{"role": r})
	if err != nil {
		return Invitation{}, err
	}
	if err := s.store.Invite(ctx, i, maxInvitations, e); err != nil {
		return Invitation{}, fmt.Errorf("invite %s to organisation %s: %w", email, org, err)
	}
	return i, s.mailer.Send(ctx, email, "An invitation to "+o.Name, fmt.Sprintf(
		"You are invited to join %s (%s) at %s.\n\nLog in, or sign up with this address, and accept until %s:\n\n%s\n\n"+
			"If you do not know them, do nothing.\n",
		o.Name, r, s.public, i.ExpiresAt.UTC().Format("2 January 15:04 MST"), s.link(InvitationPage, text)))
}

// Invitations lists the invitations of an organisation, oldest first, the ended
// ones included.
func (s *Service) Invitations(ctx context.Context, by Actor, org string) ([]Invitation, error) {
	if err := mayOwn(by, org); err != nil {
		return nil, err
	}
	return s.store.Invitations(ctx, org)
}

// RevokeInvitation takes an open invitation back.
func (s *Service) RevokeInvitation(ctx context.Context, by Actor, org, invitation string) error {
	if err := mayOwn(by, org); err != nil {
		return err
	}
	i, err := s.store.Invitation(ctx, invitation)
	if err == nil && i.Org != org {
		err = fmt.Errorf("invitation %s of organisation %s: %w", invitation, org, ErrNotFound)
	}
	if err != nil {
		return err
	}
	e, err := s.entry(by, "invitation.revoked", i.ID, org, nil)
	if err != nil {
		return err
	}
	return s.store.RevokeInvitation(ctx, i.ID, s.now(), e)
}

// Invited shows what a code invites to, before it is accepted.
func (s *Service) Invited(ctx context.Context, by Actor, code string, from Client) (Invitation, Org, error) {
	invitationID, err := invitationForm.parse(code)
	if err != nil {
		return Invitation{}, Org{}, fmt.Errorf("%w: %w", ErrBadCode, err)
	}
	right, err := s.attempt(invitationID, from.Address)
	if err != nil {
		return Invitation{}, Org{}, err
	}
	i, err := s.store.Invitation(ctx, invitationID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Invitation{}, Org{}, fmt.Errorf("invitation %s: %w", invitationID, err)
	}
	if err != nil || subtle.ConstantTimeCompare(i.Hash, hashText(code)) != 1 {
		return Invitation{}, Org{}, fmt.Errorf("%w: it is unknown", ErrBadCode)
	}
	right()
	if err := s.mayAccept(ctx, by, i); err != nil {
		return Invitation{}, Org{}, err
	}
	o, err := s.store.Org(ctx, i.Org)
	if err == nil && !o.BlockedAt.IsZero() {
		err = fmt.Errorf("%w: organisation %s", ErrBlocked, o.ID)
	}
	return i, o, err
}

func (s *Service) mayAccept(ctx context.Context, by Actor, i Invitation) error {
	switch {
	case i.State != InvitationOpen:
		return fmt.Errorf("%w: the invitation was %s at %s", ErrBadCode, i.State, i.EndedAt.UTC().Format(time.RFC3339))
	case !s.now().Before(i.ExpiresAt):
		return fmt.Errorf("%w: the invitation expired at %s", ErrBadCode, i.ExpiresAt.UTC().Format(time.RFC3339))
	case !by.Has(ScopeStartup):
		return fmt.Errorf("%w: to accept an invitation needs scope %s", ErrNotYours, ScopeStartup)
	}
	a, err := s.store.Account(ctx, by.Account)
	if err == nil && a.Email != i.Email {
		err = fmt.Errorf("%w: the invitation is for another e-mail address than that of account %s", ErrNotYours, a.ID)
	}
	return err
}

// Accept makes who was invited a member.
func (s *Service) Accept(ctx context.Context, by Actor, code string, from Client) (Org, error) {
	i, o, err := s.Invited(ctx, by, code, from)
	if err != nil {
		return Org{}, err
	}
	e, err := s.entry(by, "invitation.accepted", i.ID, i.Org, map[string]any{"role": i.Role})
	if err != nil {
		return Org{}, err
	}
	defer s.standings.forget(by.Account)
	if err := s.store.Accept(ctx, i, by.Account, s.now(), e); err != nil {
		return Org{}, fmt.Errorf("accept invitation %s to organisation %s: %w", i.ID, i.Org, used(err, "the invitation"))
	}
	return o, nil
}
