package web

import (
	"bytes"
	"html"
	"image/png"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// market is the shop over a real store and the simulated provider, with a live
// campaign whose every text is hostile.
type market struct {
	*house
	campaign campaigns.Campaign
	psp      *simulator.PSP
	book     *campaigns.Book
	desk     *campaigns.Desk
	ships    *campaigns.Fulfilment
	blobs    blob.Store
}

func openMarket(t testing.TB) *market {
	t.Helper()
	m := &market{}
	m.house = openHouse(t, func(h *house) Section {
		psp, err := simulator.Open(simulator.Options{File: filepath.Join(t.TempDir(), "psp.db"), Path: "/psp", Merchant: "Proofmark"})
		must(t, err)
		t.Cleanup(func() { _ = psp.Close() })
		m.psp = psp
		book := campaigns.NewBook(campaigns.Options{Store: h.db.Campaigns(), Now: h.clock})
		t.Cleanup(func() { _ = book.Stop(t.Context()) })
		m.book = book
		pay := campaigns.NewPayments(campaigns.PaymentsOptions{
			Store: h.db.Payments(), Book: book, Providers: []campaigns.Provider{psp.Client()}, Now: h.clock,
			ReturnURL: func(order string) string { return "http://shop.example/return?order=" + order }, Log: slog.New(slog.DiscardHandler),
		})
		desk := campaigns.NewDesk(campaigns.DeskOptions{Store: h.db.Campaigns(), Gate: certification.NewGate(h.db.Programme(), h.clock), Now: h.clock})
		m.desk = desk
		m.ships = campaigns.NewFulfilment(campaigns.FulfilmentOptions{Store: h.db.Fulfilment(), Book: book, Now: h.clock})
		blobs, err := blob.OpenFolder(filepath.Join(t.TempDir(), "blobs"))
		must(t, err)
		m.blobs = blobs
		return NewShop(ShopOptions{
			Site: newSite(t), Desk: desk, Book: book, Payments: pay, Fulfil: m.ships, Store: h.db.Campaigns(), Certificates: h.db.Programme(), Blobs: blobs, URL: "http://shop.example",
		})
	})
	maker := m.person("maya@example.com")
	o, err := m.auth.CreateOrg(t.Context(), auth.Actor{Account: maker.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Aurora " + script, Country: "IN"})
	must(t, err)
	now := m.clock()
	product, _, err := registry.New(registry.Options{Store: m.db.Registry(), Bus: bus.NewLocal(bus.Options{})}).CreateProduct(t.Context(), "Pure", miot.Sample("air-purifier"))
	must(t, err)
	m.campaign, err = m.db.Campaigns().CreateCampaign(t.Context(), campaigns.Campaign{
		ID: id.New("cmp"), Org: o.ID, Author: maker.ID, ProductID: product.ID, Model: product.Model, Regions: []string{"IN"}, Title: "Pure " + script, Category: "air",
		Page: campaigns.Page{
			Tagline: script, Story: script + "\n\n[x](javascript:alert(1)) ![y](https://evil.example/y.png)\n\n# head", Risks: script,
			FAQ: []campaigns.Question{{Ask: script, Answer: script}},
		},
		Price: 649900, RetailPrice: 899900, Currency: "INR", TargetUnits: 2, StockLimit: 3, PerBackerLimit: 2,
		OpensAt: now.Add(-time.Hour), ClosesAt: now.Add(24 * time.Hour), Ship: campaigns.ShipPromise{Kind: campaigns.ShipAfterSuccess, Days: 90},
		State: campaigns.CampaignLive, PublishedAt: now.Add(-2 * time.Hour), Version: 1, TextVersion: 1, CreatedAt: now, UpdatedAt: now,
	})
	must(t, err)
	return m
}

// plainText checks that nothing of what people wrote became HTML.
func (a answer) plainText(t testing.TB) {
	t.Helper()
	for _, bad := range []string{`<script>alert`, `javascript:alert`, `src="https://evil`} {
		if strings.Contains(a.body, bad) {
			t.Errorf("%s holds %s", a.Request.URL, bad)
		}
	}
	if n := strings.Count(a.body, "<h1"); n != 1 {
		t.Errorf("%s has %d first headings", a.Request.URL, n)
	}
}

func TestABackersOrder(t *testing.T) {
	m := openMarket(t)
	m.person("asha@example.com")
	m.person("ravi@example.com")
	path := "/campaigns/" + m.campaign.ID
	b := m.browser()
	front := b.get("/")
	front.says(t, http.StatusOK, path, "₹6,499", html.EscapeString(script))
	front.plainText(t)
	b.get("/campaigns?q=nothing+like+it").says(t, http.StatusOK, m.say("front.none"))
	b.get("/campaigns?category=air&q="+"%3Cscript").says(t, http.StatusOK, path)
	page := b.get(path)
	page.says(t, http.StatusOK, "₹8,999", "0.0", `application/ld+json`, path+"/share.png")
	page.plainText(t)

	// Who is not logged in comes back to what was typed.
	b.send(path+"/orders", "form-key", "k1", "units", "2", "price", "649900").goes(t, "/log-in?next=%2Fcampaigns%2F"+m.campaign.ID)
	b.send("/log-in", "email", "asha@example.com", "password", password, "next", path).goes(t, path)
	b.get(path).says(t, http.StatusOK, `value="2"`, m.say("form.restored"))

	for field, bad := range map[string][]string{"units": {"0", "-1", "1.5", "many", "1001", ""}, "price": {"", "x"}} {
		for _, value := range bad {
			pairs := map[string]string{"units": "1", "price": "649900", "form-key": "bad" + value}
			pairs[field] = value
			w := b.send(path+"/orders", "units", pairs["units"], "price", pairs["price"], "form-key", pairs["form-key"])
			w.says(t, http.StatusUnprocessableEntity, `role="alert"`)
		}
	}
	b.send(path+"/orders", "form-key", "cheap", "units", "1", "price", "1").says(t, http.StatusUnprocessableEntity, `role="alert"`)
	b.send(path+"/orders", "form-key", "many", "units", "3", "price", "649900").says(t, http.StatusUnprocessableEntity, `id="units-error"`, `value="3"`)

	// Sent twice, and at once, it is one order.
	var both sync.WaitGroup
	places := make([]string, 2)
	for i := range places {
		both.Go(func() {
			places[i] = b.send(path+"/orders", "form-key", "k1", "units", "2", "price", "649900").Header.Get("Location")
		})
	}
	both.Wait()
	if places[0] != places[1] || !strings.HasPrefix(places[0], "/orders/ord_") {
		t.Fatalf("the order went to %q", places)
	}
	order := b.get(places[0])
	order.says(t, http.StatusOK, m.say("order-state.reserved"), "₹12,998", m.say("order.pay", "₹12,998"))
	order.plainText(t)
	if body := b.get(places[0] + "/state").body; body != "reserved" {
		t.Errorf("the state is %q", body)
	}
	w := b.send(places[0] + "/pay")
	if w.StatusCode != http.StatusSeeOther || !strings.HasPrefix(w.Header.Get("Location"), "/psp/") {
		t.Errorf("paying leads to %d %s", w.StatusCode, w.Header.Get("Location"))
	}
	b.get(places[0]).says(t, http.StatusOK, m.say("payment.created"))

	// Another's order is none of mine.
	other := m.browser()
	other.logIn("ravi@example.com")
	for _, path := range []string{places[0], places[0] + "/state", places[0] + "/receipts/x", places[0] + "/pay"} {
		other.get(path).says(t, http.StatusNotFound)
	}
	other.send(places[0]+"/cancel", "units", "1").says(t, http.StatusNotFound)
	b.get(places[0]+"/receipts/R1").says(t, http.StatusNotFound)

	// What is left is one; then others wait.
	other.send(path+"/orders", "form-key", "r1", "units", "1", "price", "649900")
	other.get(path).says(t, http.StatusOK, m.say("campaign.sold-out"))
	other.send(path+"/waiting", "units", "1").goes(t, path)
	waits := other.get(path)
	waits.says(t, http.StatusOK, m.say("campaign.your-place", "1", "0"), m.say("campaign.waits"))
	other.send(regexp.MustCompile(path+`/waiting/wtg_[^/]+/leave`).FindString(waits.body)).goes(t, path)

	// Cancelled before it is paid, once; a second try says so.
	b.send(places[0]+"/cancel", "units", "9", "form-key", "c0").says(t, http.StatusUnprocessableEntity, `id="cancel-units-error"`)
	b.send(places[0]+"/cancel", "units", "2", "form-key", "c1").goes(t, places[0])
	b.get(places[0]).says(t, http.StatusOK, m.say("order.cancelled"), m.say("order-state.cancelled"))
	b.send(places[0]+"/cancel", "units", "1", "form-key", "c2").says(t, http.StatusUnprocessableEntity, "can no longer be changed")
	list := b.get("/orders")
	list.says(t, http.StatusOK, m.say("order-state.cancelled"), html.EscapeString(script))
	list.plainText(t)

	// At the deadline there is nothing to order any more.
	m.later(25 * time.Hour)
	if body := b.get(path).body; strings.Contains(body, m.say("campaign.support")) {
		t.Error("a campaign past its deadline takes orders")
	}
	b.send(path+"/orders", "form-key", "late", "units", "1", "price", "649900").says(t, http.StatusUnprocessableEntity, "takes no orders")
}

func TestOpenOrdersKeepAnAccount(t *testing.T) {
	m := openMarket(t)
	m.person("asha@example.com")
	b := m.browser()
	b.logIn("asha@example.com")
	b.send("/campaigns/"+m.campaign.ID+"/orders", "form-key", "k1", "units", "1", "price", "649900")
	b.send("/account/farewell", "password", password, "sure", "yes").says(t, http.StatusUnprocessableEntity, m.say("farewell.open", 1))
	if body := b.get("/account/export.json").body; !strings.Contains(body, "ord_") {
		t.Errorf("the order is not in %s", body)
	}
}

func TestACampaignsSharePicture(t *testing.T) {
	m := openMarket(t)
	for range 2 {
		w := m.browser().get("/campaigns/" + m.campaign.ID + "/share.png")
		img, err := png.Decode(bytes.NewReader([]byte(w.body)))
		must(t, err)
		if b := img.Bounds(); b.Dx() != shareWidth || b.Dy() != shareHeight || len(w.body) > 300_000 {
			t.Errorf("%v, %d bytes", b, len(w.body))
		}
	}
	m.browser().get("/campaigns/cmp_none/share.png").says(t, http.StatusNotFound)
}

func TestProseIsTame(t *testing.T) {
	for source, want := range map[string]string{
		"# One\n\n### Three":              "<h3>One</h3>\n<h4>Three</h4>\n",
		"<b>x</b>":                        "<p><!-- raw HTML omitted -->x<!-- raw HTML omitted --></p>\n",
		"[x](javascript:alert(1))":        "<p><a href=\"\" rel=\"nofollow noopener noreferrer ugc\">x</a></p>\n",
		"![a *cat*](https://x.example/y)": "<p>a cat</p>\n",
		"[x](https://x.example)":          "<p><a href=\"https://x.example\" rel=\"nofollow noopener noreferrer ugc\">x</a></p>\n",
	} {
		if got := string(prose(source)); got != want {
			t.Errorf("%q is %q, want %q", source, got, want)
		}
	}
}

func FuzzProse(f *testing.F) {
	f.Add(script)
	f.Add("[a](javascript:x)\n\n<https://x>\n\n# h\n\n![i](data:text/html,x)")
	f.Fuzz(func(t *testing.T, source string) {
		out := strings.ToLower(string(prose(source)))
		for _, bad := range []string{"<script", "<img", "<iframe", "<h1", "<h2", `href="javascript:`, " onerror="} {
			if strings.Contains(out, bad) && bad != " onerror=" || bad == " onerror=" && regexp.MustCompile(`<[^>]* onerror=`).MatchString(out) {
				t.Errorf("%q is %q", source, out)
			}
		}
	})
}
