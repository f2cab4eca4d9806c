package orders

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bench/office"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

// Shop is a live campaign in the database of a server, and backers who may order.
type Shop struct {
	db       *store.DB
	Campaign string
	Tokens   []string
}

// Open makes a certified product, a campaign with a stock (0: no limit) and backers, beside the server that has the database
// open and its data in that folder.
func Open(ctx context.Context, database, data string, backers int, stock int64) (*Shop, error) {
	db, err := store.Open(ctx, database)
	if err != nil {
		return nil, err
	}
	s := &Shop{db: db}
	var serial string
	product, err := s.product(ctx)
	if err == nil {
		serial, err = office.Certify(ctx, database, filepath.Join(data, "keys"), office.Applicant{Org: startup, Model: product.Model, Region: region})
	}
	if err == nil {
		err = s.make(ctx, product, serial, backers, stock)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("a campaign to order from: %w", err), db.Close())
	}
	return s, nil
}

// Close lets go of the database.
func (s *Shop) Close() error { return s.db.Close() }

// limit per backer is far away, but looked at for every order.
const limit = 1 << 40

// The startup, and where it sells: one paper is asked for there.
const startup, region = "org_bench", "US"

func (s *Shop) product(ctx context.Context) (registry.Product, error) {
	now := time.Now()
	product := registry.Product{ID: id.New("prd"), Model: "bench-" + uuid.NewString()[:8], Name: "bench", CreatedAt: now}
	spec := registry.SpecVersion{
		ID: id.New("spv"), ProductID: product.ID, Version: 1, Document: []byte("{}"), CreatedAt: now,
		URN: "urn:miot-spec-v2:device:lamp:0000A001:" + product.Model + ":1",
	}
	return product, s.db.Registry().CreateProduct(ctx, product, spec)
}

func (s *Shop) make(ctx context.Context, product registry.Product, serial string, backers int, stock int64) error {
	now := time.Now()
	c, err := s.db.Campaigns().CreateCampaign(ctx, campaigns.Campaign{
		ID: id.New("cmp"), Org: startup, Author: "acc_bench", ProductID: product.ID, Model: product.Model, Title: "bench", Regions: []string{region}, Certificate: serial,
		Price: 499_900, Currency: "INR", TargetUnits: 1, StockLimit: stock, PerBackerLimit: limit,
		OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(24 * time.Hour), Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 180},
		State: campaigns.CampaignLive, Version: 1, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return err
	}
	s.Campaign = c.ID
	s.Tokens = make([]string, backers)
	people := auth.NewService(s.db.Auth(), nil)
	var group errgroup.Group
	group.SetLimit(8)
	for i := range s.Tokens {
		group.Go(func() error {
			account, err := people.CreateAccount(ctx, fmt.Sprintf("%s %d", product.Model, i))
			if err == nil {
				_, s.Tokens[i], err = people.CreateToken(ctx, auth.NewToken{Account: account.ID, Name: "bench", Scopes: []auth.Scope{auth.ScopeApp}})
			}
			return err
		})
	}
	return group.Wait()
}

// Check audits all books, wants at least so many units in reserve, and gives the campaign's counter.
func (s *Shop) Check(ctx context.Context, acknowledged int64) (campaigns.Counter, error) {
	if _, err := campaigns.AuditAll(ctx, s.db.Campaigns()); err != nil {
		return campaigns.Counter{}, err
	}
	c, err := s.db.Campaigns().Counter(ctx, s.Campaign)
	if err == nil && c.Reserved < acknowledged {
		err = fmt.Errorf("campaign %s has %d units reserved; %d orders were acknowledged", s.Campaign, c.Reserved, acknowledged)
	}
	return c, err
}

// Wrong says which of the orders that were acknowledged are not in the database as they were told, up to a few.
func (s *Shop) Wrong(ctx context.Context, told map[string]Told) (wrong []string, err error) {
	stored := make(map[string]campaigns.OrderState, len(told))
	err = s.db.Campaigns().EachOrder(ctx, s.Campaign, func(o campaigns.Order) { stored[o.ID] = o.State })
	for order, as := range told {
		is := stored[order]
		if !as.fits(is) && len(wrong) < 10 {
			wrong = append(wrong, fmt.Sprintf("%s was acknowledged as %s and is %q", order, as, is))
		}
	}
	return wrong, err
}
