package api_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

// watcher reads the events of a stream.
type watcher struct {
	*house
	lines *bufio.Scanner
}

func (h *house) watch(campaign string) *watcher {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodGet, h.url+"/api/v1/campaigns/"+campaign+"/progress/stream", nil)
	if err != nil {
		h.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		h.Fatalf("stream: %s, %v", answer.Status, answer.Header)
	}
	return &watcher{h, bufio.NewScanner(answer.Body)}
}

// until reads on to the first event that is as wanted.
func (w *watcher) until(want func(api.CampaignProgress) bool) api.CampaignProgress {
	w.Helper()
	for w.lines.Scan() {
		if data, ok := strings.CutPrefix(w.lines.Text(), "data: "); ok {
			var p api.CampaignProgress
			if err := json.Unmarshal([]byte(data), &p); err != nil {
				w.Fatalf("%s: %v", data, err)
			}
			if want(p) {
				return p
			}
		}
	}
	w.Fatalf("the stream ended: %v", w.lines.Err())
	return api.CampaignProgress{}
}

// pay has a provider capture an order.
func (h *house) pay(o api.Order) {
	h.Helper()
	pay := campaigns.Payment{
		ID: id.New("pat"), OrderID: o.ID, Campaign: o.Campaign, Backer: "acc_1", Provider: "simulator", Amount: o.Amount, Currency: "INR",
		State: campaigns.PaymentCreated, CreatedAt: time.Now(), ChangedAt: time.Now(),
	}
	if err := h.db.Campaigns().CreatePayment(h.Context(), pay); err != nil {
		h.Fatal(err)
	}
	if _, err := h.book.Do(h.Context(), &campaigns.Capture{
		Campaign: o.Campaign, OrderID: o.ID, Payment: pay.ID, Provider: "simulator", SpareID: id.New("pat"), RefundID: id.New("rfd"),
		Captured: campaigns.ProviderPayment{Ref: "pay_" + o.ID, Amount: o.Amount, Currency: "INR", State: campaigns.PaymentCaptured},
	}); err != nil {
		h.Fatal(err)
	}
}

func TestProgressIsTrueAfterEveryCommit(t *testing.T) {
	h := build(t)
	campaign := h.campaign(4)
	path := "/api/v1/campaigns/" + campaign + "/progress"
	first := h.call("GET", path, nil, nobody...)
	p := want[api.CampaignProgress](h, first, http.StatusOK)
	if p.Percent != "0.0" || *p.Units.Stock != 4 || *p.Units.Left != 4 || p.State != "live" || time.Since(p.ServerTime) > time.Minute {
		t.Errorf("%+v", p)
	}
	if got := first.Header.Get("Cache-Control"); got != "public, max-age=1, stale-while-revalidate=5" {
		t.Errorf("Cache-Control %q", got)
	}
	tag := first.Header.Get("ETag")
	if again := h.call("GET", path, nil, "Authorization", "", "If-None-Match", `"x", `+tag); again.StatusCode != http.StatusNotModified || len(again.body) != 0 {
		t.Errorf("%s with %q: %s", tag, again.body, again.Status)
	}
	w := h.watch(campaign)
	w.until(func(p api.CampaignProgress) bool { return p.Units.Reserved == 0 })
	token, _ := h.token(auth.ScopeApp)
	o := want[api.Order](h, h.call("POST", "/api/v1/campaigns/"+campaign+"/orders", object{"units": 2}, "Authorization", "Bearer "+token, "Idempotency-Key", "k"), 201)
	w.until(func(p api.CampaignProgress) bool { return p.Units.Reserved == 2 && *p.Units.Left == 2 })
	h.pay(o)
	seen := w.until(func(p api.CampaignProgress) bool { return p.Units.Paid == 2 })
	if seen.Percent != "200.0" || seen.Value != 200 || seen.Backers != 1 { // the target is one unit
		t.Errorf("%+v", seen)
	}
	changed := h.call("GET", path, nil, "Authorization", "", "If-None-Match", tag)
	if p := want[api.CampaignProgress](h, changed, http.StatusOK); p.Units.Paid != 2 || changed.Header.Get("ETag") == tag {
		t.Errorf("%+v under %s", p, tag)
	}
	for _, unknown := range []string{"cmp_none", "..", "%2e%2e"} {
		if r := h.call("GET", "/api/v1/campaigns/"+unknown+"/progress", nil, nobody...); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", unknown, r.Status)
		}
	}
	h.problem(h.call("GET", "/api/v1/campaigns/cmp_none/progress/stream", nil, nobody...), http.StatusNotFound, "not-found")
	h.problem(h.call("POST", path, object{}, nobody...), http.StatusMethodNotAllowed, "method-not-allowed")
}
