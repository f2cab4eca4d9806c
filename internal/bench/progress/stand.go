package progress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

// stand is a service with one live campaign.
type stand struct {
	db       *store.DB
	book     *campaigns.Book
	people   *auth.Service
	handler  http.Handler
	campaign string
	path     string
	sold     int64
}

func openStand(ctx context.Context, database string) (_ *stand, err error) {
	s := &stand{}
	if s.db, err = store.Open(ctx, database); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("a campaign to look at: %w", err), s.db.Close())
	}
	return s, nil
}

func (s *stand) open(ctx context.Context) error {
	if err := s.db.Migrate(ctx); err != nil {
		return err
	}
	now := time.Now()
	product := registry.Product{ID: id.New("prd"), Model: "bench-progress", Name: "bench", CreatedAt: now}
	if err := s.db.Registry().CreateProduct(ctx, product, registry.SpecVersion{
		ID: id.New("spv"), ProductID: product.ID, Version: 1, Document: []byte("{}"), CreatedAt: now, URN: "urn:miot-spec-v2:device:lamp:0000A001:bench-progress:1",
	}); err != nil {
		return err
	}
	c, err := s.db.Campaigns().CreateCampaign(ctx, campaigns.Campaign{
		ID: id.New("cmp"), Org: "org_bench", Author: "acc_bench", ProductID: product.ID, Model: product.Model, Title: "bench",
		Price: 499_900, Currency: "INR", TargetUnits: 1000, StockLimit: 1_000_000,
		OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(24 * time.Hour), Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 180},
		State: campaigns.CampaignLive, Version: 1, CreatedAt: now, UpdatedAt: now, PublishedAt: now,
	})
	if err != nil {
		return err
	}
	s.campaign, s.path = c.ID, "/api/v1/campaigns/"+c.ID+"/progress"
	events, log := bus.NewLocal(), slog.New(slog.DiscardHandler)
	s.book = campaigns.NewBook(campaigns.Options{Store: s.db.Campaigns(), Bus: events})
	board := campaigns.NewBoard(campaigns.BoardOptions{Store: s.db.Campaigns(), Encode: api.EncodeProgress})
	if err := board.Listen(events); err != nil {
		return err
	}
	s.people = auth.New(auth.Options{Store: s.db.Auth(), Log: log})
	ahead := api.NewProgress(board, func(string, string, int, time.Duration) {})
	s.handler = ahead.Ahead(api.New(api.Config{
		Registry: registry.New(registry.Options{Store: s.db.Registry(), Bus: events}), Auth: s.people, Bus: events, Log: log,
		Book: s.book, Campaigns: s.db.Campaigns(), Progress: ahead,
		Desk: campaigns.NewDesk(campaigns.DeskOptions{Store: s.db.Campaigns()}),
	}))
	return nil
}

// sell orders one unit, and gives the moment at which it was sent to be stored and the units reserved after it.
func (s *stand) sell(ctx context.Context) (time.Time, int64, error) {
	began := time.Now()
	_, err := s.book.Do(ctx, &campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: s.campaign, Backer: id.New("acc"), Key: "k", Units: 1}})
	s.sold++
	return began, s.sold, err
}

func (s *stand) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.people.Close()
	return errors.Join(s.book.Stop(ctx), s.db.Close())
}
