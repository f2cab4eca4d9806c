package homes

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// Options make a Service; only Store is needed.
type Options struct {
	Store Store
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // discards when nil
}

// Service is who lives where.
type Service struct {
	store Store
	now   func() time.Time
	log   *slog.Logger
	known memory
}

var _ registry.Homes = (*Service)(nil)

// New makes a service.
func New(o Options) *Service {
	s := &Service{store: o.Store, now: o.Now, log: o.Log}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// OnEvent forgets what another node changed: the handler of registry.HomeSubjects.
func (s *Service) OnEvent(m bus.Message) {
	var e registry.HomeEvent
	if err := json.Unmarshal(m.Data, &e); err != nil {
		s.log.Error("home event is not JSON", "subject", m.Subject, "err", err)
		return
	}
	s.known.forget(e.Home)
}

// MayEnter implements registry.Homes.
func (s *Service) MayEnter(ctx context.Context, account, home string) (bool, error) {
	_, ok, err := s.membership(ctx, account, home)
	return ok, err
}

// Membership is what an account is in a home, with ErrNotFound for who is nothing
// there, and ErrForbidden for who may not do as much as right.
func (s *Service) Membership(ctx context.Context, account, home string, right Right) (Membership, error) {
	m, ok, err := s.membership(ctx, account, home)
	switch {
	case err != nil:
		return Membership{}, err
	case !ok:
		return Membership{}, fmt.Errorf("home %s: %w", home, registry.ErrNotFound)
	case !m.May(right):
		return Membership{}, fmt.Errorf("%w: a %s of home %s may not %s", registry.ErrForbidden, m.Role, home, right)
	}
	return m, nil
}

func (s *Service) membership(ctx context.Context, account, home string) (Membership, bool, error) {
	if account == "" || id.Valid("hom", home) != nil {
		return Membership{}, false, nil
	}
	now := s.now()
	members, found, age := s.known.get(home, now)
	if !found {
		var err error
		if members, err = s.store.Members(ctx, home); err != nil {
			return Membership{}, false, err
		}
		s.known.put(home, members, now, age)
	}
	for _, m := range members {
		if m.Account == account && m.live(now) {
			return m, true, nil
		}
	}
	return Membership{}, false, nil
}

// change makes what a transaction records and tells; more are further events.
func (s *Service) change(by, action, subject string, detail any, more ...registry.HomeEvent) (Change, error) {
	e, err := audit.New(s.now(), by, action, subject, "", detail)
	return Change{Entry: e, Events: more}, err
}

// Create makes a home with its owner.
func (s *Service) Create(ctx context.Context, by, name string) (Place, error) {
	name, err := registry.CleanName("a home", name)
	if err != nil {
		return Place{}, err
	}
	now := s.now()
	h := Home{ID: id.New("hom"), Name: name, CreatedAt: now}
	owner := Membership{Home: h.ID, Account: by, Role: Owner, CreatedAt: now}
	c, err := s.change(by, "home.created", h.ID, nil)
	if err == nil {
		err = s.store.CreateHome(ctx, h, owner, MostHomes, c)
	}
	return Place{h, owner}, err
}

// Places are the homes of an account, by id.
func (s *Service) Places(ctx context.Context, account string) ([]Place, error) {
	return s.store.HomesOf(ctx, account, s.now())
}

// Place is one home as its member sees it.
func (s *Service) Place(ctx context.Context, by, home string) (Place, error) {
	m, err := s.Membership(ctx, by, home, See)
	if err != nil {
		return Place{}, err
	}
	h, err := s.store.Home(ctx, home)
	return Place{h, m}, err
}

// Update changes what is not nil.
func (s *Service) Update(ctx context.Context, by, home string, name *string, discovery *bool) (Place, error) {
	m, err := s.Membership(ctx, by, home, Decide)
	if err != nil {
		return Place{}, err
	}
	h, err := s.store.Home(ctx, home)
	if err != nil {
		return Place{}, err
	}
	if name != nil {
		if h.Name, err = registry.CleanName("a home", *name); err != nil {
			return Place{}, err
		}
	}
	if discovery != nil {
		h.Discovery = *discovery
	}
	c, err := s.change(by, "home.changed", home, map[string]any{"discovery": h.Discovery}, registry.HomeEvent{Home: home, What: registry.HomeDiscovery})
	if err == nil {
		err = s.store.ChangeHome(ctx, h, c)
	}
	return Place{h, m}, err
}

// Remove ends a home in which no device stands any more.
func (s *Service) Remove(ctx context.Context, by, home string) error {
	defer s.known.forget(home)
	if _, err := s.Membership(ctx, by, home, Decide); err != nil {
		return err
	}
	c, err := s.change(by, "home.removed", home, nil, registry.HomeEvent{Home: home, What: registry.HomeRemoved})
	if err == nil {
		err = s.store.RemoveHome(ctx, home, c)
	}
	return err
}
