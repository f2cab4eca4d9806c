package homes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// Invite makes a link by which one person becomes a member, or a guest until
// endsAt. life is that of the link itself; 0 is LinkLife.
func (s *Service) Invite(ctx context.Context, by, home string, role Role, endsAt time.Time, life time.Duration) (l Link, text string, err error) {
	if _, err := s.Membership(ctx, by, home, Decide); err != nil {
		return Link{}, "", err
	}
	if err := s.checkStay(role, endsAt); err != nil {
		return Link{}, "", err
	}
	if life == 0 {
		life = LinkLife
	}
	if life < 0 || life > MaxLinkLife {
		return Link{}, "", fmt.Errorf("%w: a link lives at most %d days", registry.ErrBadRequest, MaxLinkLife/(24*time.Hour))
	}
	now := s.now()
	l = Link{Home: home, Role: role, EndsAt: endsAt, CreatedBy: by, CreatedAt: now, ExpiresAt: now.Add(life)}
	l.ID, text, l.Hash = registry.NewTicket("hml")
	c, err := s.change(by, "home-link.made", l.ID, map[string]any{"home": home, "role": role})
	if err == nil {
		err = s.store.AddLink(ctx, l, MostLinks, c)
	}
	return l, text, err
}

// Links lists the links of a home, the ended ones too.
func (s *Service) Links(ctx context.Context, by, home string) ([]Link, error) {
	if _, err := s.Membership(ctx, by, home, Decide); err != nil {
		return nil, err
	}
	return s.store.Links(ctx, home)
}

// RevokeLink takes an open link back.
func (s *Service) RevokeLink(ctx context.Context, by, home, link string) error {
	if _, err := s.Membership(ctx, by, home, Decide); err != nil {
		return err
	}
	c, err := s.change(by, "home-link.revoked", link, map[string]any{"home": home})
	if err == nil {
		err = s.store.RevokeLink(ctx, home, link, s.now(), c)
	}
	return err
}

// Join lets in whoever holds the text of a link. What is wrong with a link that
// cannot be used is not said: its text may have been seen by others.
func (s *Service) Join(ctx context.Context, by, text string) (Place, error) {
	linkID, err := registry.TicketID("hml", text)
	if err != nil {
		return Place{}, err
	}
	l, err := s.store.Link(ctx, linkID)
	if errors.Is(err, registry.ErrNotFound) || err == nil && !registry.OpensTicket(text, l.Hash) {
		return Place{}, errLink
	}
	if err != nil {
		return Place{}, err
	}
	defer s.known.forget(l.Home)
	m := Membership{Home: l.Home, Account: by, Role: l.Role, EndsAt: l.EndsAt, CreatedAt: s.now()}
	c, err := s.memberChange(by, "home.joined", m)
	if err == nil {
		err = c.tell(Joined, Stay{Home: l.Home, Account: by})
	}
	if err == nil {
		err = s.store.UseLink(ctx, l.ID, m, MostMembers, c)
	}
	if errors.Is(err, registry.ErrConflict) {
		return Place{}, errLink
	}
	if err != nil {
		return Place{}, err
	}
	h, err := s.store.Home(ctx, l.Home)
	return Place{h, m}, err
}

var errLink = fmt.Errorf("%w: the link is unknown, used, taken back or over; ask for a new one", registry.ErrBadCode)
