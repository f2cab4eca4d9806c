package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

// campaign opens one with a stock, at ₹4,999 a unit, at most 3 for each.
func (h *house) campaign(stock int64) string {
	h.Helper()
	now := time.Now()
	p, err := h.registry.ProductByModel(h.Context(), "aurora-pure1")
	if err != nil {
		p.ID = h.product("air-purifier")
	}
	c, err := h.db.Campaigns().CreateCampaign(h.Context(), campaigns.Campaign{
		ID: id.New("cmp"), Org: "org_1", Author: "acc_1", ProductID: p.ID, Title: "Pure", Price: 499_900, Currency: "INR",
		TargetUnits: 1, StockLimit: stock, PerBackerLimit: 3, OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(time.Hour),
		Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 90}, State: campaigns.CampaignLive, CreatedAt: now, UpdatedAt: now, PublishedAt: now,
	})
	if err != nil {
		h.Fatal(err)
	}
	return c.ID
}

func TestOrderingAUnit(t *testing.T) {
	h := build(t)
	campaign := h.campaign(4)
	path := "/api/v1/campaigns/" + campaign + "/orders"
	ann, _ := h.token(auth.ScopeApp)
	bob, _ := h.token(auth.ScopeApp)
	as := func(token, key string) []string {
		return []string{"Authorization", "Bearer " + token, "Idempotency-Key", key}
	}
	first := h.call("POST", path, object{"units": 2, "price": 499_900}, as(ann, "k1")...)
	o := want[api.Order](h, first, http.StatusCreated)
	if o.State != "reserved" || o.Amount != 999_800 || o.Currency != "INR" || time.Until(o.PayUntil) < 14*time.Minute {
		t.Errorf("order %+v", o)
	}
	again := h.call("POST", path, object{"units": 2}, as(ann, "k1")...)
	if same := want[api.Order](h, again, http.StatusOK); same.ID != o.ID {
		t.Errorf("the same key made %s beside %s", same.ID, o.ID)
	}
	for _, c := range []struct {
		name   string
		body   any
		header []string
		status int
		kind   string
	}{
		{"another order under the same key", object{"units": 1}, as(ann, "k1"), 422, "key-reused"},
		{"no key", object{"units": 1}, as(ann, ""), 422, "invalid"},
		{"a key that the waiting list makes", object{"units": 1}, as(ann, "wtg_1"), 422, "invalid"},
		{"no units", object{}, as(ann, "k2"), 422, "invalid"},
		{"an old price", object{"units": 1, "price": 1}, as(ann, "k2"), 422, "invalid"},
		{"no such variant", object{"units": 1, "variant": "var_1"}, as(ann, "k2"), 422, "invalid"},
		{"no JSON", "units=1", as(ann, "k2"), 400, "unreadable"},
		{"an unknown member", object{"units": 1, "discount": 100}, as(ann, "k2"), 400, "unreadable"},
		{"two orders in one body", `{"units":1}{"units":1}`, as(ann, "k2"), 400, "unreadable"},
		{"a long body", `{"units":1,"variant":"` + strings.Repeat("x", 2000) + `"}`, as(ann, "k2"), 413, "too-large"},
		{"more than one may have", object{"units": 2}, as(ann, "k2"), 409, "limit"},
		{"more than there is", object{"units": 3}, as(bob, "k1"), 409, "sold-out"},
		{"nobody", object{"units": 1}, []string{"Authorization", ""}, 401, "unauthorized"},
		{"a reviewer's token", object{"units": 1}, as(first2(h.token(auth.ScopeReviewer)), "k"), 403, "forbidden"},
	} {
		t.Run(c.name, func(t *testing.T) { h.problem(h.call("POST", path, c.body, c.header...), c.status, c.kind) })
	}
	h.problem(h.call("POST", "/api/v1/campaigns/cmp_none/orders", object{"units": 1}, as(ann, "k9")...), 404, "not-found")
	h.problem(h.call("GET", "/api/v1/orders/"+o.ID, nil, as(bob, "")...), 404, "not-found")
	got := want[api.Order](h, h.call("GET", "/api/v1/orders/"+o.ID, nil, as(ann, "")...), 200)
	list := want[struct{ Orders []api.Order }](h, h.call("GET", "/api/v1/orders", nil, as(ann, "")...), 200)
	if got != o || len(list.Orders) != 1 || list.Orders[0] != o {
		t.Errorf("order %+v, list %+v; want %+v", got, list, o)
	}
}

func first2(token, _ string) string { return token }

