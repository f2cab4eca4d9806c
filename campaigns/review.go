package campaigns

import (
	"context"
	"errors"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// moveTo makes a move of the table, and says who may make it. The gate is not asked
// about a campaign that is over, nor about a draft: neither is held.
func (c *Campaign) moveTo(to CampaignState, by certification.Mover) error {
	if certification.MayMove(CampaignMoves, c.State, to, by) {
		c.State = to
		if !to.Gated() {
			c.Held, c.HeldReason, c.HeldAt = false, "", time.Time{}
		}
		return nil
	}
	return certification.Refuse(certification.ErrState, "campaign-table", "campaign %s is %s: %s cannot make it %s", c.ID, c.State, by, to)
}

// Submit gives a campaign to the reviewers.
func (d *Desk) Submit(ctx context.Context, a Actor, campaign string, version int64) (Campaign, error) {
	return d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		if err := asMember(a, c); err != nil {
			return nil, err
		}
		if err := c.moveTo(CampaignInReview, byStartup); err != nil {
			return nil, err
		}
		if err := c.fit(at); err != nil {
			return nil, err
		}
		c.Author, c.Reviewer, c.Reason, c.UpdatedAt = a.Account, "", "", at
		rec, err := c.tell(at, a.Account, "campaign.submitted", nil)
		return &Change{Record: rec, Tie: true}, err
	})
}

// fit says what a campaign lacks by itself to be approved at that moment.
func (c *Campaign) fit(at time.Time) error {
	draft := DraftOf(c)
	found := refusals(draft.Check())
	c.complete(&found)
	c.ahead(&found, at)
	return found.err()
}

// TakeBack makes a campaign that was submitted, or approved and not opened yet, a
// draft again.
func (d *Desk) TakeBack(ctx context.Context, a Actor, campaign string, version int64) (Campaign, error) {
	return d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		if err := asMember(a, c); err != nil {
			return nil, err
		}
		return c.back(at, a.Account, byStartup, "campaign.taken_back", "")
	})
}

// SendBack is a reviewer's word on what has to change.
func (d *Desk) SendBack(ctx context.Context, a Actor, campaign string, version int64, reason string) (Campaign, error) {
	if err := checkReason("sending campaign "+campaign+" back", reason); err != nil {
		return Campaign{}, err
	}
	tied, err := d.store.Tied(ctx, campaign, a.Account)
	if err != nil {
		return Campaign{}, err
	}
	return d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		if err := asReviewer(a, c, tied); err != nil {
			return nil, err
		}
		return c.back(at, a.Account, byReviewer, "campaign.sent_back", reason)
	})
}

func (c *Campaign) back(at time.Time, who string, by certification.Mover, kind, reason string) (*Change, error) {
	if err := c.moveTo(CampaignDraft, by); err != nil {
		return nil, err
	}
	c.Reviewer, c.Reason, c.PublishedAt, c.UpdatedAt = "", reason, time.Time{}, at
	rec, err := c.tell(at, who, kind, nil)
	return &Change{Record: rec}, err
}

func asReviewer(a Actor, c *Campaign, tied bool) error {
	switch {
	case !a.Reviewer:
		return certification.Refuse(certification.ErrForbidden, "campaign-reviewer", "account %s is no reviewer", a.Account)
	case a.Account == c.Author:
		return certification.Refuse(certification.ErrForbidden, "campaign-own", "account %s wrote campaign %s", a.Account, c.ID)
	case tied || a.Of(c.Org):
		return certification.Refuse(certification.ErrForbidden, "campaign-tie", "account %s is a member of %s, or was when campaign %s was submitted", a.Account, c.Org, c.ID)
	}
	return nil
}

// Approve schedules a campaign: from now on everybody sees it, and it opens at
// its time. It takes what docs/campaigns.md lists: a certificate and regional
// documents that hold through deadline and shipping, and the startup's identity.
func (d *Desk) Approve(ctx context.Context, a Actor, campaign string, version int64) (Campaign, error) {
	c, err := d.Campaign(ctx, a, campaign)
	if err != nil {
		return c, err
	}
	tied, err := d.store.Tied(ctx, campaign, a.Account)
	if err == nil {
		err = asReviewer(a, &c, tied)
	}
	if err != nil {
		return c, err
	}
	if err := d.identified(ctx, c.Org); err != nil {
		return c, err
	}
	listing, err := List(ctx, d.gate, c)
	if err != nil {
		return c, err
	}
	c, err = d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		return c.schedule(listing, a.Account, at)
	})
	if err != nil {
		return c, err
	}
	// The gate may have closed between its answer and the commit; whoever closed it
	// did not see this campaign yet.
	return d.reassessed(ctx, c)
}

// schedule is the decision of an approval.
func (c *Campaign) schedule(l Listing, reviewer string, at time.Time) (*Change, error) {
	if err := l.of(c); err != nil {
		return nil, err
	}
	if err := c.moveTo(CampaignScheduled, byReviewer); err != nil {
		return nil, err
	}
	if err := c.fit(at); err != nil {
		return nil, err
	}
	c.Certificate, c.Reviewer, c.Reason, c.PublishedAt, c.UpdatedAt = l.certificate.Serial, reviewer, "", at, at
	rec, err := c.tell(at, reviewer, "campaign.scheduled", nil)
	return &Change{Record: rec, Text: c.Author, Due: []Due{{JobStep, "open", c.OpensAt}, {JobStep, "close", c.ClosesAt}}}, err
}

// identified wants the startup's identity on record.
func (d *Desk) identified(ctx context.Context, org string) error {
	i, err := d.store.Identity(ctx, org)
	if errors.Is(err, registry.ErrNotFound) || err == nil && !i.Stands() {
		return certification.Refuse(certification.ErrState, "campaign-identity", "no operator has recorded the identity of organisation %s, or it was withdrawn", org)
	}
	return err
}

// Stands is everything that stands between a campaign and its approval now.
func (d *Desk) Stands(ctx context.Context, a Actor, campaign string) (certification.Refusals, error) {
	c, err := d.store.Campaign(ctx, campaign)
	if err == nil && !a.MayRead(c.Org) {
		err = registry.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	_, gate := List(ctx, d.gate, c)
	var all certification.Refusals
	for _, err := range []error{c.fit(d.now()), d.identified(ctx, c.Org), gate} {
		var several certification.Refusals
		var one *certification.Refusal
		switch {
		case err == nil:
		case errors.As(err, &several):
			all = append(all, several...)
		case errors.As(err, &one):
			all = append(all, one)
		default:
			return nil, err
		}
	}
	return all, nil
}

// Cancel ends a campaign before its time. Whoever paid is refunded.
func (d *Desk) Cancel(ctx context.Context, a Actor, campaign string, version int64, reason string) (Campaign, error) {
	if err := checkReason("cancelling campaign "+campaign, reason); err != nil {
		return Campaign{}, err
	}
	return d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		by := byStartup
		if !a.Of(c.Org) {
			by = byOperator
			if !a.Operator {
				return nil, asMember(a, c)
			}
		}
		return c.cancel(at, a.Account, by, reason)
	})
}

func (c *Campaign) cancel(at time.Time, who string, by certification.Mover, reason string) (*Change, error) {
	if err := c.moveTo(CampaignCancelled, by); err != nil {
		return nil, err
	}
	c.Reason, c.DecidedAt, c.UpdatedAt = reason, at, at
	rec, err := c.tell(at, who, "campaign.cancelled", nil)
	return &Change{Record: rec, Due: []Due{{JobGiveBack, "", at}}}, err
}
