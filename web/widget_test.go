package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

func TestWhatOtherSitesShowOfACampaign(t *testing.T) {
	x := openFair(t)
	now := x.clock()
	campaign := func(title string, published time.Time) campaigns.Campaign {
		c, err := x.db.Campaigns().CreateCampaign(t.Context(), campaigns.Campaign{
			ID: id.New("cmp"), Org: x.org.ID, Author: "acc_1", ProductID: x.product.ID, Title: title, Price: 499_900, Currency: "INR",
			TargetUnits: 10, PerBackerLimit: 6, OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(time.Hour),
			Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 90}, State: campaigns.CampaignLive, CreatedAt: now, UpdatedAt: now, PublishedAt: published,
		})
		must(t, err)
		return c
	}
	c, hidden := campaign(`<script>alert(1)</script>"'`, now), campaign("nobody may see it", time.Time{})
	for _, who := range []string{"ann@example.org", "bob@example.org"} {
		o := do(t, x.book, &campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: c.ID, Backer: x.person(who).ID, Key: "k", Units: 6, Price: c.Price}}).Order
		x.capture(x.book, o)
	}

	site, err := New(Options{})
	must(t, err)
	board := campaigns.NewBoard(campaigns.BoardOptions{Store: x.db.Campaigns(), Now: x.clock, Encode: func(campaigns.Progress, time.Time) []byte { return []byte("{}") }})
	r := chi.NewRouter()
	NewWidgets(site, board, x.desk, "https://proofmark.example").Mount(r)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	frame := get("/campaigns/" + c.ID + "/widget")
	body := frame.Body.String()
	if frame.Code != 200 || !strings.Contains(body, "120.0 %") || !strings.Contains(body, ">2<") || !strings.Contains(body, "&lt;script&gt;alert") || strings.Contains(body, "<script>alert") {
		t.Errorf("%d: %s", frame.Code, body)
	}
	if p := frame.Header().Get("Content-Security-Policy"); !strings.HasSuffix(p, "frame-ancestors *") || strings.Contains(p, "unsafe") {
		t.Errorf("policy %q", p)
	}
	badge := get("/api/v1/campaigns/" + c.ID + "/progress.svg")
	if badge.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(badge.Body.String(), "120.0 %") {
		t.Errorf("badge %d: %s", badge.Code, badge.Body)
	}
	for _, absent := range []string{"cmp_none", hidden.ID} {
		for _, path := range []string{"/campaigns/" + absent + "/widget", "/api/v1/campaigns/" + absent + "/progress.svg"} {
			if w := get(path); w.Code != http.StatusNotFound {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
	}
}
