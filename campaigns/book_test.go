package campaigns_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/registry"
)

// stall is a real store with one live campaign, whose Apply a test can hold up or
// have fail, before or after its work.
type stall struct {
	testing.TB
	campaigns.Store
	campaign string

	mu            sync.Mutex
	before, after func(ops []campaigns.Op) error
}

func (s *stall) Apply(ctx context.Context, ops []campaigns.Op, now func() time.Time) (campaigns.Applied, error) {
	s.mu.Lock()
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(ops); err != nil {
			return campaigns.Applied{}, err
		}
	}
	applied, err := s.Store.Apply(ctx, ops, now)
	if err == nil && after != nil {
		err = after(ops)
	}
	return applied, err
}

func open(t testing.TB, stock int64) *stall {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	now := time.Now()
	product := registry.Product{ID: id.New("prd"), Model: "aurora-pure1", CreatedAt: now}
	must(t, db.Registry().CreateProduct(ctx, product, registry.SpecVersion{
		ID: id.New("spv"), ProductID: product.ID, Version: 1, URN: "urn:miot-spec-v2:device:lamp:0000A001:aurora-pure1:1", CreatedAt: now,
	}))
	s := &stall{TB: t, Store: db.Campaigns(), campaign: id.New("cmp")}
	_, err = s.CreateCampaign(ctx, campaigns.Campaign{
		ID: s.campaign, Org: "org_1", Author: "acc_1", ProductID: product.ID, Price: 100, Currency: "INR", TargetUnits: 1, StockLimit: stock,
		OpensAt: now, ClosesAt: now.Add(30 * 24 * time.Hour), Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 90},
		State: campaigns.CampaignLive, CreatedAt: now, UpdatedAt: now,
	})
	must(t, err)
	return s
}

func (s *stall) book(o campaigns.Options) *campaigns.Book {
	o.Store = s
	b := campaigns.NewBook(o)
	s.Cleanup(func() { _ = b.Stop(context.Background()) })
	return b
}

func (s *stall) wish(backer string) *campaigns.Reserve {
	return &campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: s.campaign, Backer: backer, Key: "first", Units: 1}}
}

func (s *stall) reserved(want int64) {
	s.Helper()
	c, err := s.Counter(context.Background(), s.campaign)
	must(s, err)
	if c.Reserved != want {
		s.Errorf("%d reserved, want %d", c.Reserved, want)
	}
	_, err = campaigns.AuditAll(context.Background(), s.Store)
	must(s, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What queued while a commit ran is the next one; beyond the bound everybody is
// told to come again, and nobody is told anything else.
func TestAFullQueueRefusesAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 0)
		held, release := make(chan struct{}), make(chan struct{})
		var sizes []int
		s.before = func(ops []campaigns.Op) error {
			sizes = append(sizes, len(ops))
			if len(sizes) == 1 {
				close(held)
				<-release
			}
			return nil
		}
		b := s.book(campaigns.Options{QueueLimit: 4})
		results := make(chan error, 5)
		do := func(i int) {
			_, err := b.Do(t.Context(), s.wish(fmt.Sprint("acc_", i)))
			results <- err
		}
		go do(0)
		<-held
		for i := 1; i <= 4; i++ {
			go do(i)
		}
		synctest.Wait() // they are in the queue
		_, err := b.Do(t.Context(), s.wish("acc_5"))
		var full *campaigns.OverloadedError
		if !errors.As(err, &full) || full.RetryAfter <= 0 || full.Waiting != 4 {
			t.Errorf("beyond the bound: %v", err)
		}
		close(release)
		for range 5 {
			must(t, <-results)
		}
		if fmt.Sprint(sizes) != "[1 4]" {
			t.Errorf("commits of %v ops, want [1 4]", sizes)
		}
		s.reserved(5)
		must(t, b.Stop(context.Background()))
	})
}

