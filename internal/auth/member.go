package auth

import (
	"context"
	"fmt"
	"time"
)

// Member is somebody in an organisation.
type Member struct {
	Org     string
	Account string
	Name    string // of the account
	Email   string // of the account
	Role    OrgRole
	Since   time.Time
}

// Members lists who is in an organisation, oldest first.
func (s *Service) Members(ctx context.Context, by Actor, org string) ([]Member, error) {
	if err := mayBelong(by, org); err != nil {
		return nil, err
	}
	return s.store.Members(ctx, org)
}

// RemoveMember takes somebody out of an organisation, or lets them leave by
// themselves. ErrLastOwner: somebody else must be an owner first.
func (s *Service) RemoveMember(ctx context.Context, by Actor, org, account string) error {
	action, may := "member.removed", mayOwn
	if account == by.Account {
		action, may = "member.left", mayBelong
	}
	if err := may(by, org); err != nil {
		return err
	}
	e, err := s.entry(by, action, account, org, nil)
	if err != nil {
		return err
	}
	defer s.standings.forget(account)
	if err := s.store.RemoveMember(ctx, org, account, e); err != nil {
		return fmt.Errorf("take account %s out of organisation %s: %w", account, org, err)
	}
	return nil
}

// SetMemberRole makes a member an owner, or an owner a member.
func (s *Service) SetMemberRole(ctx context.Context, by Actor, org, account string, r OrgRole) error {
	if err := mayOwn(by, org); err != nil {
		return err
	}
	if err := checkOrgRole(r); err != nil {
		return err
	}
	e, err := s.entry(by, "member.role-changed", account, org, map[string]any{"role": r})
	if err != nil {
		return err
	}
	defer s.standings.forget(account)
	if err := s.store.SetMemberRole(ctx, org, account, r, e); err != nil {
		return fmt.Errorf("make account %s %s of organisation %s: %w", account, r, org, err)
	}
	return nil
}

func checkOrgRole(r OrgRole) error {
	if r != OrgOwner && r != OrgMember {
		return fmt.Errorf("%w: role %q in an organisation; want %s or %s", ErrBadName, r, OrgOwner, OrgMember)
	}
	return nil
}
