package claims

import (
	"context"
	"fmt"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// Arrange moves a device to another room of its home, or names it; what is nil
// stays. A sub-device has a room and a name of its own, in its gateway's home.
func (s *Service) Arrange(ctx context.Context, by, did string, room, name *string) (registry.Device, error) {
	d, err := s.standing(ctx, by, did, homes.Arrange)
	if err != nil {
		return d, err
	}
	p := Placing{DID: did, Was: d.Home, Home: d.Home, Room: d.Room, Name: d.Name}
	if room != nil {
		p.Room = *room
	}
	if name != nil {
		if p.Name, err = registry.CleanName("a device", *name); err != nil {
			return d, err
		}
	}
	return s.place(ctx, by, "device.arranged", d, p, registry.HomeEvent{Home: d.Home, What: registry.HomeDevices, DID: did})
}

// Move puts a device of its owner into another home, or into none.
func (s *Service) Move(ctx context.Context, by, did, home string) (registry.Device, error) {
	d, err := s.owned(ctx, by, did)
	if err != nil {
		return d, err
	}
	if d.Parent != "" {
		return d, fmt.Errorf("%w: %s stands where its gateway %s does", registry.ErrBadRequest, did, d.Parent)
	}
	events := leaves(d)
	if home != "" {
		if _, err := s.homes.Membership(ctx, by, home, homes.Arrange); err != nil {
			return d, err
		}
		events = append(events, registry.HomeEvent{Home: home, What: registry.HomeDevices, DID: did})
	}
	return s.place(ctx, by, "device.moved", d, Placing{DID: did, Was: d.Home, Home: home, Name: d.Name, Most: homes.MostDevices}, events...)
}

// TakeOut puts somebody's device out of a home: its owner may, and the home's.
func (s *Service) TakeOut(ctx context.Context, by, home, did string) error {
	d, err := s.devices.Device(ctx, did)
	if err != nil || d.Home != home {
		return fmt.Errorf("device %s in home %s: %w", did, home, registry.ErrNotFound)
	}
	right := homes.Decide
	if d.Account == by {
		right = homes.See
	}
	if _, err := s.homes.Membership(ctx, by, home, right); err != nil {
		return err
	}
	_, err = s.place(ctx, by, "device.moved", d, Placing{DID: did, Was: home, Name: d.Name}, leaves(d)...)
	return err
}

// standing is a device in a home where by may do as much.
func (s *Service) standing(ctx context.Context, by, did string, right homes.Right) (registry.Device, error) {
	d, err := s.devices.Device(ctx, did)
	if err != nil || d.Home == "" {
		return d, fmt.Errorf("device %s in a home: %w", did, registry.ErrNotFound)
	}
	_, err = s.homes.Membership(ctx, by, d.Home, right)
	return d, err
}

func (s *Service) place(ctx context.Context, by, action string, d registry.Device, p Placing, events ...registry.HomeEvent) (registry.Device, error) {
	ch, err := s.change(by, action, d, "", map[string]any{"home": p.Home, "room": p.Room}, events...)
	if err == nil {
		err = s.store.Place(ctx, p, ch)
	}
	if err != nil {
		return d, err
	}
	s.devices.Changed(d)
	return s.devices.Device(ctx, d.DID)
}

// Renew makes a new code for a device whose label was lost; by is an operator or
// of the maker, which is for the caller to know. Only a device that is nobody's
// gets one.
func (s *Service) Renew(ctx context.Context, by, did string) (string, error) {
	if err := miot.ValidDID(did); err != nil {
		return "", fmt.Errorf("%w: %w", registry.ErrBadRequest, err)
	}
	d, err := s.devices.Device(ctx, did)
	if err != nil {
		return "", err
	}
	if d.Account != "" || d.Parent != "" {
		return "", fmt.Errorf("device %s has an owner or a gateway, and needs no code: %w", did, registry.ErrInUse)
	}
	c, text := NewCode(did, s.now())
	ch, err := s.change(by, "claim-code.renewed", d, "", nil)
	if err == nil {
		err = s.store.PutCode(ctx, c, ch)
	}
	return text, err
}

// Grey lists the claims that were marked, oldest first.
func (s *Service) Grey(ctx context.Context, after string, limit int) ([]Claim, error) {
	return s.store.Grey(ctx, after, limit)
}

// Claims is who had a device, oldest first.
func (s *Service) Claims(ctx context.Context, did string) ([]Claim, error) {
	return s.store.Claims(ctx, did)
}

// Live is the claim of a device's owner.
func (s *Service) Live(ctx context.Context, by, did string) (Claim, error) {
	if _, err := s.owned(ctx, by, did); err != nil {
		return Claim{}, err
	}
	return s.store.Live(ctx, did)
}
