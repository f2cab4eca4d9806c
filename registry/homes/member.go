package homes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// Members lists who lives in a home, oldest first. A guest sees itself only.
func (s *Service) Members(ctx context.Context, by, home string) ([]Membership, error) {
	me, err := s.Membership(ctx, by, home, See)
	if err != nil {
		return nil, err
	}
	if !me.May(Arrange) {
		return []Membership{me}, nil
	}
	all, err := s.store.Members(ctx, home)
	now := s.now()
	return slices.DeleteFunc(all, func(m Membership) bool { return !m.live(now) }), err
}

// OwnerOf is the owner's account; whoever may see the home may know it.
func (s *Service) OwnerOf(ctx context.Context, home string) (string, error) {
	all, err := s.store.Members(ctx, home)
	for _, m := range all {
		if m.Role == Owner {
			return m.Account, nil
		}
	}
	return "", err
}

// SetMember changes what somebody is in the home, or when a guest's stay ends. To
// make another one the owner makes the owner a member.
func (s *Service) SetMember(ctx context.Context, by, home, account string, role Role, endsAt time.Time) (Membership, error) {
	defer s.known.forget(home)
	if _, err := s.Membership(ctx, by, home, Decide); err != nil {
		return Membership{}, err
	}
	m, err := s.Membership(ctx, account, home, See)
	if err != nil {
		return Membership{}, fmt.Errorf("member %s: %w", account, err)
	}
	if account == by {
		return Membership{}, fmt.Errorf("%w: the owner stays the owner until another member becomes it", registry.ErrBadRequest)
	}
	was := m.Role
	m.Role, m.EndsAt = role, endsAt
	if role == Owner {
		c, err := s.memberChange(by, "home.given", m)
		if err == nil {
			c.Events = append(c.Events, registry.HomeEvent{Home: home, What: registry.HomeMembers, Account: by})
			err = s.store.GiveHome(ctx, home, by, account, was, c)
		}
		m.EndsAt = time.Time{}
		return m, err
	}
	if err := s.checkStay(role, endsAt); err != nil {
		return Membership{}, err
	}
	c, err := s.memberChange(by, "home-member.changed", m)
	if err == nil {
		err = s.store.ChangeMember(ctx, was, m, c)
	}
	return m, err
}

func (s *Service) memberChange(by, action string, m Membership) (Change, error) {
	detail := map[string]any{"account": m.Account, "role": m.Role}
	if !m.EndsAt.IsZero() {
		detail["ends_at"] = m.EndsAt.UTC()
	}
	return s.change(by, action, m.Home, detail, registry.HomeEvent{Home: m.Home, What: registry.HomeMembers, Account: m.Account})
}

// checkStay holds that a guest, and only a guest, has an end date, within MaxStay.
func (s *Service) checkStay(role Role, endsAt time.Time) error {
	now := s.now()
	switch {
	case role != Member && role != Guest:
		return fmt.Errorf("%w: role %q; want member or guest", registry.ErrBadRequest, role)
	case role == Member && !endsAt.IsZero():
		return fmt.Errorf("%w: a member has no end date; a guest has", registry.ErrBadRequest)
	case role == Guest && (!endsAt.After(now) || endsAt.After(now.Add(MaxStay))):
		return fmt.Errorf("%w: a guest's stay ends between now and in %d days; %s is not",
			registry.ErrBadRequest, MaxStay/(24*time.Hour), endsAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// RemoveMember puts somebody out; everybody but the owner may go by itself. The
// devices that one owns go with the one.
func (s *Service) RemoveMember(ctx context.Context, by, home, account string) error {
	defer s.known.forget(home)
	right := Decide
	if by == account {
		right = See
	}
	if _, err := s.Membership(ctx, by, home, right); err != nil {
		return err
	}
	m, err := s.Membership(ctx, account, home, See)
	switch {
	case err != nil:
		return fmt.Errorf("member %s: %w", account, err)
	case m.Role == Owner:
		return fmt.Errorf("home %s: its owner cannot leave: give it to another member, or remove it: %w", home, registry.ErrInUse)
	}
	c, err := s.memberChange(by, "home-member.removed", m)
	if err == nil {
		c.Events = append(c.Events, registry.HomeEvent{Home: home, What: registry.HomeDevices})
		kind := PutOut
		if by == account {
			kind = Left
		}
		err = c.tell(kind, Stay{Home: home, Account: account})
	}
	if err == nil {
		err = s.store.RemoveMember(ctx, m, c)
	}
	return err
}

// EndStay is the work of GuestEndJob. A stay that was prolonged, or ended before,
// is left alone.
func (s *Service) EndStay(ctx context.Context, stay Stay) error {
	defer s.known.forget(stay.Home)
	c, err := s.memberChange(audit.System, "home-guest.ended", Membership{Home: stay.Home, Account: stay.Account, Role: Guest})
	if err == nil {
		err = c.tell(GuestEnded, stay)
	}
	if err == nil {
		err = s.store.EndGuest(ctx, stay.Home, stay.Account, s.now(), c)
	}
	return err
}
