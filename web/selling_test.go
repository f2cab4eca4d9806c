package web

import (
	"bytes"
	"encoding/json"
	"html"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to put a certificate where the issuer would

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/payments/simulator"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// fair is a house with the pages of those who sell, review and operate campaigns.
type fair struct {
	*house
	desk    *campaigns.Desk
	book    *campaigns.Book
	fulfil  *campaigns.Fulfilment
	pay     *campaigns.Payments
	org     auth.Org
	product registry.Product
}

func openFair(t *testing.T) *fair {
	t.Helper()
	x := &fair{}
	x.house = openHouse(t, func(h *house) Section {
		local := bus.NewLocal(bus.Options{})
		t.Cleanup(func() { _ = local.Close() })
		blobs, err := blob.OpenFolder(filepath.Join(t.TempDir(), "blobs"))
		must(t, err)
		x.desk = campaigns.NewDesk(campaigns.DeskOptions{Store: h.db.Campaigns(), Gate: certification.NewGate(h.db.Programme(), h.clock), Now: h.clock})
		x.book = campaigns.NewBook(campaigns.Options{Store: h.db.Campaigns(), Now: h.clock})
		t.Cleanup(func() { _ = x.book.Stop(t.Context()) })
		x.fulfil = campaigns.NewFulfilment(campaigns.FulfilmentOptions{Store: h.db.Fulfilment(), Book: x.book, Now: h.clock})
		reg := registry.New(registry.Options{Store: h.db.Registry(), Bus: local, Now: h.clock})
		a := h.person("kiran@aurora.example")
		x.org, err = h.auth.CreateOrg(t.Context(), auth.Actor{Account: a.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: `Aurora <b>Air</b>`, Country: "IN"})
		must(t, err)
		x.product, _, err = reg.CreateProductOf(t.Context(), x.org.ID, "Pure", miot.Sample("lamp"))
		must(t, err)
		psp, err := simulator.Open(simulator.Options{File: filepath.Join(t.TempDir(), "psp.db"), Now: h.clock, ProcessRefund: -1})
		must(t, err)
		t.Cleanup(func() { _ = psp.Close() })
		x.pay = campaigns.NewPayments(campaigns.PaymentsOptions{Store: h.db.Payments(), Book: x.book, Providers: []campaigns.Provider{psp.Client()}, Now: h.clock})
		return sections{NewPayments(x.pay), NewListings(ListingsOptions{Auth: h.auth, Desk: x.desk}), NewSellers(SellersOptions{Auth: h.auth, Registry: reg, Desk: x.desk, Fulfil: x.fulfil, Ledger: h.db.Campaigns(), Blobs: blobs})}
	})
	return x
}

// sections are several as one.
type sections []Section

func (all sections) Mount(p *Pages) {
	for _, s := range all {
		s.Mount(p)
	}
}

// certify puts a certificate and the regional documents of the product where the
// programme would.
func (x *fair) certify() {
	x.Helper()
	now := x.clock()
	sub := certification.Submission{ID: id.New("sub"), Org: x.org.ID, Model: x.product.Model, State: certification.Certified, Round: 1, CreatedAt: now}
	must(x, x.db.Programme().CreateSubmission(x.Context(), sub, nil, nil))
	c := certification.Certificate{
		Serial: "PM-" + sub.ID, Submission: sub.ID, Org: x.org.ID, Product: x.product.ID, Model: x.product.Model, Regions: []string{"IN"},
		IssuedAt: now.Add(-time.Hour), ExpiresAt: now.AddDate(2, 0, 0), State: certification.Active, Since: now.Add(-time.Hour), Rev: 1,
	}
	body, err := json.Marshal(c)
	must(x, err)
	raw, err := storetest.Beside(x.file)
	must(x, err)
	defer raw.Close()
	_, err = raw.ExecContext(x.Context(), `INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, body, words)
VALUES ($1, $2, $3, $4, 'active', $5, 1, $5, $6, 0, '', '', $7, '')`, c.Serial, c.Submission, c.Org, c.Model, c.Since.UnixMicro(), c.ExpiresAt.UnixMicro(), string(body))
	must(x, err)
	for _, scheme := range []string{"BIS-CRS", "WPC-ETA"} {
		d := certification.RegulatoryDocument{
			ID: id.New("reg"), Org: x.org.ID, Region: "IN", Scheme: scheme, Number: "R-1", Holder: "Aurora", Models: []string{x.product.Model},
			Issued: now.Add(-time.Hour), Expires: now.AddDate(1, 11, 0), State: certification.RegulatoryVerified, CreatedAt: now,
		}
		if scheme == "WPC-ETA" {
			d.Expires = time.Time{}
		}
		must(x, x.db.Programme().CreateRegulatory(x.Context(), d, certification.Record{}))
	}
}

// upload posts a form with a file.
func (b *browser) upload(path, field, name string, content []byte, pairs ...string) answer {
	b.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		must(b, w.WriteField(pairs[i], pairs[i+1]))
	}
	part, err := w.CreateFormFile(field, name)
	must(b, err)
	_, err = part.Write(content)
	must(b, err)
	must(b, w.Close())
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.server.URL+path, &body)
	must(b, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", b.server.URL)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// written is the form of a campaign that lacks only a picture.
func (x *fair) written(change ...string) []string {
	opens := x.clock().Add(2 * time.Hour)
	values := pairsOf([]string{
		"product", x.product.ID, "title", "Pure <i>One</i>", "category", "air", "tagline", "Clean air", "story", "# Why\n\nBecause.", "risks", "It may be late.",
		"price", "6,499.50", "retail", "8,999", "target", "2", "stock", "20", "limit", "5", "regions", "IN",
		"opens", momentText(opens, momentLayout), "closes", momentText(opens.AddDate(0, 0, 30), momentLayout), "ship", "success", "ship-days", "120",
		"at-success", "30.5", "variant-2", "White", "variant-stock-2", "10", "variant-5", "Graphite", "ask-3", "Does it hum?", "answer-3", "No.",
	})
	for i := 0; i < len(change); i += 2 {
		values.Set(change[i], change[i+1])
	}
	var out []string
	for name, texts := range values {
		for _, text := range texts {
			out = append(out, name, text)
		}
	}
	return out
}

func (x *fair) member() *browser {
	b := x.browser()
	b.logIn("kiran@aurora.example")
	return b
}

// drafted writes a campaign with a picture, and gives its page.
func (x *fair) drafted(b *browser) string {
	x.Helper()
	w := b.send("/orgs/"+x.org.ID+"/campaigns/new", x.written()...)
	at := w.Header.Get("Location")
	w.goes(x, at)
	var picture bytes.Buffer
	must(x, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 40))))
	b.upload(at+"/pictures", "file", "front.png", picture.Bytes(), "alt", "a white box", "form-rev", b.get(at).hidden(x, "form-rev")).goes(x, at)
	return at
}

