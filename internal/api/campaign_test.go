package api_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
)

// fair is a certified product that may be sold in India, and people around it.
type fair struct {
	*shelf
	product, backer string
}

func openFair(t *testing.T) *fair {
	t.Helper()
	f := &fair{shelf: shelve(t)}
	p, _, err := f.registry.CreateProductOf(t.Context(), f.org, "Pure", miot.Sample("air-purifier"))
	if err != nil {
		t.Fatal(err)
	}
	f.product = p.ID
	for scheme, expires := range map[string]time.Time{"BIS-CRS": time.Now().AddDate(1, 11, 0), "WPC-ETA": {}} {
		if err := f.db.Programme().CreateRegulatory(t.Context(), certification.RegulatoryDocument{
			ID: id.New("reg"), Org: f.org, Region: "IN", Scheme: scheme, Number: "R-1", Holder: "Aurora", Models: []string{p.Model},
			Issued: time.Now().Add(-time.Hour), Expires: expires, State: certification.RegulatoryVerified,
		}, certification.Record{}); err != nil {
			t.Fatal(err)
		}
	}
	f.backer, _ = f.token(auth.ScopeApp)
	return f
}

// with sends a change of the version that was read last.
func (f *fair) with(token, method, path, tag string, body any) reply {
	f.Helper()
	return f.call(method, "/api/v1"+path, body, "Authorization", "Bearer "+token, "If-Match", tag)
}

func (f *fair) read(token, campaign string) (api.Campaign, string) {
	f.Helper()
	r := f.as(token, "GET", "/campaigns/"+campaign, nil)
	return want[api.Campaign](f.house, r, http.StatusOK), r.Header.Get("ETag")
}

func offer(change object) object {
	o := object{
		"title": "Pure <script>", "category": "air", "tagline": "Clean air & more", "story": "# Why\n<img src=x onerror=alert(1)>", "risks": "It may be late.",
		"regions": []string{"IN"}, "price": 499_900, "target_units": 2, "stock_limit": 4,
		"opens_at": time.Now().Add(time.Hour), "closes_at": time.Now().Add(31 * 24 * time.Hour),
		"ship": object{"kind": "success", "days": 90}, "schedule": []object{{"when": "success", "share_bp": 3000}},
	}
	for name, value := range change {
		o[name] = value
	}
	return o
}

