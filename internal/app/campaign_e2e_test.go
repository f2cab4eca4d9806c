//go:build e2e

package app_test

import (
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/browsertest"
)

// TestE2EFromCampaignToPayout goes the whole way of a campaign by clicks: its maker
// writes it, a reviewer who is not its author lets it in, a backer orders and pays, the
// maker ships, the backer has it, and two operators pay the maker. The clock is put
// forward to the opening and to the deadline.
func TestE2EFromCampaignToPayout(t *testing.T) {
	j := openMarket(t)
	t.Run("the maker writes it", j.write)
	t.Run("a reviewer lets it in", j.approve)
	t.Run("a backer orders and pays", j.order)
	t.Run("the maker ships", j.ship)
	t.Run("the backer has it", j.arrive)
	t.Run("two operators pay the maker", j.payOut)
}

// market is what the parts of the journey hand on. Time and the provider's bank are
// the bazaar's.
type market struct {
	*bazaar
	url      string
	campaign string // id
	sold     string // address of the order's page
}

func openMarket(t *testing.T) *market {
	j := &market{bazaar: &bazaar{service: &service{t: t, data: t.TempDir()}}}
	j.App, j.url, _ = served(t, app.Config{Data: j.data, Now: j.now})
	if err := j.Certify(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := j.Token(t.Context(), "omar@operators.example", nil, auth.ScopeOperator)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Token(t.Context(), "olga@operators.example", []auth.Role{auth.RoleOperator}, auth.ScopeOperator); err != nil {
		t.Fatal(err)
	}
	j.omar = token
	return j
}

// as opens a browser for one of the sample world's people.
func (j *market) as(t *testing.T, name, path string) *browsertest.Page {
	t.Helper()
	p := browsertest.Open(t)
	p.Use(browsertest.Views[0])
	be(p, j.url, name)
	p.Visit(j.url + path)
	return p
}

// reach looks at a page until it shows what the CSS selector finds: the service does
// it by itself.
func reach(p *browsertest.Page, selector string) {
	for p.Count(selector) == 0 {
		p.Visit(p.Address())
	}
}

func (j *market) write(t *testing.T) {
	p := j.as(t, "Maya Iyer", "/startup")
	p.Go(`.tabs a[href$="/campaigns"]`)
	sound(t, p)
	p.Go(`a[href$="/campaigns/new"]`)
	opens := j.now().Add(time.Hour).In(time.FixedZone("IST", 5*3600+1800))
	for field, text := range map[string]string{
		"title": "Aurora One for <b>kitchens</b>", "tagline": "It smells the toast before you do", "risks": "The tools are late.",
		"price": "12999", "retail": "17499", "target": "1", "stock": "20", "ship-days": "60",
	} {
		p.Fill("#"+field, text)
	}
	p.Set("#story", "## Why\n\nBecause of **toast**.\n\n<script>alert(1)</script>")
	p.Set("#category", "air")
	p.Set("#opens", opens.Format("2006-01-02T15:04"))
	p.Set("#closes", opens.Add(-24*time.Hour).Format("2006-01-02T15:04"))
	p.Go("main form .actions button")
	if said := p.Text(".faults"); said == "" {
		t.Error("a campaign that ends before it opens is taken")
	}
	if kept := browsertest.Value[string](p, `document.querySelector("#title").value`); kept != "Aurora One for <b>kitchens</b>" {
		t.Errorf("after the refusal the title is %q", kept)
	}
	sound(t, p)
	p.Set("#closes", opens.Add(48*time.Hour).Format("2006-01-02T15:04"))
	p.Go("main form .actions button")
	j.campaign = p.Address()[strings.LastIndex(p.Address(), "/")+1:]
	sound(t, p)

	file := filepath.Join(t.TempDir(), "kitchen.png")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewRGBA(image.Rect(0, 0, 960, 600))); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p.Upload("#pictures-file", file)
	p.Fill("#pictures-alt", "A purifier in a kitchen")
	p.Go(`form[action$="/pictures"] button`)

	p.Go(`main a.button[href="/campaigns/` + j.campaign + `"]`) // as backers will see it
	if story := p.Text(".prose"); !strings.Contains(story, "Because of toast.") {
		t.Errorf("the preview says %q", story)
	}
	if p.Count("#units") != 0 {
		t.Error("a draft can be ordered")
	}
	sound(t, p)
	p.Visit(j.url + "/startup/campaigns/" + j.campaign)
	p.Go(`form[action$="/submit"] button`)
	if state := p.Text(".row .badge"); state != "In review" {
		t.Errorf("the campaign is %q", state)
	}
	sound(t, p)
}

func (j *market) approve(t *testing.T) {
	maker := j.as(t, "Maya Iyer", "/review/listings/"+j.campaign)
	if maker.Count(`form[action$="/approve"]`) != 0 {
		t.Error("the maker may approve its own campaign")
	}
	p := j.as(t, "Lina Das", "/review/listings")
	sound(t, p)
	p.Go(`a[href="/review/listings/` + j.campaign + `"]`)
	sound(t, p)
	p.Go(`form[action$="/approve"] button`)
	if said := p.Text(".note.good"); !strings.Contains(said, "kitchens") {
		t.Errorf("the approval says %q", said)
	}
}