// The commit was made and its answer lost: nobody is answered before the truth is
// known, and everything was done once.
func TestAnUnknownOutcomeIsLookedUp(t *testing.T) {
	s := open(t, 0)
	failures := 0
	s.after = func([]campaigns.Op) error {
		if failures++; failures <= 2 {
			return fmt.Errorf("commit: %w", registry.ErrUnavailable)
		}
		return nil
	}
	b := s.book(campaigns.Options{})
	w := s.wish("acc_1")
	a, err := b.Do(t.Context(), w)
	must(t, err)
	if a.Repeat || a.Order.ID != w.Order.ID || failures != 3 {
		t.Errorf("answer %+v after %d commits", a, failures)
	}
	s.reserved(1)
	cancel := &campaigns.Cancel{ID: "can_1", Campaign: s.campaign, OrderID: w.Order.ID, Cause: campaigns.CauseBacker, RefundID: id.New("rfd")}
	failures = 0
	a, err = b.Do(t.Context(), cancel)
	must(t, err)
	if a.Order.State != campaigns.OrderCancelled {
		t.Errorf("cancelled to %s", a.Order.State)
	}
	s.reserved(0)
}

// An op that the store cannot take keeps nobody else from being stored.
func TestAPoisonedOpStandsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 0)
		defect := errors.New("a defect of ours")
		held, release := make(chan struct{}), make(chan struct{})
		first := true
		s.before = func(ops []campaigns.Op) error {
			if first {
				first = false
				close(held)
				<-release
			}
			for _, op := range ops {
				if op.(*campaigns.Reserve).Order.Backer == "acc_3" {
					return defect
				}
			}
			return nil
		}
		b := s.book(campaigns.Options{})
		errs := make([]error, 8)
		var all sync.WaitGroup
		all.Go(func() { _, errs[0] = b.Do(t.Context(), s.wish("acc_0")) })
		<-held
		for i := 1; i < len(errs); i++ {
			all.Go(func() { _, errs[i] = b.Do(t.Context(), s.wish(fmt.Sprint("acc_", i))) })
		}
		synctest.Wait()
		close(release)
		all.Wait()
		for i, err := range errs {
			if (i == 3) != errors.Is(err, defect) || i != 3 && err != nil {
				t.Errorf("order %d: %v", i, err)
			}
		}
		s.reserved(7)
		must(t, b.Stop(context.Background()))
	})
}

func TestAStoppedBookAnswersWhatItHas(t *testing.T) {
	s := open(t, 0)
	b := s.book(campaigns.Options{})
	_, err := b.Do(t.Context(), s.wish("acc_1"))
	must(t, err)
	must(t, b.Stop(t.Context()))
	if _, err := b.Do(t.Context(), s.wish("acc_2")); !errors.Is(err, campaigns.ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
	s.reserved(1)
}

// A day in a minute: a reservation runs out, its unit is offered to who waits,
// that offer runs out too, and the next in line is served.
func TestWindowsRunOutAndTheListMovesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 1)
		b := s.book(campaigns.Options{})
		ctx := context.Background()
		do := func(op campaigns.Op) campaigns.Answer {
			a, err := b.Do(ctx, op)
			must(t, err)
			return a
		}
		do(s.wish("acc_ann"))
		for _, backer := range []string{"acc_bob", "acc_carol"} {
			do(&campaigns.Join{Entry: campaigns.Waiting{ID: id.New("wtg"), Campaign: s.campaign, Backer: backer, Units: 1}})
		}
		has := func(backer string, want campaigns.OrderState) {
			t.Helper()
			must(t, b.Expire(ctx, time.Now()))
			found, err := s.OrdersOfBacker(ctx, backer, "", 0)
			must(t, err)
			state := campaigns.OrderState("")
			if len(found) > 0 {
				state = found[0].State
			}
			if state != want {
				t.Errorf("at %s the order of %s is %q, want %q", time.Now().Format(time.TimeOnly), backer, state, want)
			}
		}
		time.Sleep(campaigns.PayWindow - time.Second)
		has("acc_ann", campaigns.OrderReserved)
		has("acc_bob", "")
		time.Sleep(time.Second)
		has("acc_ann", campaigns.OrderExpired)
		has("acc_bob", campaigns.OrderReserved)
		time.Sleep(campaigns.OfferWindow - time.Second)
		has("acc_bob", campaigns.OrderReserved)
		time.Sleep(time.Second)
		has("acc_bob", campaigns.OrderExpired)
		has("acc_carol", campaigns.OrderReserved)
		s.reserved(1)
		must(t, b.Stop(ctx))
	})
}
