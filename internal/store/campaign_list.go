package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Shelf implements campaigns.DeskStore.
func (s campaignStore) Shelf(ctx context.Context, want campaigns.ShelfQuery) ([]campaigns.Shown, error) {
	place, id, err := cursor(want.After)
	if err != nil {
		return nil, err
	}
	words := ""
	if want.Words != "" {
		words = "%" + likely.Replace(strings.ToLower(text(want.Words))) + "%"
	}
	var shown []campaigns.Shown
	if want.Shelf != campaigns.ShelfPast {
		rows, err := s.read.ShelfAscending(ctx, dbgen.ShelfAscendingParams{
			Shelf: string(want.Shelf), Category: string(want.Category), Words: words, AfterPlace: place, AfterID: id, Most: most(want.Limit),
		})
		if err != nil {
			return nil, s.wrap(ctx, err, "%s campaigns", want.Shelf)
		}
		for _, r := range rows {
			if shown, err = show(shown, r.Campaign, r.CampaignCounter, r.OrgName, r.Place); err != nil {
				return nil, err
			}
		}
		return s.withVariants(ctx, shown)
	}
	if want.After == "" {
		place = math.MaxInt64
	}
	rows, err := s.read.ShelfDescending(ctx, dbgen.ShelfDescendingParams{
		Category: string(want.Category), Words: words, BeforePlace: place, BeforeID: id, Most: most(want.Limit),
	})
	if err != nil {
		return nil, s.wrap(ctx, err, "past campaigns")
	}
	for _, r := range rows {
		if shown, err = show(shown, r.Campaign, r.CampaignCounter, r.OrgName, r.Place); err != nil {
			return nil, err
		}
	}
	return s.withVariants(ctx, shown)
}

func show(shown []campaigns.Shown, row dbgen.Campaign, n dbgen.CampaignCounter, org string, place int64) ([]campaigns.Shown, error) {
	c, err := campaign(row)
	return append(shown, campaigns.Shown{Campaign: c, OrgName: org, Counter: counter(n), Cursor: strconv.FormatInt(place, 10) + "." + c.ID}), err
}

func (s campaignStore) withVariants(ctx context.Context, shown []campaigns.Shown) ([]campaigns.Shown, error) {
	for i := range shown {
		rows, err := s.read.Variants(ctx, shown[i].ID)
		if err != nil {
			return nil, s.wrap(ctx, err, "variants of campaign %s", shown[i].ID)
		}
		shown[i].Variants = list(rows, variant)
	}
	return shown, nil
}

// cursor reads "place.id".
func cursor(after string) (place int64, id string, err error) {
	if after == "" {
		return 0, "", nil
	}
	digits, id, ok := strings.Cut(after, ".")
	place, err = strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0, "", fmt.Errorf("%w: after %q is no cursor of this list", registry.ErrBadRequest, after)
	}
	return place, text(id), nil
}

// CampaignsOf implements campaigns.DeskStore.
func (s campaignStore) CampaignsOf(ctx context.Context, org, before string, limit int) ([]campaigns.Campaign, error) {
	rows, err := s.read.CampaignsOf(ctx, dbgen.CampaignsOfParams{Org: org, Before: before, Most: most(limit)})
	return s.campaigns(ctx, rows, err, "campaigns of %s", org)
}

// CampaignsInReview implements campaigns.DeskStore.
func (s campaignStore) CampaignsInReview(ctx context.Context) ([]campaigns.Campaign, error) {
	rows, err := s.read.CampaignsInReview(ctx)
	return s.campaigns(ctx, rows, err, "campaigns in review")
}

// CampaignsGated implements campaigns.DeskStore. They come without variants.
func (s campaignStore) CampaignsGated(ctx context.Context, org, model string) ([]campaigns.Campaign, error) {
	rows, err := s.read.CampaignsGated(ctx, dbgen.CampaignsGatedParams{Org: org, Model: model})
	return s.campaigns(ctx, rows, err, "campaigns of the model %q", model)
}

// CampaignsDue implements campaigns.DeskStore.
func (s campaignStore) CampaignsDue(ctx context.Context, at time.Time) ([]string, error) {
	ids, err := s.read.CampaignsDue(ctx, micros.Of(at))
	return ids, s.wrap(ctx, err, "campaigns due at %s", at.Format(time.RFC3339))
}

func (s campaignStore) campaigns(ctx context.Context, rows []dbgen.Campaign, err error, format string, args ...any) ([]campaigns.Campaign, error) {
	if err != nil {
		return nil, s.wrap(ctx, err, format, args...)
	}
	out := make([]campaigns.Campaign, len(rows))
	for i, row := range rows {
		if out[i], err = campaign(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CertificatesOf implements campaigns.DeskStore.
func (s campaignStore) CertificatesOf(ctx context.Context, model string) ([]certification.Certificate, error) {
	return Programme(s).CertificatesOf(ctx, model)
}

// OrgName implements campaigns.DeskStore.
func (s campaignStore) OrgName(ctx context.Context, org string) (string, error) {
	name, err := s.read.OrgName(ctx, org)
	return name, s.wrap(ctx, err, "organisation %s", org)
}

// SaveIdentity implements campaigns.DeskStore.
func (s campaignStore) SaveIdentity(ctx context.Context, i campaigns.Identity, rec certification.Record) error {
	return Programme(s).recorded(ctx, rec.Entries, rec.Notices, func(q *dbgen.Queries) error {
		return q.PutIdentity(ctx, dbgen.PutIdentityParams{
			Org: i.Org, LegalName: text(i.LegalName), Registration: text(i.Registration), BankAccount: text(i.BankAccount), VerifiedBy: i.VerifiedBy,
			VerifiedAt: micros.Of(i.VerifiedAt), WithdrawnAt: micros.Of(i.WithdrawnAt), Reason: text(i.Reason),
		})
	}, "identity of organisation %s", i.Org)
}
