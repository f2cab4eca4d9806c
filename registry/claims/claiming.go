package claims

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/limit"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// Wanted says who wants to have which device where.
type Wanted struct {
	By      string // acc_…
	Address string // that the request came from
	DID     string
	Code    string // from the label
	Home    string // of which By is a member or the owner
	Room    string // empty for none
	Name    string // what By calls it; the product's name when empty
}

// Claim gives a device to who has it in his hands: its label's code, and the device
// itself, which must be connected.
func (s *Service) Claim(ctx context.Context, w Wanted) (Claim, error) {
	if _, err := s.homes.Membership(ctx, w.By, w.Home, homes.Arrange); err != nil {
		return Claim{}, err
	}
	d, err := s.Look(ctx, w)
	if err != nil {
		return Claim{}, err
	}
	if err := s.present(ctx, d); err != nil {
		return Claim{}, err
	}
	c, err := s.claim(ctx, d, w)
	if err != nil {
		return Claim{}, err
	}
	s.rotate(ctx, d.DID)
	return c, nil
}

// Look finds the device of a label, for who has the label's code: that it is not
// connected is no reason to refuse it yet. Wrong codes count as those of Claim do.
func (s *Service) Look(ctx context.Context, w Wanted) (registry.Device, error) {
	right, err := limit.Spend(s.now(),
		limit.Turn{Limiter: &s.limits.address, Key: limit.Network(w.Address)}, limit.Turn{Limiter: &s.limits.account, Key: w.By})
	if err != nil {
		return registry.Device{}, err
	}
	if err := s.checkCode(ctx, w.DID, w.Code); err != nil {
		if !errors.Is(err, registry.ErrBadCode) {
			right() // nothing was learnt
		}
		return registry.Device{}, err
	}
	right()
	d, err := s.devices.Device(ctx, w.DID)
	if err == nil && !d.QuarantinedAt.IsZero() {
		err = fmt.Errorf("%s: %w: ask whoever sold it", d.DID, registry.ErrQuarantined)
	}
	return d, err
}

// checkCode says whether the code is the one on the device's label, and good.
func (s *Service) checkCode(ctx context.Context, did, text string) error {
	normal, err := NormalCode(text)
	if err != nil || miot.ValidDID(did) != nil {
		return errCode
	}
	c, err := s.store.Code(ctx, did)
	if errors.Is(err, registry.ErrNotFound) {
		return errCode
	}
	if err != nil {
		return err
	}
	now := s.now()
	since := now.Add(-wrongWhile)
	if c.Wrong >= wrongMost && c.WrongAt.After(since) {
		return &limit.Error{What: "wrong codes for this device", After: c.WrongAt.Sub(since)}
	}
	if !hmac.Equal(registry.HashSecret(c.Salt, []byte(normal)), c.Hash) {
		if err := s.store.WrongCode(ctx, did, now, since); err != nil {
			return err
		}
		return errCode
	}
	if !c.UsedAt.IsZero() {
		return errCode
	}
	return nil
}

func (s *Service) claim(ctx context.Context, d registry.Device, w Wanted) (Claim, error) {
	p, err := s.product(ctx, d)
	if err != nil {
		return Claim{}, err
	}
	if w.Name == "" {
		w.Name = p.Name
	}
	if w.Name, err = registry.CleanName("a device", w.Name); err != nil {
		return Claim{}, err
	}
	c := Claim{ID: id.New("clm"), DID: d.DID, Account: w.By, Home: w.Home, CreatedAt: s.now()}
	if err := s.basis(ctx, d.ProductID, &c); err != nil {
		return Claim{}, err
	}
	ch, err := s.change(w.By, "device.claimed", d, p.Org, map[string]any{"claim": c.ID, "home": w.Home, "basis": c.Basis, "reason": c.Reason, "order": c.Order},
		registry.HomeEvent{Home: w.Home, What: registry.HomeDevices, DID: d.DID})
	if err != nil {
		return Claim{}, err
	}
	n, err := claimed(c.CreatedAt, c, p)
	if err != nil {
		return Claim{}, err
	}
	ch.Notices = append(ch.Notices, n)
	placing := Placing{DID: d.DID, Was: d.Home, Home: w.Home, Room: w.Room, Name: w.Name, Most: homes.MostDevices}
	if err := s.store.Claim(ctx, c, placing, ch); err != nil {
		return Claim{}, err
	}
	s.devices.Changed(d)
	return c, nil
}

// basis finds out why the device is the claimer's.
func (s *Service) basis(ctx context.Context, product string, c *Claim) error {
	var o Ordered
	known := false
	if s.orders != nil {
		var err error
		if o, known, err = s.orders.Ordered(ctx, product, c.DID); err != nil {
			return fmt.Errorf("order of device %s: %w", c.DID, err)
		}
	}
	if known {
		c.Order = o.Order
		if o.Account == c.Account {
			c.Basis = ByOrder
			return nil
		}
		given, err := s.store.Given(ctx, c.DID, o.Account, c.Account)
		if err != nil {
			return err
		}
		c.Basis, c.Reason = Grey, "ordered by somebody else, who did not hand it over"
		if given {
			c.Basis, c.Reason = ByGift, ""
		}
		return nil
	}
	_, imported, err := s.store.Made(ctx, c.DID)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	if imported || err != nil { // made elsewhere, or registered one by one: no campaign sold it
		c.Basis = Retail
		return nil
	}
	c.Basis, c.Reason = Grey, "made for a campaign, but in no shipment"
	return nil
}