func TestAStartupWritesACampaign(t *testing.T) {
	x := openFair(t)
	b := x.member()
	list := "/orgs/" + x.org.ID + "/campaigns"
	b.get(list).says(t, http.StatusOK, x.say("selling.none"))
	b.get(list+"/new").says(t, http.StatusOK, x.product.ID, `name="variant-3"`)

	// What is wrong stands beside its field, in the domain's words, and what was typed stays.
	hostile := `<script>alert(1)</script>`
	b.send(list+"/new", x.written("title", hostile, "target", "many", "opens", "soon")...).says(t, http.StatusUnprocessableEntity,
		html.EscapeString(hostile), `id="target-error"`, `id="opens-error"`, `value="many"`)
	for field, text := range map[string]string{
		"title": "A", "tagline": strings.Repeat("x", 201), "price": "0", "retail": "1", "target": "20000000", "spares": "9", "stock": "1", "limit": "2000", "ship-days": "900",
		"at-success": "70", "variant-2": strings.Repeat("y", 61), "ask-3": "?", "answer-3": " ", "product": "prd_none", "category": "toys", "regions": "XX",
	} {
		at := map[string]string{"ship-days": "ship-days", "variant-2": "variant-1", "ask-3": "ask-1", "answer-3": "answer-1"}[field]
		if at == "" {
			at = field
		}
		b.send(list+"/new", x.written(field, text)...).says(t, http.StatusUnprocessableEntity, `id="`+at+`-error"`, `href="#`+at+`"`)
	}

	// The same form twice is one campaign.
	form := append(x.written(), "form-key", b.get(list+"/new").hidden(t, "form-key"))
	first := b.send(list+"/new", form...)
	at := first.Header.Get("Location")
	first.goes(t, at)
	b.send(list+"/new", form...).goes(t, at)
	page := b.get(at)
	page.says(t, http.StatusOK, html.EscapeString("Pure <i>One</i>"), "₹6,499.50", "White, Graphite", "has no picture", "certificate")
	b.send(at+"/submit", "form-rev", page.hidden(t, "form-rev")).says(t, http.StatusUnprocessableEntity, "has no picture")

	// A picture is looked at before it is taken.
	b.upload(at+"/pictures", "file", "front.png", []byte("<svg/>"), "alt", "a box", "form-rev", page.hidden(t, "form-rev")).says(t, http.StatusUnprocessableEntity, `id="pictures-file-error"`)
	var picture bytes.Buffer
	must(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 40))))
	b.upload(at+"/pictures", "file", "front.png", picture.Bytes(), "form-rev", page.hidden(t, "form-rev")).says(t, http.StatusUnprocessableEntity, `id="pictures-alt-error"`)
	b.upload(at+"/pictures", "file", "front.png", picture.Bytes(), "alt", "a white box", "form-rev", page.hidden(t, "form-rev")).goes(t, at)

	// Saving it unchanged changes nothing; an older version is not saved over a newer one.
	c, err := x.desk.Campaign(t.Context(), campaigns.Actor{Operator: true}, strings.TrimPrefix(at, sellPath))
	must(t, err)
	edit := b.get(at + "/edit")
	edit.says(t, http.StatusOK, `value="6499.50"`, `value="30.5"`, `value="White"`, "a white box")
	same := append(draftValues(campaigns.DraftOf(&c)), "form-rev", edit.hidden(t, "form-rev"))
	b.send(at+"/edit", same...).goes(t, at)
	after, err := x.desk.Campaign(t.Context(), campaigns.Actor{Operator: true}, c.ID)
	must(t, err)
	if a, b := campaigns.DraftOf(&after), campaigns.DraftOf(&c); a.Price != 649_950 || a.Schedule[0].Share != 3050 || len(a.Variants) != 2 || a.Variants[0] != b.Variants[0] || a.Page.Pictures[0] != b.Page.Pictures[0] || !a.OpensAt.Equal(b.OpensAt) {
		t.Errorf("%+v after %+v", a, b)
	}
	b.send(at+"/edit", append(same, "tagline", "late")...).says(t, http.StatusUnprocessableEntity, html.EscapeString(x.say("work.changed")))

	rev := b.get(at).hidden(t, "form-rev")
	b.send(at+"/submit", "form-rev", rev).goes(t, at)
	b.send(at+"/take-back", "form-rev", b.get(at).hidden(t, "form-rev")).goes(t, at)
	b.send(at+"/cancel", "form-rev", b.get(at).hidden(t, "form-rev"), "reason", "no").says(t, http.StatusUnprocessableEntity, `id="cancel-reason-error"`)
	b.send(at+"/cancel", "form-rev", b.get(at).hidden(t, "form-rev"), "reason", "we cannot make it after all").goes(t, at)
	b.get(at).says(t, http.StatusOK, x.say("campaign-state.cancelled"), "we cannot make it after all")

	// To others nothing of it is there.
	other := x.person("other@maker.example")
	_, err = x.auth.CreateOrg(t.Context(), auth.Actor{Account: other.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Other", Country: "IN"})
	must(t, err)
	o := x.browser()
	o.logIn("other@maker.example")
	for _, path := range []string{at, at + "/edit"} {
		o.get(path).says(t, http.StatusNotFound)
	}
	if w := o.send(list+"/new", x.written()...); w.StatusCode == http.StatusSeeOther {
		t.Error("somebody else began a campaign of the product")
	}
}

func TestAReviewerApprovesAListing(t *testing.T) {
	x := openFair(t)
	b := x.member()
	x.certify() // before the gate looks: it remembers for a while
	at := x.drafted(b)
	b.send(at+"/submit", "form-rev", b.get(at).hidden(t, "form-rev")).goes(t, at)
	b.get("/review/listings").says(t, http.StatusForbidden)

	x.person("ravi@proofmark.example", auth.RoleReviewer)
	x.person("olga@proofmark.example", auth.RoleOperator)
	r, o := x.browser(), x.browser()
	r.logIn("ravi@proofmark.example")
	o.logIn("olga@proofmark.example")
	listing := "/review/listings/" + strings.TrimPrefix(at, sellPath)
	r.get("/review/listings").says(t, http.StatusOK, html.EscapeString("Pure <i>One</i>"), listing)
	page := r.get(listing)
	page.says(t, http.StatusOK, x.say("identity.lacking"), "no operator has recorded the identity", html.EscapeString(x.org.Name), x.say("listing.as-backers"))
	rev := page.hidden(t, "form-rev")
	r.send(listing+"/approve", "form-rev", rev).says(t, http.StatusUnprocessableEntity, "no operator has recorded the identity")
	r.send(listing+"/send-back", "form-rev", rev, "reason", "short").says(t, http.StatusUnprocessableEntity, `id="send-back-reason-error"`)
	r.send(listing+"/send-back", "form-rev", rev, "reason", "say what the filter costs").goes(t, "/review/listings")
	b.get(at).says(t, http.StatusOK, "say what the filter costs", x.say("campaign-state.draft"))
	b.send(at+"/submit", "form-rev", b.get(at).hidden(t, "form-rev")).goes(t, at)

	known := "/operator/organisations/" + x.org.ID + "/identity"
	r.get(known).says(t, http.StatusForbidden)
	o.send(known+"/record", "legal", "A", "registration", "U1", "account", "escrow-1").says(t, http.StatusUnprocessableEntity, `id="record-legal-error"`, `value="escrow-1"`)
	o.send(known+"/record", "legal", "Aurora <b>Pvt</b> Ltd", "registration", "U12345", "account", "escrow-1").goes(t, known)
	o.get(known).says(t, http.StatusOK, x.say("identity.stands"), html.EscapeString("Aurora <b>Pvt</b> Ltd"))
	o.send(listing+"/approve", "form-rev", r.get(listing).hidden(t, "form-rev")).says(t, http.StatusUnprocessableEntity, "is no reviewer")
	r.send(listing+"/approve", "form-rev", rev).says(t, http.StatusUnprocessableEntity, html.EscapeString(x.say("work.changed")))
	r.send(listing+"/approve", "form-rev", r.get(listing).hidden(t, "form-rev")).goes(t, "/review/listings")
	b.get(at).says(t, http.StatusOK, x.say("campaign-state.scheduled"))

	// Published, the startup tells its backers something; its terms stay.
	b.send(at+"/updates", "title", "A", "body", "").says(t, http.StatusUnprocessableEntity, `id="updates-title-error"`, `id="updates-body-error"`)
	b.send(at+"/updates", "title", "Tooling <b>done</b>", "body", "It <i>works</i>.").goes(t, at)
	b.get(at).says(t, http.StatusOK, html.EscapeString("Tooling <b>done</b>"), html.EscapeString("It <i>works</i>."))
	b.send(at+"/edit", x.written("form-rev", b.get(at+"/edit").hidden(t, "form-rev"), "price", "1")...).says(t, http.StatusUnprocessableEntity, "its price stays")

	o.send(known+"/withdraw", "reason", "the register does not know it").goes(t, known)
	o.get(known).says(t, http.StatusOK, x.say("identity.lacking"), "the register does not know it")
	o.send(listing+"/cancel", "form-rev", o.get(listing).hidden(t, "form-rev"), "reason", "the register does not know it").goes(t, "/review/listings")
	b.get(at).says(t, http.StatusOK, x.say("campaign-state.cancelled"))
}

// capture says that a provider took the money for an order.
func (x *house) capture(book *campaigns.Book, o campaigns.Order) campaigns.Order {
	x.Helper()
	p := campaigns.Payment{
		ID: id.New("pat"), OrderID: o.ID, Campaign: o.Campaign, Backer: o.Backer, Provider: "simulator", ProviderRef: id.New("ref"), Amount: o.Amount(), Currency: o.Currency,
		State: campaigns.PaymentCreated, CreatedAt: x.clock(), ChangedAt: x.clock(),
	}
	must(x, x.db.Campaigns().CreatePayment(x.Context(), p))
	return do(x, book, &campaigns.Capture{
		Campaign: o.Campaign, OrderID: o.ID, Payment: p.ID, Provider: p.Provider, SpareID: id.New("pat"), RefundID: id.New("rfd"),
		Captured: campaigns.ProviderPayment{Ref: id.New("cap"), State: campaigns.PaymentCaptured, Amount: o.Amount(), Currency: o.Currency, Method: campaigns.MethodUPI},
	}).Order
}

func do(t testing.TB, book *campaigns.Book, op campaigns.Op) campaigns.Answer {
	t.Helper()
	a, err := book.Do(t.Context(), op)
	must(t, err)
	return a
}

// funded has a campaign succeed with an order of 2 units of each of two backers.
func (x *fair) funded(b *browser) (campaign string, orders []campaigns.Order) {
	x.Helper()
	x.certify()
	at := x.drafted(b)
	campaign = strings.TrimPrefix(at, sellPath)
	operator, reviewer := campaigns.Actor{Account: "acc_o", Operator: true}, campaigns.Actor{Account: "acc_r", Reviewer: true}
	_, err := x.desk.Identify(x.Context(), operator, campaigns.Identity{Org: x.org.ID, LegalName: "Aurora", Registration: "U1", BankAccount: "escrow-1"})
	must(x, err)
	b.send(at+"/submit", "form-rev", b.get(at).hidden(x, "form-rev")).goes(x, at)
	c, err := x.desk.Campaign(x.Context(), operator, campaign)
	must(x, err)
	c, err = x.desk.Approve(x.Context(), reviewer, campaign, c.Version)
	must(x, err)
	x.later(c.OpensAt.Sub(x.clock()))
	must(x, x.desk.Step(x.Context(), campaign))
	for _, who := range []string{"=meera@example.com", "asha@example.com"} {
		backer := x.person(who)
		o := do(x, x.book, &campaigns.Reserve{Order: campaigns.Order{ID: id.New("ord"), Campaign: campaign, Backer: backer.ID, Key: "k", Variant: c.Variants[0].ID, Units: 2, Price: c.Price}}).Order
		orders = append(orders, x.capture(x.book, o))
		x.later(time.Second)
	}
	x.later(c.ClosesAt.Sub(x.clock()))
	must(x, x.desk.Step(x.Context(), campaign))
	return campaign, orders
}

func TestAStartupShipsWhatWasOrdered(t *testing.T) {
	x := openFair(t)
	b := x.member()
	campaign, orders := x.funded(b)
	b = x.member() // a month has passed
	at := sellPath + campaign + "/orders"
	b.get(sellPath+campaign).says(t, http.StatusOK, x.say("campaign-state.succeeded"), at)
	b.get(at).says(t, http.StatusOK, "=meera", "asha", "White", x.say("order-state.paid"))
	b.send(at+"/allocate", "units", "none").says(t, http.StatusUnprocessableEntity, `id="allocate-units-error"`)
	b.send(at+"/"+orders[0].ID+"/ship", "units", "1", "carrier", "Post").says(t, http.StatusUnprocessableEntity, "has no delivery address yet")
	b.get(at).says(t, http.StatusOK, x.say("shipping.unaddressed", 2), x.say("shipping.no-address"))
	_, err := x.fulfil.SetAddress(t.Context(), orders[0].Backer, campaigns.Address{
		Order: orders[0].ID, Name: "=Meera <b>", Line1: "1 Lake Road", City: "Pune", State: "Maharashtra", Postcode: "411001", Country: "IN", Phone: "9845012345",
	})
	must(t, err)
	b.get(at).says(t, http.StatusOK, x.say("shipping.unaddressed", 1), html.EscapeString("=Meera <b>"), "411001")
	b.send(at+"/"+orders[0].ID+"/ship", "units", "1", "carrier", "Post").says(t, http.StatusUnprocessableEntity, "allocate it first")
	b.send(at+"/allocate", "units", "3").goes(t, at) // the second order is not covered
	b.get(at+"?state=allocated").says(t, http.StatusOK, "=meera", "Ship (2 units")

	ship := at + "/" + orders[0].ID + "/ship"
	b.send(ship, "units", "2", "carrier", "Post <b>", "serials", "one").says(t, http.StatusUnprocessableEntity, "1 serial numbers for 2 units", html.EscapeString("Post <b>"))
	form := []string{"units", "1", "carrier", "Post <b>", "tracking", "+T1", "serials", "SN-1", "form-key", "once"}
	b.send(ship, form...).goes(t, at+"?state=allocated")
	labels := x.member().get(at + "/labels.csv")
	labels.says(t, http.StatusOK, "shipment,order,units,", "'=Meera <b>,1 Lake Road,,Pune,Maharashtra,411001,IN,'+919845012345")
	b.send(ship, form...).goes(t, at+"?state=allocated")
	b.send(ship, "units", "1", "carrier", "Post", "serials", "SN-1").says(t, http.StatusUnprocessableEntity, "another shipment of this product")
	b.send(ship, "units", "1", "carrier", "Post", "serials", "SN-2").goes(t, at+"?state=allocated")
	sent, err := x.fulfil.ShipmentsOfOrder(t.Context(), orders[0].ID)
	must(t, err)
	if len(sent) != 2 {
		t.Fatalf("%d shipments, want 2: %+v", len(sent), sent)
	}
	for _, p := range sent {
		b.send(at+"/shipments/"+p.ID+"/delivered").says(t, http.StatusUnprocessableEntity, "cannot become delivered")
		b.send(at+"/shipments/"+p.ID+"/handed_over").goes(t, at+"?state=allocated")
		b.send(at+"/shipments/"+p.ID+"/delivered").goes(t, at+"?state=allocated")
	}
	b.get(at).says(t, http.StatusOK, x.say("order-state.delivered"), html.EscapeString("Post <b>"), "T1")

	// A spreadsheet takes nothing of it for a formula.
	w := b.get(at + "/list.csv")
	w.says(t, http.StatusOK, ",'=meera,White,2,12999.00,INR,", ",delivered,1,Post <b>,'+T1,SN-1")
	if got := strings.Count(w.body, "\n"); got != 4 || !strings.HasPrefix(w.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("%d lines of %s: %s", got, w.Header.Get("Content-Type"), w.body)
	}

	// What was delivered is earned; one operator proposes to pay it, another one pays.
	pay := sellPath + campaign + "/payouts"
	b.get(pay).says(t, http.StatusOK, "₹12,999", x.say("payout.none"))
	if w := b.send(pay + "/propose"); w.StatusCode != http.StatusForbidden {
		t.Errorf("a startup proposes its own payout: %d", w.StatusCode)
	}
	x.person("olga@proofmark.example", auth.RoleOperator)
	o := x.browser()
	o.logIn("olga@proofmark.example")
	o.send(pay+"/propose").goes(t, pay)
	o.send(pay+"/propose").says(t, http.StatusConflict)
	all, err := x.fulfil.Payouts(t.Context(), campaign)
	must(t, err)
	o.send(pay+"/"+all[0].ID+"/pay", "reference", "UTR 1").says(t, http.StatusUnprocessableEntity, "another operator pays it")
	o.send(pay+"/"+all[0].ID+"/withdraw").goes(t, pay)
	b.get(pay).says(t, http.StatusOK, x.say("payout.state.withdrawn"))

	// Others see none of it.
	other := x.person("other@maker.example")
	_, err = x.auth.CreateOrg(t.Context(), auth.Actor{Account: other.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Other", Country: "IN"})
	must(t, err)
	s := x.browser()
	s.logIn("other@maker.example")
	for _, path := range []string{at, at + "/list.csv", pay} {
		s.get(path).says(t, http.StatusNotFound)
	}
	s.send(at+"/allocate", "units", "3").says(t, http.StatusNotFound)
}

func TestAnOperatorSettlesWhatNeedsAPerson(t *testing.T) {
	x := openFair(t)
	_, orders := x.funded(x.member())
	x.person("olga@proofmark.example", auth.RoleOperator)
	o := x.browser()
	o.logIn("olga@proofmark.example")
	o.get(paymentsPath).says(t, http.StatusOK, x.say("payments.no-refunds"), x.say("payments.no-flagged"), x.say("payments.no-events"))

	// A refund that the provider could not do.
	order := orders[1]
	r := do(t, x.book, &campaigns.Cancel{
		ID: id.New("can"), Campaign: order.Campaign, OrderID: order.ID, Backer: order.Backer, Units: 1, Cause: campaigns.CauseBacker, Reason: "changed <b>my</b> mind", RefundID: id.New("rfd"),
	}).Refund
	for _, step := range [][2]campaigns.RefundState{{campaigns.RefundQueued, campaigns.RefundSent}, {campaigns.RefundSent, campaigns.RefundFailed}, {campaigns.RefundFailed, campaigns.RefundManual}} {
		do(t, x.book, &campaigns.MoveRefund{Campaign: r.Campaign, OrderID: r.OrderID, RefundID: r.ID, PaymentID: r.PaymentID, From: step[0], To: step[1]})
	}
	o.get(paymentsPath).says(t, http.StatusOK, "₹6,499.50", html.EscapeString("changed <b>my</b> mind"), r.ID)
	at := paymentsPath + "/refunds/" + r.ID
	o.send(at+"/propose").says(t, http.StatusUnprocessableEntity, `-reference-error"`, `-day-error"`, `-reason-error"`, html.EscapeString(x.say("payments.reference-wanted")))
	today := x.clock().Format(time.DateOnly)
	o.send(at+"/propose", "reference", "UTR 4711", "day", "2001-01-01", "reason", "r").says(t, http.StatusUnprocessableEntity, "want a day from then to today")
	proposal := []string{"reference", "UTR 4711", "day", today, "reason", "the card <b>is gone</b>"}
	o.send(at+"/propose", proposal...).goes(t, paymentsPath)
	o.send(at+"/propose", proposal...).goes(t, paymentsPath) // the same again is nothing new
	o.get(paymentsPath).says(t, http.StatusOK, "UTR 4711", html.EscapeString("the card <b>is gone</b>"), x.say("payments.other-confirms"))
	proposed, err := x.pay.RefundsOfOrder(t.Context(), order.ID)
	must(t, err)
	hand := proposed[0].Hand.ID
	o.send(at+"/confirm", "proposal", hand).says(t, http.StatusUnprocessableEntity, "another operator confirms it")
	x.person("otto@proofmark.example", auth.RoleOperator)
	second := x.browser()
	second.logIn("otto@proofmark.example")
	second.get(paymentsPath).says(t, http.StatusOK, "UTR 4711", x.say("payments.confirm"), hand)
	second.send(at+"/retry").says(t, http.StatusUnprocessableEntity, "confirm or withdraw that first")
	second.send(at+"/confirm", "proposal", "hnd_stale").says(t, http.StatusUnprocessableEntity, "look at it again")
	second.send(at+"/confirm", "proposal", hand).goes(t, paymentsPath)
	second.send(at+"/confirm", "proposal", hand).goes(t, paymentsPath)
	second.send(at+"/withdraw", "proposal", hand).says(t, http.StatusUnprocessableEntity, "is processed")
	after, err := x.pay.RefundsOfOrder(t.Context(), order.ID)
	must(t, err)
	if after[0].State != campaigns.RefundProcessed || after[0].BankRef != "UTR 4711" || !after[0].ByHand {
		t.Errorf("%+v", after)
	}

	// An event that could not be applied.
	e := campaigns.InboxEvent{
		ID: id.New("pev"), Provider: "simulator", State: campaigns.InboxReceived, ReceivedAt: x.clock(), WakeAt: x.clock(),
		Event: campaigns.ProviderEvent{ID: "evt_1", Name: "payment.captured", At: x.clock(), OrderID: order.ID},
	}
	_, err = x.db.Payments().KeepEvent(t.Context(), e)
	must(t, err)
	e.State, e.Attempts, e.LastError, e.WakeAt = campaigns.InboxStuck, 9, "no such <i>payment</i>", time.Time{}
	must(t, x.db.Payments().SettleEvents(t.Context(), []campaigns.InboxEvent{e}))
	o.get(paymentsPath).says(t, http.StatusOK, html.EscapeString("no such <i>payment</i>"), "payment.captured")
	o.send(paymentsPath+"/events/"+e.ID+"/retry").goes(t, paymentsPath)
	o.get(paymentsPath+"?state=received").says(t, http.StatusOK, "payment.captured")

	b := x.member()
	b.get(paymentsPath).says(t, http.StatusForbidden)
	b.send(at+"/confirm", "proposal", hand).says(t, http.StatusForbidden)
}
