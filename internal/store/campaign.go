package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// Campaigns is what campaigns keep: their orders, and what is written and decided of them.
func (db *DB) Campaigns() interface {
	campaigns.Store
	campaigns.DeskStore
} {
	return campaignStore{db}
}

type campaignStore struct{ *DB }

var (
	_ campaigns.Store     = campaignStore{}
	_ campaigns.DeskStore = campaignStore{}
)

// campaignNumbers is the sequence of Campaign.Number.
const campaignNumbers = "campaign"

// CreateCampaign adds a campaign. One whose state is live takes orders at once.
func (s campaignStore) CreateCampaign(ctx context.Context, c campaigns.Campaign, rec ...certification.Record) (campaigns.Campaign, error) {
	columns, err := columnsOf(&c)
	if err != nil {
		return c, err
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		next, err := q.ReserveIDs(ctx, dbgen.ReserveIDsParams{Name: campaignNumbers, N: 1})
		if err != nil {
			return err
		}
		c.Number = next - 1
		if err := q.InsertCampaign(ctx, dbgen.InsertCampaignParams{
			ID: c.ID, Number: c.Number, Org: c.Org, Author: c.Author, ProductID: c.ProductID, Model: c.Model,
			Certificate: c.Certificate, Regions: columns.regions, Title: text(c.Title), Category: string(c.Category), Page: columns.page,
			Price: c.Price, RetailPrice: c.RetailPrice, Currency: c.Currency,
			TargetUnits: c.TargetUnits, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit, Spares: c.Spares,
			OpensAt: micros.Of(c.OpensAt), ClosesAt: micros.Of(c.ClosesAt),
			ShipKind: string(c.Ship.Kind), ShipByAt: micros.Of(c.Ship.By), ShipDays: c.Ship.Days, Schedule: columns.schedule,
			State: string(c.State), Held: c.Held, HeldReason: text(c.HeldReason), HeldAt: micros.Of(c.HeldAt),
			Reviewer: c.Reviewer, Reason: text(c.Reason), Version: c.Version, TextVersion: c.TextVersion, Words: columns.words,
			CreatedAt: micros.Of(c.CreatedAt), UpdatedAt: micros.Of(c.UpdatedAt), PublishedAt: micros.Of(c.PublishedAt), DecidedAt: micros.Of(c.DecidedAt),
		}); err != nil {
			return err
		}
		if err := q.InsertCounter(ctx, dbgen.InsertCounterParams{
			Campaign: c.ID, Open: c.State == campaigns.CampaignLive, Held: c.Held, OpensAt: micros.Of(c.OpensAt), ClosesAt: micros.Of(c.ClosesAt),
			Price: c.Price, Currency: c.Currency, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
		}); err != nil {
			return err
		}
		for _, r := range rec {
			if err := record(ctx, q, r.Entries, r.Notices); err != nil {
				return err
			}
		}
		return insertVariants(ctx, q, c)
	})
	return c, s.wrap(ctx, err, "create campaign %s of product %s", c.ID, c.ProductID)
}

// campaignColumns are what of a campaign is stored as JSON, and what it is found by.
type campaignColumns struct{ regions, schedule, page, words string }

func columnsOf(c *campaigns.Campaign) (out campaignColumns, err error) {
	for _, column := range []struct {
		to    *string
		value any
	}{{&out.regions, c.Regions}, {&out.schedule, c.Schedule}, {&out.page, c.Page}} {
		body, err := json.Marshal(column.value)
		if err != nil {
			return out, fmt.Errorf("campaign %s: %w", c.ID, err)
		}
		*column.to = text(string(body))
	}
	out.words = text(strings.ToLower(strings.Join([]string{c.Title, c.Page.Tagline, c.Model}, " ")))
	return out, nil
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
	c, err := wholeCampaign(ctx, s.read, id)
	return c, s.wrap(ctx, err, "campaign %s", id)
}

// wholeCampaign reads one with its variants.
func wholeCampaign(ctx context.Context, q *dbgen.Queries, id string) (campaigns.Campaign, error) {
	row, err := q.Campaign(ctx, id)
	if err != nil {
		return campaigns.Campaign{}, err
	}
	c, err := campaign(row)
	if err != nil {
		return c, err
	}
	variants, err := q.Variants(ctx, id)
	if len(variants) > 0 {
		c.Variants = list(variants, variant)
	}
	return c, err
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
		Certificate: c.Certificate, Title: c.Title, Category: campaigns.Category(c.Category), Spares: c.Spares,
		Price: c.Price, RetailPrice: c.RetailPrice, Currency: c.Currency,
		TargetUnits: c.TargetUnits, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
		OpensAt: c.OpensAt.Time(), ClosesAt: c.ClosesAt.Time(),
		Ship:  campaigns.ShipPromise{Kind: campaigns.ShipKind(c.ShipKind), By: c.ShipByAt.Time(), Days: c.ShipDays},
		State: campaigns.CampaignState(c.State), Held: c.Held, HeldReason: c.HeldReason, HeldAt: c.HeldAt.Time(), Version: c.Version,
		Reviewer: c.Reviewer, Reason: c.Reason, TextVersion: c.TextVersion,
		CreatedAt: c.CreatedAt.Time(), UpdatedAt: c.UpdatedAt.Time(), PublishedAt: c.PublishedAt.Time(), DecidedAt: c.DecidedAt.Time(),
	}
	if err := json.Unmarshal([]byte(c.Regions), &out.Regions); err != nil {
		return out, fmt.Errorf("campaign %s: its stored regions: %w", c.ID, err)
	}
	if err := json.Unmarshal([]byte(c.Schedule), &out.Schedule); err != nil {
		return out, fmt.Errorf("campaign %s: its stored schedule: %w", c.ID, err)
	}
	if err := json.Unmarshal([]byte(c.Page), &out.Page); err != nil {
		return out, fmt.Errorf("campaign %s: its stored page: %w", c.ID, err)
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
