package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/demo"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// demoStay is how long the sample world's guest stays.
const demoStay = 14 * 24 * time.Hour

// demoHome makes what is missing of the sample home: its rooms with the devices, who
// else is in it, and the label of the device in its box. What visitors did stays.
func (a *App) demoHome(ctx context.Context, s *demoState) error {
	place, err := a.homes.Place(ctx, s.Account, s.Home)
	fresh := errors.Is(err, registry.ErrNotFound)
	if fresh {
		place, err = a.homes.Create(ctx, s.Account, "Lake Road")
	}
	if err != nil {
		return err
	}
	s.Home = place.ID
	if fresh {
		if err := a.furnish(ctx, s); err != nil {
			return err
		}
	}
	for _, p := range []struct {
		demo.Person
		role homes.Role
	}{{demo.Chand, homes.Member}, {demo.Farid, homes.Guest}} {
		if err := a.demoMember(ctx, s, p.Person, p.role); err != nil {
			return err
		}
	}
	return a.demoLabel(ctx, s)
}

// furnish puts the sample devices into rooms.
func (a *App) furnish(ctx context.Context, s *demoState) error {
	rooms := map[string]string{"": ""}
	for _, name := range []string{"Living room", "Hall", "Bedroom"} {
		r, err := a.homes.AddRoom(ctx, s.Account, s.Home, name)
		if err != nil {
			return err
		}
		rooms[name] = r.ID
	}
	for _, d := range demoWorld {
		found, err := a.registry.Device(ctx, d.did)
		if err == nil && found.Account == s.Account && d.parent == "" {
			_, err = a.claims.Move(ctx, s.Account, d.did, s.Home)
		}
		if err != nil {
			return err
		}
		room := rooms[d.room]
		if found.Account != s.Account || room == "" {
			continue
		}
		if _, err := a.claims.Arrange(ctx, s.Account, d.did, &room, nil); err != nil {
			return err
		}
	}
	return nil
}

// demoMember lets somebody into the sample home who is not there.
func (a *App) demoMember(ctx context.Context, s *demoState, p demo.Person, role homes.Role) error {
	acc, err := a.auth.AccountByEmail(ctx, p.Email)
	if err != nil {
		return err
	}
	members, err := a.homes.Members(ctx, s.Account, s.Home)
	if err != nil || slices.ContainsFunc(members, func(m homes.Membership) bool { return m.Account == acc.ID }) {
		return err
	}
	var until time.Time
	if role == homes.Guest {
		until = time.Now().Add(demoStay)
	}
	_, text, err := a.homes.Invite(ctx, s.Account, s.Home, role, until, 0)
	if err == nil {
		_, err = a.homes.Join(ctx, acc.ID, text)
	}
	return err
}

// demoLabel is what stands on the box of the device that is nobody's; none once
// somebody has claimed it.
func (a *App) demoLabel(ctx context.Context, s *demoState) error {
	for _, d := range demoWorld {
		if !d.boxed {
			continue
		}
		found, err := a.registry.Device(ctx, d.did)
		switch {
		case err != nil:
			return err
		case found.Account != "":
			s.Code = ""
		case s.Code == "":
			if s.Code, err = a.claims.Renew(ctx, s.Account, d.did); err != nil {
				return err
			}
		}
	}
	return nil
}
