package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// Campaigns is what campaigns keep.
func (db *DB) Campaigns() campaigns.Store { return campaignStore{db} }

type campaignStore struct{ *DB }

var _ campaigns.Store = campaignStore{}

// campaignNumbers is the sequence of Campaign.Number.
const campaignNumbers = "campaign"

func (s campaignStore) CreateCampaign(ctx context.Context, c campaigns.Campaign) (campaigns.Campaign, error) {
	regions, err := json.Marshal(c.Regions)
	if err != nil {
		return c, fmt.Errorf("regions of campaign %s: %w", c.ID, err)
	}
	schedule, err := json.Marshal(c.Schedule)
	if err != nil {
		return c, fmt.Errorf("schedule of campaign %s: %w", c.ID, err)
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		next, err := q.ReserveIDs(ctx, dbgen.ReserveIDsParams{Name: campaignNumbers, N: 1})
		if err != nil {
			return err
		}
		c.Number = next - 1
		if err := q.InsertCampaign(ctx, dbgen.InsertCampaignParams{
			ID: c.ID, Number: c.Number, Org: c.Org, Author: c.Author, ProductID: c.ProductID, Model: c.Model,
			Certificate: c.Certificate, Regions: string(regions), Title: text(c.Title), Page: text(string(c.Page)),
			Price: c.Price, RetailPrice: c.RetailPrice, Currency: c.Currency,
			TargetUnits: c.TargetUnits, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
			OpensAt: micros.Of(c.OpensAt), ClosesAt: micros.Of(c.ClosesAt),
			ShipKind: string(c.Ship.Kind), ShipByAt: micros.Of(c.Ship.By), ShipDays: c.Ship.Days, Schedule: string(schedule),
			State: string(c.State), Held: c.Held, HeldReason: text(c.HeldReason), HeldAt: micros.Of(c.HeldAt), Version: c.Version,
			CreatedAt: micros.Of(c.CreatedAt), UpdatedAt: micros.Of(c.UpdatedAt), DecidedAt: micros.Of(c.DecidedAt),
		}); err != nil {
			return err
		}
		if err := q.InsertCounter(ctx, dbgen.InsertCounterParams{
			Campaign: c.ID, Open: c.State == campaigns.CampaignLive, Held: c.Held, OpensAt: micros.Of(c.OpensAt), ClosesAt: micros.Of(c.ClosesAt),
			Price: c.Price, Currency: c.Currency, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
		}); err != nil {
			return err
		}
		return insertVariants(ctx, q, c)
	})
	return c, s.wrap(ctx, err, "create campaign %s of product %s", c.ID, c.ProductID)
}

func insertVariants(ctx context.Context, q *dbgen.Queries, c campaigns.Campaign) error {
	for _, v := range c.Variants {
		if v.Campaign != c.ID {
			return fmt.Errorf("variant %s names campaign %q, not %s", v.ID, v.Campaign, c.ID)
		}
		if err := q.InsertVariant(ctx, dbgen.InsertVariantParams{
			ID: v.ID, Campaign: c.ID, Position: v.Position, Name: text(v.Name), StockLimit: v.StockLimit,
		}); err != nil {
			return err
		}
		if err := q.InsertVariantCounter(ctx, dbgen.InsertVariantCounterParams{Variant: v.ID, Campaign: c.ID, StockLimit: v.StockLimit}); err != nil {
			return err
		}
	}
	return nil
}

func (s campaignStore) Campaign(ctx context.Context, id string) (campaigns.Campaign, error) {
	row, err := s.read.Campaign(ctx, id)
	if err != nil {
		return campaigns.Campaign{}, s.wrap(ctx, err, "campaign %s", id)
	}
	c, err := campaign(row)
	if err != nil {
		return c, err
	}
	variants, err := s.read.Variants(ctx, id)
	if len(variants) > 0 {
		c.Variants = list(variants, variant)
	}
	return c, s.wrap(ctx, err, "variants of campaign %s", id)
}

func (s campaignStore) Counter(ctx context.Context, id string) (campaigns.Counter, error) {
	c, err := s.read.Counter(ctx, id)
	return counter(c), s.wrap(ctx, err, "counter of campaign %s", id)
}

func (s campaignStore) VariantCounters(ctx context.Context, id string) ([]campaigns.VariantCounter, error) {
	rows, err := s.read.VariantCounters(ctx, id)
	return list(rows, variantCounter), s.wrap(ctx, err, "variant counters of campaign %s", id)
}

func campaign(c dbgen.Campaign) (campaigns.Campaign, error) {
	out := campaigns.Campaign{
		ID: c.ID, Number: c.Number, Org: c.Org, Author: c.Author, ProductID: c.ProductID, Model: c.Model,
		Certificate: c.Certificate, Title: c.Title, Page: raw(c.Page),
		Price: c.Price, RetailPrice: c.RetailPrice, Currency: c.Currency,
		TargetUnits: c.TargetUnits, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
		OpensAt: c.OpensAt.Time(), ClosesAt: c.ClosesAt.Time(),
		Ship:  campaigns.ShipPromise{Kind: campaigns.ShipKind(c.ShipKind), By: c.ShipByAt.Time(), Days: c.ShipDays},
		State: campaigns.CampaignState(c.State), Held: c.Held, HeldReason: c.HeldReason, HeldAt: c.HeldAt.Time(), Version: c.Version,
		CreatedAt: c.CreatedAt.Time(), UpdatedAt: c.UpdatedAt.Time(), DecidedAt: c.DecidedAt.Time(),
	}
	if err := json.Unmarshal([]byte(c.Regions), &out.Regions); err != nil {
		return out, fmt.Errorf("campaign %s: its stored regions: %w", c.ID, err)
	}
	if err := json.Unmarshal([]byte(c.Schedule), &out.Schedule); err != nil {
		return out, fmt.Errorf("campaign %s: its stored schedule: %w", c.ID, err)
	}
	return out, nil
}

func variant(v dbgen.CampaignVariant) campaigns.Variant {
	return campaigns.Variant{ID: v.ID, Campaign: v.Campaign, Position: v.Position, Name: v.Name, StockLimit: v.StockLimit}
}

func counter(c dbgen.CampaignCounter) campaigns.Counter {
	return campaigns.Counter{
		Campaign: c.Campaign, Open: c.Open, Held: c.Held, OpensAt: c.OpensAt.Time(), ClosesAt: c.ClosesAt.Time(), SeenAt: c.SeenAt.Time(),
		Price: c.Price, Currency: c.Currency, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
		Reserved: c.Reserved, Paid: c.Paid, Cancelled: c.Cancelled, Backers: c.Backers, Waiting: c.Waiting, Changes: c.Changes,
	}
}

func variantCounter(c dbgen.VariantCounter) campaigns.VariantCounter {
	return campaigns.VariantCounter{
		Variant: c.Variant, Campaign: c.Campaign, StockLimit: c.StockLimit,
		Reserved: c.Reserved, Paid: c.Paid, Cancelled: c.Cancelled, Waiting: c.Waiting,
	}
}
