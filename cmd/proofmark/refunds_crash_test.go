package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/bench/orders"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

// While buyers order, pay and cancel, the service, and by turns its PostgreSQL, ends
// without a goodbye at random moments; then the campaign is cancelled, and it goes on
// ending while everybody is given back. The payment provider outlives all of it. In
// the end each backer has his money back, once, by our books and by the provider's.
func TestPaymentsAndRefundsSurviveKillsAtRandomMoments(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := openStall(t, prepare(t), "")
		s.underFire(func(int) {
			s.kill()
			s.start()
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pg := pgtest.Cluster(t)
		s := openStall(t, prepare(t, "--database", pg.URL()), pg.URL())
		s.underFire(func(i int) {
			if i%2 == 0 {
				pg.Kill()
				pg.Start()
				return
			}
			s.kill()
			s.start()
		})
	})
}

// stall is a service with buyers, and a payment provider in the test's own process.
type stall struct {
	*node
	database string
	db       *store.DB
	shop     *orders.Shop
	psp      *simulator.PSP

	refunds atomic.Int64 // that the provider was asked for
	broken  atomic.Int64 // requests without an answer
	mu      sync.Mutex
	told    map[string]string // order → what its buyer was told of it last
}

// What a buyer was told.
const (
	toldOrdered   = "ordered"
	toldPaying    = "paying" // has its pay page
	toldCancelled = "cancelled"
)

func openStall(t *testing.T, n *node, database string) *stall {
	t.Helper()
	s := &stall{node: n, told: map[string]string{}}
	var err error
	s.psp, err = simulator.Open(simulator.Options{File: filepath.Join(t.TempDir(), "psp.db"), ProcessRefund: 20 * time.Millisecond, Faults: simulator.Faults{
		Seed: rand.Uint64(), Slow: 1, SlowBy: simulator.Duration(30 * time.Millisecond), Hits: 1 << 30,
		Repeat: 0.2, Reverse: 0.3, Forge: 0.1, Late: 0.2, LateBy: simulator.Duration(300 * time.Millisecond),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.psp.Close() })
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/refunds") {
			s.refunds.Add(1)
		}
		s.psp.ServeHTTP(w, r)
	}))
	t.Cleanup(at.Close)
	keys := s.psp.Keys()
	secret := func(name, text string) string {
		file := filepath.Join(n.data, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	n.args = append(n.args, "--payments-url", at.URL+"/psp", "--payments-key-id", keys.ID,
		"--payments-secret-file", secret("psp.secret", keys.Secret), "--payments-webhook-secret-file", secret("psp.webhook", keys.Webhook))
	n.start()
	s.psp.SetWebhook("http://"+n.http+"/api/v1/payments/simulator/events", nil)
	if database == "" {
		database = "sqlite:" + filepath.Join(n.data, "proofmark.db")
	}
	s.database = database
	if s.db, err = store.Open(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	if s.shop, err = orders.Open(t.Context(), database, n.data, stallBuyers, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.shop.Close() })
	return s
}

const stallBuyers = 6

func (s *stall) tell(order, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[order] = what
}

// buy orders and pays until ctx ends; what was not answered is asked again with the
// same key, as a good client does. Every seventh order is cancelled.
func (s *stall) buy(ctx context.Context, buyer int) {
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("stall-%d-%d", buyer, n)
		var order struct{ ID string }
		if !s.insist(ctx, buyer, "/api/v1/campaigns/"+s.shop.Campaign+"/orders", key, `{"units":1}`, &order) {
			return
		}
		s.tell(order.ID, toldOrdered)
		var paying struct{ Payment struct{ ID string } }
		if !s.insist(ctx, buyer, "/api/v1/orders/"+order.ID+"/pay", "", "", &paying) {
			return
		}
		s.tell(order.ID, toldPaying)
		if n%7 == 6 {
			if !s.insist(ctx, buyer, "/api/v1/orders/"+order.ID+"/cancel", key, `{}`, nil) {
				return
			}
			s.tell(order.ID, toldCancelled)
			continue
		}
		for ctx.Err() == nil { // the provider's name of it is in the page's form; the test reads it where it is kept
			p, err := s.db.Payments().Payment(ctx, paying.Payment.ID)
			if err == nil && p.ProviderRef != "" {
				_, err = s.psp.Pay(ctx, p.ProviderRef, "1", campaigns.MethodUPI, "success@test")
			}
			if err == nil {
				break
			}
			s.pause(ctx)
		}
	}
}

