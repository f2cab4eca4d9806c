package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// ChangeCampaign lets fn decide under the lock of the campaign's counter.
func (s campaignStore) ChangeCampaign(ctx context.Context, id string, now func() time.Time, fn campaigns.Decision) (campaigns.Campaign, error) {
	var c campaigns.Campaign
	err := s.transact(ctx, func(q *dbgen.Queries) (err error) {
		c, err = changeCampaign(ctx, q, id, now, fn)
		return err
	})
	if err == nil {
		s.told()
	}
	return c, s.wrap(ctx, err, "campaign %s", id)
}

// changeCampaign is for the transactions of others too; they call told after it.
func changeCampaign(ctx context.Context, q *dbgen.Queries, id string, now func() time.Time, fn campaigns.Decision) (c campaigns.Campaign, err error) {
	row, err := q.LockCounter(ctx, dbgen.LockCounterParams{Campaign: id, At: micros.Of(now())})
	if err != nil {
		return c, err
	}
	if c, err = wholeCampaign(ctx, q, id); err != nil {
		return c, err
	}
	n := counter(row)
	at := n.Time(now()).UTC().Truncate(time.Microsecond) // whoever waited for the lock goes by the time at which he got it
	was := c
	change, err := fn(&c, n, at)
	if err != nil || change == nil {
		return c, err
	}
	if !change.Hold {
		c.Version++
	}
	for _, step := range []func() error{
		func() error { return updateCampaign(ctx, q, &was, &c) },
		func() error { return updateVariants(ctx, q, &was, &c) },
		func() error { return updateTerms(ctx, q, &c) },
		func() error { return addText(ctx, q, &c, change.Text, at) },
		func() error {
			if !change.Tie {
				return nil
			}
			return q.TieStartup(ctx, dbgen.TieStartupParams{Campaign: c.ID, Org: c.Org})
		},
		func() error { return enqueueDue(ctx, q, &c, change.Due, at) },
		func() error { return record(ctx, q, change.Entries, change.Notices) },
	} {
		if err := step(); err != nil {
			return c, err
		}
	}
	return c, nil
}

func updateCampaign(ctx context.Context, q *dbgen.Queries, was, c *campaigns.Campaign) error {
	columns, err := columnsOf(c)
	if err != nil {
		return err
	}
	changed, err := q.UpdateCampaign(ctx, dbgen.UpdateCampaignParams{
		ID: c.ID, Was: string(was.State), Saw: was.Version, Author: c.Author, Certificate: c.Certificate, Regions: columns.regions,
		Title: text(c.Title), Category: string(c.Category), Page: columns.page, Words: columns.words,
		Price: c.Price, RetailPrice: c.RetailPrice, Currency: c.Currency, TargetUnits: c.TargetUnits, StockLimit: c.StockLimit,
		PerBackerLimit: c.PerBackerLimit, Spares: c.Spares, OpensAt: micros.Of(c.OpensAt), ClosesAt: micros.Of(c.ClosesAt),
		ShipKind: string(c.Ship.Kind), ShipByAt: micros.Of(c.Ship.By), ShipDays: c.Ship.Days, Schedule: columns.schedule,
		State: string(c.State), Held: c.Held, HeldReason: text(c.HeldReason), HeldAt: micros.Of(c.HeldAt), Reviewer: c.Reviewer,
		Reason: text(c.Reason), Version: c.Version, TextVersion: c.TextVersion,
		UpdatedAt: micros.Of(c.UpdatedAt), PublishedAt: micros.Of(c.PublishedAt), DecidedAt: micros.Of(c.DecidedAt),
	})
	if err == nil {
		err = conflict("campaigns", 1, changed)
	}
	return err
}

