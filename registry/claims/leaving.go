package claims

import (
	"context"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// Release takes a device back to what it was in its box. One that is connected is
// told to forget everything (miIO.restore), and has to say that it does; one that
// is not is only released with offline: if its button was pressed, it comes back
// with its factory's key, and if not, its key is dead until that happens.
func (s *Service) Release(ctx context.Context, by, did string, offline bool) error {
	d, err := s.owned(ctx, by, did)
	if err != nil {
		return err
	}
	resp, err := s.devices.Ask(ctx, did, miot.MethodRestore, nil)
	switch {
	case err == nil && resp.Error != nil:
		err = fmt.Errorf("%s of %s: %w", miot.MethodRestore, did, resp.Error)
	case errors.Is(err, registry.ErrOffline) && offline:
		err = nil
	case errors.Is(err, registry.ErrOffline):
		err = fmt.Errorf("%s is not there to forget its settings: %w", did, err)
	}
	if err != nil {
		return err
	}
	return s.release(ctx, by, d, "released")
}

// PutOut is Release by an operator, for a device whose owner cannot be asked.
func (s *Service) PutOut(ctx context.Context, by, did, reason string) error {
	d, err := s.devices.Device(ctx, did)
	if err != nil {
		return err
	}
	return s.release(ctx, by, d, "put out by an operator: "+reason)
}

func (s *Service) release(ctx context.Context, by string, d registry.Device, ended string) error {
	p, err := s.product(ctx, d)
	if err != nil {
		return err
	}
	ch, err := s.change(by, "device.unclaimed", d, p.Org, map[string]any{"account": d.Account, "home": d.Home, "why": ended}, leaves(d)...)
	if err == nil {
		err = s.store.Release(ctx, d, ended, ch)
	}
	if err == nil {
		s.devices.Changed(d)
	}
	return err
}

// leaves is the event of the home that a device leaves, if it stands in one.
func leaves(d registry.Device) []registry.HomeEvent {
	if d.Home == "" {
		return nil
	}
	return []registry.HomeEvent{{Home: d.Home, What: registry.HomeDevices, DID: d.DID}}
}

// owned is a device of that owner; others are told that there is none.
func (s *Service) owned(ctx context.Context, by, did string) (registry.Device, error) {
	d, err := s.devices.Device(ctx, did)
	if err == nil && (by == "" || d.Account != by) {
		err = fmt.Errorf("device %s of account %s: %w", did, by, registry.ErrNotFound)
	}
	return d, err
}

// HandOver makes a link by which one person takes the device: from its owner, or
// from who ordered it and has not claimed it. An open one is taken back.
func (s *Service) HandOver(ctx context.Context, by, did string) (h Handover, text string, err error) {
	d, err := s.givable(ctx, by, did)
	if err != nil {
		return Handover{}, "", err
	}
	now := s.now()
	h = Handover{DID: did, Giver: by, CreatedAt: now, ExpiresAt: now.Add(HandoverLife)}
	h.ID, text, h.Hash = registry.NewTicket("hnd")
	ch, err := s.change(by, "device.offered", d, "", map[string]any{"handover": h.ID})
	if err == nil {
		err = s.store.AddHandover(ctx, h, ch)
	}
	return h, text, err
}

// givable is a device that by may give away.
func (s *Service) givable(ctx context.Context, by, did string) (registry.Device, error) {
	d, err := s.owned(ctx, by, did)
	if err == nil || !errors.Is(err, registry.ErrNotFound) || s.orders == nil || d.Account != "" {
		return d, err
	}
	o, known, oerr := s.orders.Ordered(ctx, d.ProductID, did)
	if oerr != nil || known && by != "" && o.Account == by {
		return d, oerr
	}
	return d, err
}

// TakeBack ends the open handover of a device.
func (s *Service) TakeBack(ctx context.Context, by, did string) error {
	d, err := s.givable(ctx, by, did)
	if err != nil {
		return err
	}
	ch, err := s.change(by, "device.kept", d, "", nil)
	if err == nil {
		err = s.store.RevokeHandovers(ctx, did, by, s.now(), ch)
	}
	return err
}

// Offered is the device that the text of a handover gives away, for who holds it.
func (s *Service) Offered(ctx context.Context, text string) (registry.Device, error) {
	h, d, err := s.openHandover(ctx, text)
	if err == nil && (!h.UsedAt.IsZero() || !h.RevokedAt.IsZero() || !s.now().Before(h.ExpiresAt)) {
		err = errHandover
	}
	return d, err
}

// Take gives a device to whoever holds the text of its handover. One that was
// claimed moves into the home; one that was not is the taker's to claim: then the
// claim that is returned is empty.
func (s *Service) Take(ctx context.Context, by, text, home, room string) (Claim, error) {
	h, d, err := s.openHandover(ctx, text)
	if err != nil {
		return Claim{}, err
	}
	p, err := s.product(ctx, d)
	if err != nil {
		return Claim{}, err
	}
	detail := map[string]any{"handover": h.ID, "giver": h.Giver}
	if d.Account == "" {
		ch, err := s.change(by, "device.accepted", d, p.Org, detail)
		if err == nil {
			err = ch.given(h)
		}
		if err == nil {
			err = s.store.Accept(ctx, h, by, s.now(), ch)
		}
		return Claim{}, handed(err)
	}
	if _, err := s.homes.Membership(ctx, by, home, homes.Arrange); err != nil {
		return Claim{}, err
	}
	c := Claim{ID: id.New("clm"), DID: d.DID, Account: by, Home: home, Basis: ByGift, CreatedAt: s.now()}
	ch, err := s.change(by, "device.handed-over", d, p.Org, detail, append(leaves(d), registry.HomeEvent{Home: home, What: registry.HomeDevices, DID: d.DID})...)
	if err != nil {
		return Claim{}, err
	}
	n, err := claimed(c.CreatedAt, c, p)
	if err != nil {
		return Claim{}, err
	}
	ch.Notices = append(ch.Notices, n)
	if err := ch.given(h); err != nil {
		return Claim{}, err
	}
	placing := Placing{DID: d.DID, Was: d.Home, Home: home, Room: room, Name: p.Name, Most: homes.MostDevices}
	if err := s.store.Take(ctx, h, c, placing, ch); err != nil {
		return Claim{}, handed(err)
	}
	s.devices.Changed(d)
	s.rotate(ctx, d.DID)
	return c, nil
}

var errHandover = fmt.Errorf("%w: the handover is unknown, used, taken back or over; ask for a new one", registry.ErrBadCode)

// handed says of a handover that somebody else was faster with, or that ended.
func handed(err error) error {
	if errors.Is(err, registry.ErrConflict) {
		return errHandover
	}
	return err
}

// openHandover finds the handover whose text this is. It ends with the ownership
// of who made it.
func (s *Service) openHandover(ctx context.Context, text string) (Handover, registry.Device, error) {
	handoverID, err := registry.TicketID("hnd", text)
	if err != nil {
		return Handover{}, registry.Device{}, err
	}
	h, err := s.store.Handover(ctx, handoverID)
	if errors.Is(err, registry.ErrNotFound) || err == nil && !registry.OpensTicket(text, h.Hash) {
		return Handover{}, registry.Device{}, errHandover
	}
	if err != nil {
		return Handover{}, registry.Device{}, err
	}
	d, err := s.givable(ctx, h.Giver, h.DID)
	if errors.Is(err, registry.ErrNotFound) {
		err = errHandover
	}
	return h, d, err
}