func (j *market) order(t *testing.T) {
	p := j.as(t, "Chand Verma", "/campaigns/"+j.campaign)
	if p.Count("#units") != 0 {
		t.Error("a campaign that is to open can be ordered")
	}
	j.at(t).pass(time.Hour + time.Minute)
	reach(p, "#units")
	sound(t, p)
	p.Fill("#units", "2")
	p.Go(".buy button")
	j.sold = p.Address()
	p.Go(".pay button")
	p.Fill("#vpa", "success@test")
	p.Go("#vpa ~ button")
	if p.Count(".button[href*='/return']") != 0 {
		p.Go(".button[href*='/return']")
	}
	p.Until(`document.querySelector("#vouchers")`)
	for field, text := range map[string]string{
		"name": "Chand Verma", "line1": "7 Lake Road", "city": "Pune", "postcode": "411001", "phone": "98450 12345",
	} {
		p.Fill(`form[action$="/address"] [name="`+field+`"]`, text)
	}
	p.Set(`form[action$="/address"] [name="state"]`, "Maharashtra")
	p.Go(`form[action$="/address"] button`)
	if where := p.Text("address"); !strings.Contains(where, "7 Lake Road") {
		t.Errorf("the order goes to %q", where)
	}
	sound(t, p)
}

func (j *market) ship(t *testing.T) {
	j.at(t).pass(49 * time.Hour)
	p := j.as(t, "Maya Iyer", "/startup/campaigns/"+j.campaign)
	reach(p, `a[href$="/orders"].button`)
	p.Go(`a[href$="/orders"].button`)
	sound(t, p)
	p.Fill("#allocate-units", "2")
	p.Go(`form[action$="/allocate"] button`)
	p.Click(`li details summary`)
	p.Fill(`li form [name="carrier"]`, "India Post")
	p.Fill(`li form [name="tracking"]`, "EA1IN")
	p.Fill(`li form [name="serials"]`, "K1\nK2")
	p.Go(`form[action$="/ship"] button`)
	if labels := browsertest.Do(p, chromedp.Evaluate[string](`fetch(document.querySelector("a[href$='/labels.csv']").href).then(r => r.text())`, chromedp.EvalAwaitPromise)); !strings.Contains(labels, "7 Lake Road") {
		t.Errorf("the labels are %q", labels)
	}
	sound(t, p)
	p.Go(`form[action$="/handed_over"] button`)
	if said := p.Text("ul.stack"); !strings.Contains(said, "K1, K2") {
		t.Errorf("the shipment is %q", said)
	}
	sound(t, p)
	glance(p, "shipping", browsertest.Views[0])
}

func (j *market) arrive(t *testing.T) {
	p := j.as(t, "Chand Verma", strings.TrimPrefix(j.sold, j.url))
	if said := p.Text("#parcels ~ ol"); !strings.Contains(said, "EA1IN") {
		t.Errorf("the parcel is %q", said)
	}
	sound(t, p)
	p.Go("#parcels ~ ol form button")
	if state := p.Text(".row .badge"); state != "Delivered" {
		t.Errorf("the order is %q", state)
	}
	sound(t, p)
	glance(p, "order", browsertest.Views[0])
}

func (j *market) payOut(t *testing.T) {
	// The provider pays out to the escrow account: an operator books it.
	const paid = 2 * 12_999 * 100
	j.at(t).pass(48 * time.Hour)
	j.psp("POST", "/balance/payout", object{"amount": paid}, nil)
	j.bazaar.as(j.omar, http.MethodPost, "/api/v1/campaigns/"+j.campaign+"/settlements", object{"provider": "simulator", "reference": "st_1", "amount": paid}, nil)

	payouts := "/startup/campaigns/" + j.campaign + "/payouts"
	omar := j.as(t, "Omar Khan", payouts)
	omar.Go(`form[action$="/propose"] button`)
	sound(t, omar)
	const pay = `form[action$="/pay"]`
	settle := func(p *browsertest.Page) {
		p.Click("td details summary")
		p.Fill(pay+` [name="reference"]`, "NEFT 1")
		p.Go(pay + " button")
	}
	settle(omar)
	if said := omar.Text(".faults"); !strings.Contains(said, "another operator") {
		t.Errorf("the operator who proposed is told %q", said)
	}
	sound(t, omar)

	olga := browsertest.Open(t)
	olga.Visit(j.url + "/log-in?next=" + payouts)
	olga.Fill("#email", "olga@operators.example")
	olga.Fill("#password", "a long enough pass phrase")
	olga.Go(`form[action="/log-in"] button`)
	settle(olga)
	sound(t, olga)

	maya := j.as(t, "Maya Iyer", payouts)
	if said := maya.Text("table"); !strings.Contains(said, "NEFT 1") || !strings.Contains(said, "₹24,698.10") {
		t.Errorf("the maker's payouts are %q", said)
	}
	sound(t, maya)
}