// updateVariants writes them anew where they are others; where they are the same,
// only their stock can have changed.
func updateVariants(ctx context.Context, q *dbgen.Queries, was, c *campaigns.Campaign) error {
	if slices.Equal(was.Variants, c.Variants) {
		return nil
	}
	if c.State != campaigns.CampaignDraft {
		for _, v := range c.Variants {
			if err := q.UpdateVariantStock(ctx, dbgen.UpdateVariantStockParams{ID: v.ID, StockLimit: v.StockLimit}); err != nil {
				return err
			}
			if err := q.UpdateVariantCounterStock(ctx, dbgen.UpdateVariantCounterStockParams{Variant: v.ID, StockLimit: v.StockLimit}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := q.DeleteVariantCounters(ctx, c.ID); err != nil {
		return err
	}
	if err := q.DeleteVariants(ctx, c.ID); err != nil {
		return err
	}
	return insertVariants(ctx, q, *c)
}

func updateTerms(ctx context.Context, q *dbgen.Queries, c *campaigns.Campaign) error {
	return q.UpdateTerms(ctx, dbgen.UpdateTermsParams{
		Campaign: c.ID, Open: c.State == campaigns.CampaignLive, Held: c.Held, OpensAt: micros.Of(c.OpensAt), ClosesAt: micros.Of(c.ClosesAt),
		Price: c.Price, Currency: c.Currency, StockLimit: c.StockLimit, PerBackerLimit: c.PerBackerLimit,
	})
}

func addText(ctx context.Context, q *dbgen.Queries, c *campaigns.Campaign, author string, at time.Time) error {
	if author == "" {
		return nil
	}
	page, err := json.Marshal(c.Page)
	if err != nil {
		return err
	}
	return q.InsertText(ctx, dbgen.InsertTextParams{
		Campaign: c.ID, Version: c.TextVersion, Author: author, At: micros.Of(at), Title: text(c.Title), Category: string(c.Category), Page: text(string(page)),
	})
}

func enqueueDue(ctx context.Context, q *dbgen.Queries, c *campaigns.Campaign, due []campaigns.Due, at time.Time) error {
	for _, d := range due {
		if _, err := enqueue(ctx, q, jobs.Job{
			Kind: d.Kind, Key: strings.TrimSpace(c.ID + " " + d.Key), Payload: []byte(c.ID), DueAt: d.At, CreatedAt: at, MaxAttempts: campaignAttempts,
		}); err != nil {
			return fmt.Errorf("job %s of campaign %s: %w", d.Kind, c.ID, err)
		}
	}
	return nil
}

// campaignAttempts is how often a job of a campaign is tried: with an hour between
// them, for longer than a provider takes to settle.
const campaignAttempts = 2000

// Texts implements campaigns.DeskStore.
func (s campaignStore) Texts(ctx context.Context, campaign string) ([]campaigns.Text, error) {
	rows, err := s.read.Texts(ctx, campaign)
	out := make([]campaigns.Text, len(rows))
	for i, t := range rows {
		out[i] = campaigns.Text{
			Campaign: t.Campaign, Version: t.Version, Author: t.Author, At: t.At.Time(), Title: t.Title, Category: campaigns.Category(t.Category),
		}
		if err == nil {
			err = json.Unmarshal([]byte(t.Page), &out[i].Page)
		}
	}
	return out, s.wrap(ctx, err, "texts of campaign %s", campaign)
}

// Tied implements campaigns.DeskStore.
func (s campaignStore) Tied(ctx context.Context, campaign, account string) (bool, error) {
	n, err := s.read.Tied(ctx, dbgen.TiedParams{Campaign: campaign, Account: account})
	return n > 0, s.wrap(ctx, err, "ties of account %s to campaign %s", account, campaign)
}

// Identity implements campaigns.DeskStore.
func (s campaignStore) Identity(ctx context.Context, org string) (campaigns.Identity, error) {
	i, err := s.read.Identity(ctx, org)
	return campaigns.Identity{
		Org: i.Org, LegalName: i.LegalName, Registration: i.Registration, BankAccount: i.BankAccount, VerifiedBy: i.VerifiedBy,
		VerifiedAt: i.VerifiedAt.Time(), WithdrawnAt: i.WithdrawnAt.Time(), Reason: i.Reason,
	}, s.wrap(ctx, err, "identity of organisation %s", org)
}

// Product implements campaigns.DeskStore.
func (s campaignStore) Product(ctx context.Context, id string) (registry.Product, error) {
	return registryStore(s).Product(ctx, id)
}
