package campaigns

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
)

// Reassess asks the gate about every campaign that it concerns; of an organisation
// and a model where these are given. It holds those for which it is closed, lets
// go those for which it is open again, and cancels those whose certificate was
// revoked.
func (d *Desk) Reassess(ctx context.Context, org, model string) error {
	all, err := d.store.CampaignsGated(ctx, org, model)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range all {
		_, err := d.reassessed(ctx, c)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// reassessed asks the gate about one campaign and gives it as it is then.
func (d *Desk) reassessed(ctx context.Context, c Campaign) (Campaign, error) {
	if !c.State.Gated() {
		return c, nil
	}
	listing, err := List(ctx, d.gate, c)
	var closed *certification.Refusal
	switch {
	case errors.As(err, &closed):
		gone, err := d.revoked(ctx, c)
		if err != nil {
			return c, err
		}
		if gone != "" {
			return d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
				if !c.State.Gated() {
					return nil, nil
				}
				return c.cancel(at, audit.System, bySystem, gone)
			})
		}
		if c.Held && c.HeldReason == closed.Detail {
			return c, nil
		}
		return d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
			return c.Hold(closed.Detail, at)
		})
	case err != nil:
		return c, err // it could not be told: nothing is changed on a guess
	case !c.Held && c.Certificate == listing.certificate.Serial:
		return c, nil
	}
	return d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		return c.release(listing, at)
	})
}

// Hold stops orders and shipments for a reason. It is nothing new, and nil, for
// one that is held for it already.
func (c *Campaign) Hold(reason string, at time.Time) (*Change, error) {
	if !c.State.Gated() || c.Held && c.HeldReason == reason {
		return nil, nil
	}
	first := !c.Held
	c.Held, c.HeldReason = true, reason
	if !first {
		return &Change{Hold: true}, nil
	}
	c.HeldAt = at
	rec, err := c.tell(at, audit.System, "campaign.held", nil)
	return &Change{Record: rec, Hold: true}, err
}

// release lets orders and shipments go on.
func (c *Campaign) release(l Listing, at time.Time) (*Change, error) {
	if err := l.of(c); err != nil {
		return nil, err
	}
	was := c.Held
	c.Held, c.HeldReason, c.HeldAt, c.Certificate = false, "", time.Time{}, l.certificate.Serial
	if !was { // a newer certificate took the place of the one before
		return &Change{Hold: true}, nil
	}
	rec, err := c.tell(at, audit.System, "campaign.released", nil)
	return &Change{Record: rec, Hold: true}, err
}

// revoked says that the certificate on which the campaign stands was revoked, and
// that no other of the model can take its place; empty if not so.
func (d *Desk) revoked(ctx context.Context, c Campaign) (string, error) {
	all, err := d.store.CertificatesOf(ctx, c.Model)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(all, func(x certification.Certificate) bool {
		return x.Org == c.Org && (x.State == certification.Active || x.State == certification.Suspended)
	}) {
		return "", nil
	}
	for _, x := range all {
		if x.Serial == c.Certificate && x.State == certification.Revoked {
			return "certificate " + x.Serial + " was revoked: " + x.Reason, nil
		}
	}
	return "", nil
}
