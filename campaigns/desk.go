package campaigns

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// DeskOptions say what a Desk works with. Store and Gate are needed.
type DeskOptions struct {
	Store DeskStore
	Gate  Gate
	// Expire ends the orders whose pay windows have run out: Book.Expire.
	Expire func(ctx context.Context, now time.Time) error
	Now    func() time.Time // time.Now when nil
	Log    *slog.Logger     // discards when nil
}

// Desk is where a campaign is written, reviewed, opened, closed and judged. What
// it decides is decided under the lock of the campaign's counter, as orders are.
type Desk struct {
	store  DeskStore
	gate   Gate
	expire func(ctx context.Context, now time.Time) error
	now    func() time.Time
	log    *slog.Logger
}

// NewDesk makes one.
func NewDesk(o DeskOptions) *Desk {
	d := &Desk{store: o.Store, gate: o.Gate, expire: o.Expire, now: o.Now, log: o.Log}
	if d.now == nil {
		d.now = time.Now
	}
	if d.expire == nil {
		d.expire = func(context.Context, time.Time) error { return nil }
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Actor is who wants something of a campaign.
type Actor = certification.Actor

// Create begins a campaign of a product of the actor's organisation.
func (d *Desk) Create(ctx context.Context, a Actor, product string, draft Draft) (Campaign, error) {
	p, err := d.store.Product(ctx, product)
	switch {
	case err != nil:
		return Campaign{}, err
	case !a.Of(p.Org):
		return Campaign{}, certification.Refuse(certification.ErrForbidden, "campaign-product", "product %s is of %q: account %s is no member there", product, p.Org, a.Account)
	}
	now := stored(d.now())
	c := Campaign{
		ID: id.New("cmp"), Org: p.Org, Author: a.Account, ProductID: p.ID, Model: p.Model,
		State: CampaignDraft, Version: 1, TextVersion: 1, CreatedAt: now, UpdatedAt: now,
	}
	draft = draft.tidy(c.ID, nil)
	if err := c.ownPictures(&draft); err != nil {
		return c, err
	}
	if err := refusals(draft.Check()).err(); err != nil {
		return c, err
	}
	draft.write(&c)
	entry, err := audit.New(now, a.Account, "campaign.created", c.ID, c.Org, nil)
	if err != nil {
		return c, err
	}
	return d.store.CreateCampaign(ctx, c, certification.Record{Entries: []audit.Entry{entry}})
}

// Edit makes a campaign what the draft says, as far as its state allows. version
// is the one that was read: if it is another by now, registry.ErrConflict.
func (d *Desk) Edit(ctx context.Context, a Actor, campaign string, version int64, draft Draft) (Campaign, error) {
	return d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		if err := asMember(a, c); err != nil {
			return nil, err
		}
		return c.edit(a, draft, at)
	})
}

// edit is Edit's decision. came are pictures that were uploaded just now.
func (c *Campaign) edit(a Actor, draft Draft, at time.Time, came ...Picture) (*Change, error) {
	draft = draft.tidy(c.ID, c.Variants)
	if err := c.ownPictures(&draft, came...); err != nil {
		return nil, err
	}
	text, raised, err := c.change(draft, at)
	if err != nil {
		return nil, err
	}
	if err := refusals(draft.Check()).err(); err != nil {
		return nil, err
	}
	c.UpdatedAt = at
	if c.State == CampaignDraft {
		c.Author = a.Account
		entry, err := audit.New(at, a.Account, "campaign.edited", c.ID, c.Org, nil)
		return &Change{Record: certification.Record{Entries: []audit.Entry{entry}}}, err
	}
	if !text && !raised {
		return nil, nil
	}
	rec, err := c.tell(at, a.Account, "campaign.edited", map[string]any{"text": c.TextVersion, "text_changed": text, "stock_limit": c.StockLimit, "stock_raised": raised})
	change := &Change{Record: rec}
	if text {
		change.Text = a.Account
	}
	return change, err
}

// AddPicture puts a picture, whose content is stored already, at the end.
func (d *Desk) AddPicture(ctx context.Context, a Actor, campaign string, version int64, p Picture) (Campaign, error) {
	return d.change(ctx, a, campaign, version, func(c *Campaign, _ Counter, at time.Time) (*Change, error) {
		if err := asMember(a, c); err != nil {
			return nil, err
		}
		draft := DraftOf(c)
		draft.Page.Pictures = append(slices.Clone(draft.Page.Pictures), p)
		return c.edit(a, draft, at, p)
	})
}

// ownPictures lets a draft name only pictures that the campaign has, and says of
// them what was found when they came.
func (c *Campaign) ownPictures(draft *Draft, came ...Picture) error {
	var rs refusals
	pictures := make([]Picture, len(draft.Page.Pictures))
	for i, p := range draft.Page.Pictures {
		for _, known := range slices.Concat(c.Page.Pictures, came) {
			if known.SHA256 == p.SHA256 {
				pictures[i] = known
			}
		}
		if pictures[i].SHA256 == "" {
			rs.refuse("campaign-form", "picture %q was not uploaded to campaign %s", p.SHA256, c.ID)
		}
		pictures[i].Alt = p.Alt
	}
	if len(pictures) > 0 {
		draft.Page.Pictures = pictures
	}
	return rs.err()
}

