package campaigns

import (
	"context"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// ShelfName is a part of the public list.
type ShelfName string

// The shelves.
const (
	ShelfLive     ShelfName = "live"     // live and closing, those that end first at the top
	ShelfUpcoming ShelfName = "upcoming" // scheduled, those that open first at the top
	ShelfPast     ShelfName = "past"     // the others, the latest deadline at the top
)

// ShelfQuery says what of a shelf is wanted.
type ShelfQuery struct {
	Shelf    ShelfName
	Words    string   // in title, tagline, model or the startup's name; empty: any
	Category Category // empty: any
	After    string   // the cursor of the last one that was read; empty: from the top
	Limit    int
}

// Shown is a campaign as everybody sees it in a list or on its page.
type Shown struct {
	Campaign
	OrgName string
	Counter Counter
	Cursor  string // for ShelfQuery.After
}

// Progress is what is shown of how far it is.
func (s *Shown) Progress() Progress { return ProgressOf(&s.Campaign, &s.Counter) }

// Shelf lists campaigns that everybody sees.
func (d *Desk) Shelf(ctx context.Context, q ShelfQuery) ([]Shown, error) {
	q.Words = strings.Join(strings.Fields(q.Words), " ")
	return d.store.Shelf(ctx, q)
}

// Shown reads one campaign for its page: of one that is not public, only by those
// who may see it.
func (d *Desk) Shown(ctx context.Context, a Actor, campaign string) (Shown, error) {
	c, err := d.Campaign(ctx, a, campaign)
	if err != nil {
		return Shown{}, err
	}
	s := Shown{Campaign: c}
	if s.Counter, err = d.store.Counter(ctx, campaign); err != nil {
		return s, err
	}
	s.OrgName, err = d.store.OrgName(ctx, c.Org)
	return s, err
}

// Picture is one of a campaign's pictures, for who may see the campaign.
func (d *Desk) Picture(ctx context.Context, a Actor, campaign, sha256 string) (Picture, error) {
	c, err := d.Campaign(ctx, a, campaign)
	if err != nil {
		return Picture{}, err
	}
	for _, p := range c.Page.Pictures {
		if p.SHA256 == sha256 {
			return p, nil
		}
	}
	texts, err := d.store.Texts(ctx, campaign) // one that was published stays
	for _, t := range texts {
		for _, p := range t.Page.Pictures {
			if p.SHA256 == sha256 {
				return p, nil
			}
		}
	}
	if err == nil {
		err = fmt.Errorf("picture %s of campaign %s: %w", sha256, campaign, registry.ErrNotFound)
	}
	return Picture{}, err
}

var _ Gate = (*certification.Gate)(nil)
