package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/web"
)

// oneCampaign is a store with one campaign whose title is hostile.
type oneCampaign struct{ campaigns.DeskStore }

func (oneCampaign) Campaign(_ context.Context, id string) (campaigns.Campaign, error) {
	if id != "cmp_1" {
		return campaigns.Campaign{}, registry.ErrNotFound
	}
	return campaigns.Campaign{ID: id, Title: `<script>alert(1)</script>"'`, State: campaigns.CampaignLive, TargetUnits: 10, PublishedAt: time.Now()}, nil
}

func (oneCampaign) Counter(context.Context, string) (campaigns.Counter, error) {
	return campaigns.Counter{Paid: 12, Backers: 7}, nil
}

func TestWhatOtherSitesShowOfACampaign(t *testing.T) {
	site, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	board := campaigns.NewBoard(campaigns.BoardOptions{Store: oneCampaign{}, Encode: func(campaigns.Progress, time.Time) []byte { return []byte("{}") }})
	r := chi.NewRouter()
	web.NewWidgets(site, board, campaigns.NewDesk(campaigns.DeskOptions{Store: oneCampaign{}}), "https://proofmark.example").Mount(r)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	frame := get("/campaigns/cmp_1/widget")
	body := frame.Body.String()
	if frame.Code != 200 || !strings.Contains(body, "120.0 %") || !strings.Contains(body, ">7<") || strings.Contains(body, "<script>alert") {
		t.Errorf("%d: %s", frame.Code, body)
	}
	if p := frame.Header().Get("Content-Security-Policy"); !strings.HasSuffix(p, "frame-ancestors *") || strings.Contains(p, "unsafe") {
		t.Errorf("policy %q", p)
	}
	badge := get("/api/v1/campaigns/cmp_1/progress.svg")
	if badge.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(badge.Body.String(), "120.0 %") {
		t.Errorf("badge %d: %s", badge.Code, badge.Body)
	}
	for _, path := range []string{"/campaigns/cmp_2/widget", "/api/v1/campaigns/cmp_2/progress.svg"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