// change is a person's change of the version that was read.
func (d *Desk) change(ctx context.Context, a Actor, campaign string, version int64, fn Decision) (Campaign, error) {
	return d.store.ChangeCampaign(ctx, campaign, d.now, func(c *Campaign, n Counter, at time.Time) (*Change, error) {
		switch {
		case !c.readable(a):
			return nil, fmt.Errorf("campaign %s: %w", campaign, registry.ErrNotFound)
		case c.Version != version:
			return nil, fmt.Errorf("campaign %s is at version %d, the change is of version %d: %w", c.ID, c.Version, version, registry.ErrConflict)
		}
		return fn(c, n, at)
	})
}

// readable says whether the actor may see the campaign at all.
func (c *Campaign) readable(a Actor) bool { return c.Public() || a.MayRead(c.Org) }

// Campaign reads one; who may not see it learns nothing about it.
func (d *Desk) Campaign(ctx context.Context, a Actor, campaign string) (Campaign, error) {
	c, err := d.store.Campaign(ctx, campaign)
	if err == nil && !c.readable(a) {
		return Campaign{}, fmt.Errorf("campaign %s: %w", campaign, registry.ErrNotFound)
	}
	return c, err
}

// CampaignsOf lists those of a startup.
func (d *Desk) CampaignsOf(ctx context.Context, a Actor, org, before string, limit int) ([]Campaign, error) {
	if !a.MayRead(org) {
		return nil, fmt.Errorf("organisation %s: %w", org, registry.ErrNotFound)
	}
	return d.store.CampaignsOf(ctx, org, before, limit)
}

// InReview lists what waits for a reviewer.
func (d *Desk) InReview(ctx context.Context, a Actor) ([]Campaign, error) {
	if !a.Reviewer && !a.Operator {
		return nil, certification.Refuse(certification.ErrForbidden, "campaign-reviewer", "account %s is no reviewer", a.Account)
	}
	return d.store.CampaignsInReview(ctx)
}

// Texts are the published versions of what a campaign says; the last one holds.
func (d *Desk) Texts(ctx context.Context, a Actor, campaign string) ([]Text, error) {
	if _, err := d.Campaign(ctx, a, campaign); err != nil {
		return nil, err
	}
	return d.store.Texts(ctx, campaign)
}

func asMember(a Actor, c *Campaign) error {
	if a.Of(c.Org) {
		return nil
	}
	return certification.Refuse(certification.ErrForbidden, "campaign-member", "account %s is no member of %s, whose campaign %s is", a.Account, c.Org, c.ID)
}

// Lengths of a reason.
const leastReason, mostReason = 10, 1000

func checkReason(what, reason string) error {
	n := utf8.RuneCountInString(strings.TrimSpace(reason))
	if n < leastReason || utf8.RuneCountInString(reason) > mostReason || !plainText(reason) {
		return certification.Refuse(certification.ErrInvalid, "campaign-reason", "the reason for %s has %d characters; want %d to %d of plain text", what, n, leastReason, mostReason)
	}
	return nil
}

// CampaignWord is what a listener hears of a campaign.
type CampaignWord struct {
	Campaign string        `json:"campaign"`
	Title    string        `json:"title"`
	Product  string        `json:"product"` // prd_…
	Model    string        `json:"model"`
	State    CampaignState `json:"state"`
	Held     bool          `json:"held,omitempty"`
	Reason   string        `json:"reason,omitempty"`
	Version  int64         `json:"version"`
	OpensAt  time.Time     `json:"opens_at"`
	ClosesAt time.Time     `json:"closes_at"`
	Detail   any           `json:"detail,omitempty"`
}

// tell is what is recorded with a change of the campaign.
func (c *Campaign) tell(at time.Time, who, kind string, detail any) (certification.Record, error) {
	word := CampaignWord{
		Campaign: c.ID, Title: c.Title, Product: c.ProductID, Model: c.Model, State: c.State, Held: c.Held, Reason: c.Reason,
		Version: c.Version + 1, OpensAt: c.OpensAt, ClosesAt: c.ClosesAt, Detail: detail,
	}
	if c.Held {
		word.Reason = c.HeldReason
	}
	entry, err := audit.New(at, who, kind, c.ID, c.Org, map[string]any{"state": c.State, "reason": word.Reason, "detail": detail})
	if err != nil {
		return certification.Record{}, err
	}
	n, err := notice.New(at, kind, c.ID, c.Org, word)
	return certification.Record{Entries: []audit.Entry{entry}, Notices: []notice.Notice{n}}, err
}