func TestCancellingAndWaiting(t *testing.T) {
	h := build(t)
	campaign := h.campaign(1)
	path := "/api/v1/campaigns/" + campaign
	_, ann := h.person("ann@example.org")
	_, bob := h.person("bob@example.org")
	with := func(header []string, key string) []string { return append([]string{"Idempotency-Key", key}, header...) }
	o := want[api.Order](h, h.call("POST", path+"/orders", object{"units": 1}, with(ann, "k")...), 201)
	h.problem(h.call("POST", path+"/orders", object{"units": 1}, with(bob, "k")...), 409, "sold-out")
	w := want[api.Waiting](h, h.call("POST", path+"/waiting", object{"units": 1}, bob...), 200)
	if w.State != "waits" || w.Ahead != 0 {
		t.Errorf("entry %+v", w)
	}
	h.problem(h.call("POST", "/api/v1/orders/"+o.ID+"/cancel", object{}, bob...), 404, "not-found")
	type cancelled struct {
		Order  api.Order
		Refund *api.Refund
	}
	c := want[cancelled](h, h.call("POST", "/api/v1/orders/"+o.ID+"/cancel", object{"reason": "changed my mind"}, with(ann, "c1")...), 200)
	if c.Order.State != "cancelled" || c.Refund != nil {
		t.Errorf("cancelled %+v", c)
	}
	again := want[cancelled](h, h.call("POST", "/api/v1/orders/"+o.ID+"/cancel", object{}, with(ann, "c1")...), 200)
	if again.Order != c.Order {
		t.Errorf("cancelled again: %+v", again)
	}
	entries := want[[]api.Waiting](h, h.call("GET", path+"/waiting", nil, bob...), 200)
	if len(entries) != 1 || entries[0].State != "offered" {
		t.Fatalf("entries %+v", entries)
	}
	offer := want[api.Order](h, h.call("GET", "/api/v1/orders/"+entries[0].Order, nil, bob...), 200)
	if offer.Entry != w.ID || offer.State != "reserved" {
		t.Errorf("offer %+v", offer)
	}
	mine := want[api.Waiting](h, h.call("POST", path+"/waiting", object{"units": 1}, ann...), 200)
	want[object](h, h.call("DELETE", path+"/waiting/"+mine.ID, nil, ann...), 204)
	h.problem(h.call("DELETE", path+"/waiting/"+mine.ID, nil, bob...), 404, "not-found")

	// What only operators see.
	transfers := want[[]api.Transfer](h, h.call("GET", "/api/v1/ledger/transfers?subject="+o.ID, nil), 200)
	if len(transfers) != 2 || transfers[0].Event != o.ID+"/reserved" {
		t.Errorf("transfers %+v", transfers)
	}
	balances := want[[]api.Balance](h, h.call("GET", path+"/balances", nil), 200)
	if len(balances) != 2 || balances[1].Account != "pledges" || balances[1].Amount != 499_900 {
		t.Errorf("balances %+v", balances)
	}
	h.problem(h.call("GET", path+"/balances", nil, ann...), 403, "forbidden")
	h.problem(h.call("GET", path+"/payout", nil, ann...), 404, "not-found")
	if p := want[api.Payout](h, h.call("GET", path+"/payout", nil), 200); p != (api.Payout{}) {
		t.Errorf("payout %+v", p)
	}
}

// full is a store that is at work on a batch until it is let go.
type full struct {
	campaigns.Store
	at, release chan struct{}
}

func (f *full) Apply(ctx context.Context, ops []campaigns.Op, now func() time.Time) (campaigns.Applied, error) {
	select {
	case f.at <- struct{}{}:
	default:
	}
	<-f.release
	return f.Store.Apply(ctx, ops, now)
}

func TestAnOverloadIsSaidSo(t *testing.T) {
	var store *full
	h := build(t, func(c *api.Config) {
		store = &full{c.Campaigns, make(chan struct{}, 1), make(chan struct{})}
		c.Book = campaigns.NewBook(campaigns.Options{Store: store, QueueLimit: 1})
		t.Cleanup(func() { _ = c.Book.Stop(context.Background()) })
	})
	campaign := h.campaign(0)
	path := "/api/v1/campaigns/" + campaign + "/orders"
	token, _ := h.token(auth.ScopeApp)
	order := func(key string) reply {
		return h.call("POST", path, object{"units": 1}, "Authorization", "Bearer "+token, "Idempotency-Key", key)
	}
	answers := make(chan reply, 2)
	go func() { answers <- order("a") }()
	<-store.at
	// One is at work, one waits; of two more at least one is refused.
	go func() { answers <- order("b") }()
	var refused reply
	for refused.Response == nil {
		done := make(chan reply, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- order("c") }()
		select {
		case refused = <-done:
		case <-ctx.Done():
		}
		cancel()
	}
	h.problem(refused, 503, "unavailable")
	if refused.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(store.release)
	for range 2 {
		if r := <-answers; r.StatusCode != http.StatusCreated && r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("answer %s: %s", r.Status, r.body)
		}
	}
	if _, err := campaigns.AuditAll(t.Context(), h.db.Campaigns()); err != nil {
		t.Error(err)
	}
}

func FuzzParseOrder(f *testing.F) {
	for _, s := range []string{`{"units":1}`, `{"units":1,"variant":"var_1","price":499900}`, `{"units":1e3}`, `[]`, `{"units":1}x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := api.ParseOrder(body)
		var p *api.Problem
		if err != nil && !errors.As(err, &p) && !errors.Is(err, campaigns.ErrBadOrder) {
			t.Errorf("%q: %v is no problem", body, err)
		}
		if err == nil && len(o.Variant) > 100 {
			t.Errorf("%q: a variant of %d bytes", body, len(o.Variant))
		}
	})
}
