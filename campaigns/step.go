package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// Judge says what becomes of a campaign whose deadline has passed: paid − cancelled
// units against the target. ok is false while a pay window is open: what it was
// reserved for may still be paid.
func Judge(n *Counter, target int64) (to CampaignState, ok bool) {
	switch {
	case n.Reserved > 0:
		return "", false
	case n.Progress() >= target:
		return CampaignSucceeded, true
	}
	return CampaignFailed, true
}

// Tick does what is due of every campaign, and asks the gate about each again. It
// is the net below jobs and events: nothing is lost where one of them comes late.
func (d *Desk) Tick(ctx context.Context, _ time.Time) error {
	due, err := d.store.CampaignsDue(ctx, d.now())
	if err != nil {
		return err
	}
	var errs []error
	for _, campaign := range due {
		errs = append(errs, d.Step(ctx, campaign))
	}
	return errors.Join(append(errs, d.Reassess(ctx, "", ""))...)
}

// Step does what is due of one campaign, as far as it can be done now: it opens,
// closes, and is judged. It may run again, and at the same time elsewhere.
func (d *Desk) Step(ctx context.Context, campaign string) error {
	for {
		c, err := d.store.Campaign(ctx, campaign)
		if err != nil {
			return err
		}
		was := c.State
		switch now := d.now(); {
		case was == CampaignScheduled && !now.Before(c.OpensAt):
			c, err = d.open(ctx, c)
		case was == CampaignLive && !now.Before(c.ClosesAt):
			c, err = d.close(ctx, c)
		case was == CampaignClosing:
			c, err = d.judge(ctx, c)
		}
		if errors.Is(err, registry.ErrConflict) {
			continue // somebody was first: look again
		}
		if err != nil || c.State == was {
			return err
		}
	}
}

// open opens a campaign whose time has come, if the gate is open.
func (d *Desk) open(ctx context.Context, c Campaign) (Campaign, error) {
	listing, err := List(ctx, d.gate, c)
	var closed *certification.Refusal
	if errors.As(err, &closed) {
		if !d.now().Before(c.ClosesAt) { // it never opened
			return d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
				return c.cancel(at, audit.System, bySystem, "its whole window passed while the gate was closed: "+closed.Detail)
			})
		}
		return d.reassessed(ctx, c) // it is held, and opens with the gate
	}
	if err != nil {
		return c, err
	}
	c, err = d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		return c.goLive(listing, at)
	})
	if err != nil {
		return c, err
	}
	return d.reassessed(ctx, c)
}

// goLive is the decision of an opening.
func (c *Campaign) goLive(l Listing, at time.Time) (*Change, error) {
	if err := l.of(c); err != nil {
		return nil, err
	}
	if at.Before(c.OpensAt) {
		return nil, nil
	}
	if err := c.moveTo(CampaignLive, bySystem); err != nil {
		return nil, err
	}
	c.Certificate, c.UpdatedAt = l.certificate.Serial, at
	rec, err := c.tell(at, audit.System, "campaign.opened", nil)
	return &Change{Record: rec}, err
}

// close ends the sale.
func (d *Desk) close(ctx context.Context, c Campaign) (Campaign, error) {
	return d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, n Counter, at time.Time) (*Change, error) {
		if c.State != CampaignLive || at.Before(c.ClosesAt) {
			return nil, nil
		}
		if err := c.moveTo(CampaignClosing, bySystem); err != nil {
			return nil, err
		}
		c.UpdatedAt = at
		rec, err := c.tell(at, audit.System, "campaign.closing", map[string]int64{"reserved": n.Reserved, "paid": n.Progress(), "target": c.TargetUnits})
		return &Change{Record: rec, Due: []Due{{JobStep, "judge", c.ClosesAt.Add(PayWindow)}}}, err
	})
}

// judge decides a campaign as soon as no pay window is open.
func (d *Desk) judge(ctx context.Context, c Campaign) (Campaign, error) {
	if err := d.expire(ctx, d.now()); err != nil {
		return c, fmt.Errorf("campaign %s cannot be judged before its orders have expired: %w", c.ID, err)
	}
	return d.store.ChangeCampaign(ctx, c.ID, d.now, func(c *Campaign, n Counter, at time.Time) (*Change, error) {
		to, ok := Judge(&n, c.TargetUnits)
		if !ok || c.State != CampaignClosing {
			return nil, nil
		}
		if err := c.moveTo(to, bySystem); err != nil {
			return nil, err
		}
		c.DecidedAt, c.UpdatedAt = at, at
		rec, err := c.tell(at, audit.System, "campaign."+string(to), map[string]int64{"paid": n.Progress(), "target": c.TargetUnits, "backers": n.Backers})
		change := &Change{Record: rec}
		switch {
		case to == CampaignFailed:
			change.Due = []Due{{JobGiveBack, "", at}}
		case c.Schedule.Share(AdvanceAtSuccess) > 0:
			change.Due = []Due{{JobAdvance, "success", at}}
		}
		return change, err
	})
}

// PayAdvance pays a startup what its published schedule makes due at success. It
// is a job that comes again until the escrow account holds the amount and the
// campaign is not held; an error says what it waits for.
func (d *Desk) PayAdvance(ctx context.Context, store Store, campaign string) error {
	c, err := d.store.Campaign(ctx, campaign)
	switch {
	case err != nil:
		return err
	case c.State != CampaignSucceeded && c.State != CampaignFulfilling:
		return nil
	case c.Held:
		return fmt.Errorf("campaign %s: %w: no advance is paid: %s", campaign, ErrHeld, c.HeldReason)
	}
	_, err = store.PayAdvance(ctx, campaign, string(AdvanceAtSuccess), c.Schedule.Share(AdvanceAtSuccess), false, d.now())
	if errors.Is(err, registry.ErrExists) {
		return nil // it was paid
	}
	return err
}
