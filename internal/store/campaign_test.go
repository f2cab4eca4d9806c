package store_test

import (
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

var campaignCases = []conformanceCase{
	{"a campaign comes back as it was written", func(t *testing.T, db *storeDB) {
		c := newCampaign(t, db)
		c.Ship = campaigns.ShipPromise{Kind: campaigns.ShipByDate, By: now.AddDate(0, 6, 0)}
		c.Schedule = campaigns.Schedule{{When: campaigns.AdvanceAtSuccess, Share: 3000}}
		c.Variants = []campaigns.Variant{
			{ID: id.New("var"), Campaign: c.ID, Position: 1, Name: "white", StockLimit: 10},
			{ID: id.New("var"), Campaign: c.ID, Position: 2, Name: "green"},
		}
		made := get(db.Campaigns().CreateCampaign(ctx, c))(t)
		c.Number = made.Number
		same(t, get(db.Campaigns().Campaign(ctx, c.ID))(t), c)
		same(t, get(db.Campaigns().Counter(ctx, c.ID))(t), campaigns.Counter{
			Campaign: c.ID, Open: true, OpensAt: c.OpensAt, ClosesAt: c.ClosesAt, Price: c.Price, Currency: "INR",
		})
		counters := get(db.Campaigns().VariantCounters(ctx, c.ID))(t)
		same(t, counters, []campaigns.VariantCounter{
			{Variant: c.Variants[0].ID, Campaign: c.ID, StockLimit: 10}, {Variant: c.Variants[1].ID, Campaign: c.ID},
		})
		_, err := db.Campaigns().CreateCampaign(ctx, c)
		wantError(t, err, registry.ErrExists)
	}},
	{"campaigns are numbered", func(t *testing.T, db *storeDB) {
		a := get(db.Campaigns().CreateCampaign(ctx, newCampaign(t, db)))(t)
		b := get(db.Campaigns().CreateCampaign(ctx, newCampaign(t, db)))(t)
		same(t, b.Number, a.Number+1)
	}},
	{"there is no campaign without its product", func(t *testing.T, db *storeDB) {
		c := newCampaign(t, db)
		c.ProductID = "prd_none"
		_, err := db.Campaigns().CreateCampaign(ctx, c)
		wantError(t, err, registry.ErrNotFound)
		_, err = db.Campaigns().Campaign(ctx, c.ID)
		wantError(t, err, registry.ErrNotFound)
	}},
}

// newCampaign is a live campaign without limits, at ₹4,999 a unit.
func newCampaign(t testing.TB, db *storeDB) campaigns.Campaign {
	p, _ := db.product(t)
	return campaigns.Campaign{
		ID: id.New("cmp"), Org: "org_1", Author: "acc_1", ProductID: p.ID, Model: p.Model, Regions: []string{"IN"},
		Title: "Pure", Page: campaigns.Page{Story: "clean air"}, Price: 499_900, Currency: "INR", TargetUnits: 100,
		OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(30 * 24 * time.Hour),
		Ship:  campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 180},
		State: campaigns.CampaignLive, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}