func TestACampaignFromItsListingToItsClosing(t *testing.T) {
	f := openFair(t)
	create := offer(object{"product": f.product})
	f.problem(f.as(f.ann, "POST", "/campaigns", create), http.StatusForbidden, "forbidden")
	if p := f.problem(f.as(f.vendor, "POST", "/campaigns", offer(object{"product": f.product, "stock_limit": 1})), 422, "invalid"); p.Rule != "campaign-stock" {
		t.Errorf("rule %q: %s", p.Rule, p.Detail)
	}
	made := f.as(f.vendor, "POST", "/campaigns", create)
	c := want[api.Campaign](f.house, made, http.StatusCreated)
	path, tag := "/campaigns/"+c.ID, made.Header.Get("ETag")
	f.problem(f.call("GET", "/api/v1"+path, nil, nobody...), http.StatusNotFound, "not-found") // a draft
	if c.Title != "Pure <script>" || c.Story != "# Why\n<img src=x onerror=alert(1)>" {
		t.Errorf("text %+v", c.Said)
	}
	var shot bytes.Buffer
	if err := png.Encode(&shot, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	upload := path + "/pictures?name=a.png&alt=" + url.QueryEscape("a white box")
	send := func(file []byte) reply {
		return f.call("POST", "/api/v1"+upload, file, "Authorization", "Bearer "+f.vendor, "If-Match", tag, "Content-Type", "application/octet-stream")
	}
	f.problem(send([]byte("<svg onload=alert(1)>")), 422, "file-refused")
	pictured := send(shot.Bytes())
	c = want[api.Campaign](f.house, pictured, http.StatusOK)
	if len(c.Pictures) != 1 || c.Pictures[0].Width != 4 {
		t.Fatalf("pictures %+v", c.Pictures)
	}
	f.problem(f.with(f.vendor, "POST", path+"/submit", tag, nil), http.StatusPreconditionFailed, "stale")
	f.problem(f.as(f.vendor, "POST", path+"/submit", nil), http.StatusPreconditionRequired, "no-revision")
	tag = pictured.Header.Get("ETag")
	submitted := f.with(f.vendor, "POST", path+"/submit", tag, nil)
	want[api.Campaign](f.house, submitted, http.StatusOK)
	f.problem(f.with(f.vendor, "POST", path+"/submit", submitted.Header.Get("ETag"), nil), http.StatusConflict, "not-now") // a second time
	tag = submitted.Header.Get("ETag")
	waiting := want[[]api.Campaign](f.house, f.as(f.ann, "GET", "/campaign-reviews", nil), http.StatusOK)
	if len(waiting) != 1 || waiting[0].ID != c.ID {
		t.Errorf("in review %+v", waiting)
	}
	if p := f.problem(f.with(f.ann, "POST", path+"/approve", tag, nil), http.StatusConflict, "not-now"); p.Rule != "campaign-identity" {
		t.Errorf("rule %q", p.Rule)
	}
	identity := object{"legal_name": "Aurora Pvt Ltd", "registration": "U72900KA2020PTC1", "bank_account": "escrow-17"}
	f.problem(f.as(f.vendor, "PUT", "/orgs/"+f.org+"/identity", identity), http.StatusForbidden, "forbidden")
	want[api.StartupIdentity](f.house, f.call("PUT", "/api/v1/orgs/"+f.org+"/identity", identity), http.StatusOK)
	if left := want[[]api.Obstacle](f.house, f.as(f.vendor, "GET", path+"/obstacles", nil), http.StatusOK); len(left) != 0 {
		t.Errorf("obstacles %+v", left)
	}
	f.problem(f.with(f.vendor, "POST", path+"/approve", tag, nil), http.StatusForbidden, "forbidden")
	want[api.Campaign](f.house, f.with(f.ann, "POST", path+"/approve", tag, nil), http.StatusOK)

	list := func(shelf string) []string {
		found := want[struct{ Campaigns []api.Campaign }](f.house, f.call("GET", "/api/v1/campaigns?shelf="+shelf+"&q=PURE&category=air", nil, nobody...), http.StatusOK)
		ids := make([]string, len(found.Campaigns))
		for i, c := range found.Campaigns {
			ids[i] = c.ID
		}
		return ids
	}
	if !slices.Equal(list("upcoming"), []string{c.ID}) || len(list("live")) != 0 {
		t.Errorf("upcoming %v, live %v", list("upcoming"), list("live"))
	}
	if r := f.call("GET", "/api/v1"+path+"/pictures/"+c.Pictures[0].SHA256, nil, nobody...); r.StatusCode != 200 || !bytes.Equal(r.body, shot.Bytes()) || r.Header.Get("Content-Type") != "image/png" {
		t.Errorf("picture: %s, %v", r.Status, r.Header)
	}
	want[api.CampaignInterest](f.house, f.call("POST", "/api/v1"+path+"/interest", object{"email": "Bob@example.org"}, nobody...), http.StatusCreated)
	f.problem(f.call("POST", "/api/v1"+path+"/interest", object{"email": "x\r\nBcc: all@example.org"}, nobody...), 422, "invalid")

	w := f.watch(c.ID)
	f.later.Store(int64(61 * time.Minute))
	if err := f.desk.Step(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	order := func(units int) api.Order {
		return want[api.Order](f.house, f.call("POST", "/api/v1"+path+"/orders", object{"units": units}, "Authorization", "Bearer "+f.backer, "Idempotency-Key", id.New("key")), 201)
	}
	say := func(status int) reply {
		r := f.as(f.backer, "POST", path+"/comments", object{"body": "When <b>does</b> it ship?"})
		if r.StatusCode != status {
			t.Errorf("comment: %s: %s", r.Status, r.body)
		}
		return r
	}
	say(http.StatusForbidden)
	f.pay(order(3))
	said := want[api.CampaignComment](f.house, say(http.StatusCreated), http.StatusCreated)
	want[api.CampaignComment](f.house, f.as(f.vendor, "POST", path+"/comments", object{"body": "In spring.", "thread": said.ID}), http.StatusCreated)
	want[api.CampaignUpdate](f.house, f.as(f.vendor, "POST", path+"/updates", object{"title": "Tooling", "body": "It is done."}), http.StatusCreated)

	live, tag := f.read(f.vendor, c.ID)
	live.Price++
	if p := f.problem(f.with(f.vendor, "PUT", path, tag, live.Offer), http.StatusConflict, "not-now"); p.Rule != "live-terms" {
		t.Errorf("rule %q: %s", p.Rule, p.Detail)
	}
	live.Price, live.StockLimit, live.Story = live.Price-1, 40, "Now with more"
	want[api.Campaign](f.house, f.with(f.vendor, "PUT", path, tag, live.Offer), http.StatusOK)
	if texts := want[[]api.CampaignText](f.house, f.call("GET", "/api/v1"+path+"/texts", nil, nobody...), http.StatusOK); len(texts) != 2 {
		t.Errorf("texts %+v", texts)
	}

	want[object](f.house, f.act(f.ann, "suspend"), http.StatusOK) // held in that very commit
	f.problem(f.call("POST", "/api/v1"+path+"/orders", object{"units": 1}, "Authorization", "Bearer "+f.backer, "Idempotency-Key", "held"), http.StatusConflict, "not-open")
	f.gate.Forget()
	if err := f.desk.Reassess(t.Context(), f.org, ""); err != nil {
		t.Fatal(err)
	}
	if p := want[api.CampaignProgress](f.house, f.call("GET", "/api/v1"+path, nil, nobody...), http.StatusOK); p.State != "live" {
		t.Errorf("progress %+v", p)
	}
	want[object](f.house, f.act(f.ann, "reinstate"), http.StatusOK)
	f.gate.Forget()
	if err := f.desk.Reassess(t.Context(), f.org, ""); err != nil {
		t.Fatal(err)
	}
	order(1)

	f.later.Store(int64(32 * 24 * time.Hour)) // the deadline and every pay window have passed
	if err := f.desk.Step(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	done, _ := f.read(f.vendor, c.ID)
	if done.State != string(campaigns.CampaignSucceeded) || done.Progress.Percent != "150.0" || done.Progress.Units.Reserved != 0 {
		t.Errorf("%s, %+v", done.State, done.Progress)
	}
	if !slices.Equal(list("past"), []string{c.ID}) {
		t.Errorf("past %v", list("past"))
	}
	w.until(func(p api.CampaignProgress) bool { return p.Units.Paid == 3 })
}
