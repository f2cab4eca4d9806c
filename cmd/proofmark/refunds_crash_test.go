package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

// A campaign fails, and the service is killed again and again while it takes in
// what the provider tells and gives everything back: in the end each backer has his
// money once, by our books and by the provider's.
func TestKilledInMidRefundNobodyIsRefundedTwiceOrNever(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		n := serve(t)
		refundUnderFire(t, n, "sqlite:"+n.data+"/proofmark.db")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.URL(t)
		refundUnderFire(t, serve(t, "--database", url), url)
	})
}

func refundUnderFire(t *testing.T, n *node, database string) {
	t.Helper()
	const orders = 300
	db, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	campaign := failing(t, n, db)
	book := campaigns.NewBook(campaigns.Options{Store: db.Campaigns()})
	defer func() { _ = book.Stop(context.Background()) }()
	psp := providerOf(t, n)
	ops := make([]campaigns.Op, orders)
	for i := range ops {
		ops[i] = &campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: campaign, Backer: fmt.Sprint("acc_", i), Key: "k", Units: 1}}
	}
	reserved, err := book.DoAll(t.Context(), ops)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range reserved {
		if a.Err != nil {
			t.Fatal(a.Err)
		}
		n.call("POST", "/api/v1/orders/"+a.Order.ID+"/pay", nil, nil)
	}
	// Paid at the provider; while its events come in, the service is killed.
	for _, a := range reserved {
		attempts, err := db.Payments().PaymentsOfOrder(t.Context(), a.Order.ID)
		if err != nil || len(attempts) != 1 {
			t.Fatalf("attempts %+v, %v", attempts, err)
		}
		psp.call(t, n, "POST", "/orders/"+attempts[0].ProviderRef+"/pay", `{"attempt":"1","method":"upi","instrument":"success@test"}`, nil)
	}
	kill := func() {
		<-time.After(time.Duration(rand.IntN(300)) * time.Millisecond) // the random moment
		n.kill()
		n.start()
	}
	progress := func() campaigns.RefundProgress {
		pay := campaigns.NewPayments(campaigns.PaymentsOptions{Store: db.Payments(), Book: book})
		p, err := pay.RefundProgress(t.Context(), campaign)
		if err != nil && !errors.Is(err, registry.ErrUnavailable) {
			t.Fatal(err)
		}
		return p
	}
	kills := crashes(t)
	for range kills / 2 {
		kill()
	}
	until(t, "all are paid", func() bool {
		c, err := db.Campaigns().Counter(t.Context(), campaign)
		return err == nil && c.Paid == orders
	})
	if _, err := db.Campaigns().ChangeCampaign(t.Context(), campaign, time.Now, func(c *campaigns.Campaign, _ campaigns.Counter, _ time.Time) (*campaigns.Change, error) {
		c.State = campaigns.CampaignFailed
		return &campaigns.Change{Due: []campaigns.Due{{Kind: campaigns.JobGiveBack, At: time.Now()}}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	for range kills - kills/2 {
		kill()
	}
	until(t, "all is given back", func() bool {
		p := progress()
		return p.Done == orders && p.Refunds == orders
	})
	var held simulator.Balance
	if psp.call(t, n, "GET", "/balance", "", &held); held.Available != 0 || held.Pending+held.Settled != 0 {
		t.Errorf("the provider holds %+v, want nothing: somebody was refunded twice or never", held)
	}
	if audited, err := campaigns.AuditAll(t.Context(), db.Campaigns()); err != nil || audited == 0 {
		t.Errorf("audited %d campaigns: %v", audited, err)
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

// failing is a live campaign that will miss its target.
func failing(t *testing.T, n *node, db *store.DB) string {
	t.Helper()
	now := time.Now()
	c, err := db.Campaigns().CreateCampaign(t.Context(), campaigns.Campaign{
		ID: id.New("cmp"), Org: "org_1", Author: "acc_1", ProductID: n.product("air-purifier"), Model: "aurora-pure1", Title: "Pure",
		Price: 499_900, Currency: "INR", TargetUnits: 10_000, OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(time.Hour),
		Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 90}, State: campaigns.CampaignLive, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// provider is the payment simulator of a node, as its operator calls it.
type provider struct{ keys simulator.Keys }

func providerOf(t *testing.T, n *node) provider {
	t.Helper()
	var p provider
	b, err := os.ReadFile(filepath.Join(n.data, "psp.json"))
	if err == nil {
		err = json.Unmarshal(b, &p.keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p provider) call(t *testing.T, n *node, method, path, body string, out any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+n.http+"/psp/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(p.keys.ID, p.keys.Secret)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s, %v: %s", method, path, resp.Status, err, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	}
}