// pause is how long a client waits for a server that is gone.
func (s *stall) pause(ctx context.Context) {
	select {
	case <-time.After(20 * time.Millisecond):
	case <-ctx.Done():
	}
}

// insist asks until there is an answer; false when ctx ended first.
func (s *stall) insist(ctx context.Context, buyer int, path, key, body string, out any) bool {
	for ctx.Err() == nil {
		status, answer, err := s.ask(ctx, buyer, path, key, body)
		switch {
		case err != nil:
			s.broken.Add(1)
		case status/100 == 2:
			return out == nil || json.Unmarshal(answer, out) == nil
		case status/100 == 4 && status != http.StatusTooManyRequests && status != http.StatusConflict:
			s.t.Errorf("%s: %d: %s", path, status, answer)
			return false
		}
		s.pause(ctx)
	}
	return false
}

func (s *stall) ask(ctx context.Context, buyer int, path, key, body string) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.http+path, bytes.NewBufferString(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.shop.Tokens[buyer])
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// patiently repeats a look at the database while it is away.
func patiently[V any](t *testing.T, look func() (V, error)) V {
	t.Helper()
	v, err := look()
	for range 100 {
		if !errors.Is(err, registry.ErrUnavailable) {
			break
		}
		<-time.After(100 * time.Millisecond)
		v, err = look()
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sums are the refunds by their state, and what of the campaign is paid for.
func (s *stall) sums() (done, all int64) {
	s.t.Helper()
	sums := patiently(s.t, func() ([]campaigns.RefundsIn, error) {
		sums, _, err := s.db.Payments().RefundSums(s.t.Context(), s.shop.Campaign)
		return sums, err
	})
	for _, sum := range sums {
		if all += sum.Count; sum.State == campaigns.RefundProcessed {
			done += sum.Count
		}
	}
	return done, all
}

func (s *stall) counter() campaigns.Counter {
	s.t.Helper()
	return patiently(s.t, func() (campaigns.Counter, error) { return s.db.Campaigns().Counter(s.t.Context(), s.shop.Campaign) })
}

// underFire lets end end the service again and again, half of the times while buyers
// pay, half while everybody is refunded.
func (s *stall) underFire(end func(i int)) {
	t := s.t
	t.Helper()
	kills := max(crashes(t)/2, 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var buyers sync.WaitGroup
	defer buyers.Wait()
	defer stop()
	for i := range stallBuyers {
		buyers.Go(func() { s.buy(ctx, i) })
	}
	for i := range kills / 2 {
		s.atRandom(i, func() int64 { return s.counter().Paid })
		end(i)
		s.check(i)
	}
	until(t, "something was paid after the last kill", func() bool { return s.counter().Paid > 0 })
	stop()
	buyers.Wait()
	s.cancelled()
	for i := kills / 2; i < kills; i++ {
		s.atRandom(i, s.refunds.Load)
		end(i)
		s.check(i)
	}
	s.settled()
}

// atRandom waits for a random moment: every other time not before something was done
// since the service is back, for until then another process may have had the lead.
func (s *stall) atRandom(i int, progress func() int64) {
	s.t.Helper()
	if i%2 == 1 {
		before := progress()
		until(s.t, "the service works again", func() bool {
			done, all := s.sums()
			return progress() > before || all > 0 && done == all
		})
	}
	<-time.After(time.Duration(rand.IntN(400)) * time.Millisecond)
}

// cancelled has the campaign cancelled, with whatever is reserved or under way.
func (s *stall) cancelled() {
	s.t.Helper()
	patiently(s.t, func() (campaigns.Campaign, error) {
		return s.db.Campaigns().ChangeCampaign(s.t.Context(), s.shop.Campaign, time.Now, func(c *campaigns.Campaign, _ campaigns.Counter, at time.Time) (*campaigns.Change, error) {
			c.State, c.Reason, c.DecidedAt = campaigns.CampaignCancelled, "its certificate was revoked", at
			return &campaigns.Change{Due: []campaigns.Due{{Kind: campaigns.JobGiveBack, At: at}}}, nil
		})
	})
}

// check wants the books to agree, and nothing that was acknowledged to be missing.
func (s *stall) check(kill int) {
	s.t.Helper()
	patiently(s.t, func() (int, error) { return campaigns.AuditAll(s.t.Context(), s.db.Campaigns()) })
	s.mu.Lock()
	told := make(map[string]string, len(s.told))
	for order, what := range s.told {
		told[order] = what
	}
	s.mu.Unlock()
	stored := patiently(s.t, func() (map[string]campaigns.Order, error) {
		stored := map[string]campaigns.Order{}
		err := s.db.Campaigns().EachOrder(s.t.Context(), s.shop.Campaign, func(o campaigns.Order) { stored[o.ID] = o })
		return stored, err
	})
	for order, what := range told {
		o, known := stored[order]
		if !known {
			s.t.Fatalf("after kill %d: order %s was acknowledged (%s) and is gone", kill, order, what)
		}
		if live := o.State == campaigns.OrderReserved || o.State == campaigns.OrderPaid; what == toldCancelled && live {
			s.t.Fatalf("after kill %d: order %s was acknowledged as cancelled and is %s", kill, order, o.State)
		}
	}
}

// settled wants everybody to have been given back, once.
func (s *stall) settled() {
	t := s.t
	t.Helper()
	until(t, "all is given back", func() bool {
		// What the service was not there to hear is sent again, later and later: by the
		// provider's clock it is later now.
		if err := s.psp.Advance(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		done, all := s.sums()
		b := s.psp.Balance()
		return all > 0 && done == all && b.Pending+b.Settled == 0 && s.psp.Waiting() == 0
	})
	s.check(-1)
	var paid, refunded int
	patiently(t, func() (int, error) {
		paid, refunded = 0, 0
		err := s.db.Campaigns().EachOrder(t.Context(), s.shop.Campaign, func(o campaigns.Order) {
			if !o.PaidAt.IsZero() {
				paid++
			}
			switch o.State {
			case campaigns.OrderRefunded:
				refunded++
			case campaigns.OrderCancelled, campaigns.OrderExpired:
			default:
				t.Errorf("order %s is %s in the end", o.ID, o.State)
			}
		})
		return 0, err
	})
	if refunded != paid || paid == 0 {
		t.Errorf("%d orders were paid and %d refunded", paid, refunded)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for order, what := range s.told {
		if what != toldPaying {
			continue
		}
		// Each payment at the provider went back as a whole: it takes no more than was
		// captured, and has nothing left. Each that was captured is known to us.
		attempts := patiently(t, func() ([]campaigns.Payment, error) { return s.db.Payments().PaymentsOfOrder(t.Context(), order) })
		if len(attempts) != 1 || attempts[0].ProviderRef == "" {
			t.Fatalf("order %s had its pay page and has the attempts %+v", order, attempts)
		}
		there, err := s.psp.Client().Fetch(t.Context(), attempts[0].ProviderRef)
		if err != nil {
			t.Fatal(err)
		}
		if _, captured := there.Captured(); captured != (attempts[0].State == campaigns.PaymentCaptured) {
			t.Errorf("payment %s is %s here, and captured at the provider: %v", attempts[0].ID, attempts[0].State, captured)
		}
	}
	if out, err := exec.Command(binary, "admin", "--database", s.database, "audit").CombinedOutput(); err != nil || !strings.Contains(string(out), "ok  ledger") {
		t.Errorf("proofmark admin audit: %v\n%s", err, out)
	}
	t.Logf("%d orders acknowledged, %d paid, %d refunds asked for at the provider, %d requests broken", len(s.told), paid, s.refunds.Load(), s.broken.Load())
	if s.broken.Load() == 0 {
		t.Error("no request was broken by any kill")
	}
}

// until waits for something that another process does.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 600 {
		if so() {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	t.Fatalf("not in a minute: %s", what)
}
