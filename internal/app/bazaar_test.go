package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// bazaar is a whole service with a certified product, those who sell, review, run and
// buy, each with a token of their own, and a clock that the test puts forward. All
// goes over HTTP.
type bazaar struct {
	*service
	ahead atomic.Int64

	maya, lina, omar, olga string // startup, reviewer, two operators
	buyers                 []string
	org, product           string
}

func openBazaar(t *testing.T) *bazaar {
	t.Helper()
	b := &bazaar{service: &service{t: t, data: t.TempDir()}}
	b.App, b.log = sample(t, app.Config{Data: b.data, Now: b.now})
	if err := b.Certify(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := func(email string, role []auth.Role, scope auth.Scope) string {
		text, err := b.Token(t.Context(), email, role, scope)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	b.maya = token("maya@aurora.example", nil, auth.ScopeStartup)
	b.lina = token("lina@reviewers.example", nil, auth.ScopeReviewer)
	b.omar = token("omar@operators.example", nil, auth.ScopeOperator)
	b.olga = token("olga@operators.example", []auth.Role{auth.RoleOperator}, auth.ScopeOperator)
	for i := range 4 {
		b.buyers = append(b.buyers, token(fmt.Sprintf("buyer%d@backers.example", i), nil, auth.ScopeBacker))
	}
	var me struct{ Orgs []struct{ Org string } }
	b.as(b.maya, "GET", "/api/v1/me", nil, &me)
	b.org = me.Orgs[0].Org
	var shelf struct{ Campaigns []api.Campaign }
	b.as("", "GET", "/api/v1/campaigns", nil, &shelf)
	b.product = shelf.Campaigns[0].Product
	b.as(b.omar, "PUT", "/api/v1/orgs/"+b.org+"/identity", object{"legal_name": "Aurora Air Private Limited", "registration": "U1", "bank_account": "escrow 1"}, nil)
	return b
}

type object map[string]any

func (b *bazaar) now() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }

// pass puts the clock forward. The provider sleeps until what it has planned, and is
// woken: it did not see the clock move.
func (b *bazaar) pass(d time.Duration) {
	b.t.Helper()
	b.ahead.Add(int64(d))
	b.psp("GET", "/balance", nil, nil)
}

// try makes a request and gives its status and its body.
func (b *bazaar) try(token, method, path string, in any, headers ...string) (int, []byte) {
	b.t.Helper()
	body, isFile := in.([]byte)
	if !isFile && in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			b.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+b.Addresses().HTTP+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	if isFile {
		r.Header.Set("Content-Type", "application/octet-stream")
		r.Header.Set("Content-Disposition", `attachment; filename="box.png"`)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// as wants a request to be done.
func (b *bazaar) as(token, method, path string, in, out any, headers ...string) {
	b.t.Helper()
	status, body := b.try(token, method, path, in, headers...)
	if status/100 != 2 {
		b.t.Fatalf("%s %s: %d: %s", method, path, status, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			b.t.Fatalf("%s %s: %v: %s", method, path, err, body)
		}
	}
}

// refused wants a request to be refused with a status and a word in its problem.
func (b *bazaar) refused(token, method, path string, in any, status int, word string, headers ...string) {
	b.t.Helper()
	if got, body := b.try(token, method, path, in, headers...); got != status || !strings.Contains(string(body), word) {
		b.t.Fatalf("%s %s: %d: %s; want %d with %q", method, path, got, body, status, word)
	}
}

// until waits for what the service does by itself.
func (b *bazaar) until(what string, so func() bool) {
	b.t.Helper()
	for range 1200 {
		if so() {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	b.t.Fatalf("not in a minute: %s", what)
}

// stage is a campaign as it was last seen.
type stage struct {
	*bazaar
	api.Campaign
}

func (s *stage) path(rest string) string { return "/api/v1/campaigns/" + s.ID + rest }

// does makes a request about the version that was seen.
func (s *stage) does(token, method, rest string, in any) {
	s.t.Helper()
	s.as(token, method, s.path(rest), in, &s.Campaign, "If-Match", fmt.Sprint(s.Version))
}

// becomes waits until the campaign is in a state.
func (s *stage) becomes(state string) {
	s.t.Helper()
	s.until("campaign is "+state, func() bool {
		s.as(s.maya, "GET", s.path(""), nil, &s.Campaign)
		return s.State == state
	})
}

// live writes a campaign of ₹4,999.00 a unit for a day, has it approved, and waits
// until it is open.
func (b *bazaar) live(target, stock int64) *stage {
	b.t.Helper()
	s := &stage{bazaar: b}
	opens := b.now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	b.as(b.maya, "POST", "/api/v1/campaigns", object{
		"product": b.product, "title": "Pure " + opens.Format(time.RFC3339), "category": "air", "tagline": "Clean air", "story": "Because.", "risks": "It may be late.",
		"regions": []string{"IN"}, "price": 499_900, "currency": "INR", "target_units": target, "stock_limit": stock,
		"opens_at": opens, "closes_at": opens.Add(24 * time.Hour), "ship": object{"kind": "success", "days": 60},
		"schedule": []object{{"when": "success", "share_bp": 3000}},
	}, &s.Campaign)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 64, 64))); err != nil {
		b.t.Fatal(err)
	}
	s.does(b.maya, "POST", "/pictures?alt="+url.QueryEscape("a box"), picture.Bytes())
	s.does(b.maya, "POST", "/submit", nil)
	s.does(b.lina, "POST", "/approve", nil)
	if s.State != "scheduled" || s.Certificate == "" {
		b.t.Fatalf("an approved campaign is %s, on certificate %q", s.State, s.Certificate)
	}
	b.pass(opens.Sub(b.now()))
	s.becomes("live")
	return s
}

// order reserves units for a buyer.
func (s *stage) order(buyer int, units int64, key string) (o api.Order) {
	s.t.Helper()
	s.as(s.buyers[buyer], "POST", s.path("/orders"), object{"units": units}, &o, "Idempotency-Key", key)
	return o
}

// bought orders, pays on the provider's page as a browser does, and waits for the word.
func (s *stage) bought(buyer int, units int64) api.Order {
	s.t.Helper()
	o := s.order(buyer, units, fmt.Sprint("k", time.Now().UnixNano()))
	var paying api.Paying
	s.as(s.buyers[buyer], "POST", "/api/v1/orders/"+o.ID+"/pay", nil, &paying)
	form := url.Values{"attempt": {"1"}, "method": {"upi"}, "instrument": {"success@test"}}
	resp, err := http.PostForm("http://"+s.Addresses().HTTP+paying.Page.URL, form)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 && resp.StatusCode/100 != 3 {
		s.t.Fatalf("the pay page: %s", resp.Status)
	}
	s.until("order is paid", func() bool { return s.read(buyer, o.ID).State == "paid" })
	return s.read(buyer, o.ID)
}

func (s *stage) read(buyer int, order string) (o api.Order) {
	s.t.Helper()
	s.as(s.buyers[buyer], "GET", "/api/v1/orders/"+order, nil, &o)
	return o
}

// vouchers are the series of an order's vouchers, in their order.
func (s *stage) vouchers(buyer int, order string) string {
	s.t.Helper()
	var found []struct{ Kind string }
	s.as(s.buyers[buyer], "GET", "/api/v1/orders/"+order+"/vouchers", nil, &found)
	var kinds []string
	for _, v := range found {
		kinds = append(kinds, v.Kind)
	}
	return strings.Join(kinds, " ")
}

// balances wants amounts on accounts of the campaign's books, and nothing on others.
func (s *stage) balances(want map[string]int64) {
	s.t.Helper()
	var found []api.Balance
	s.as(s.omar, "GET", s.path("/balances"), nil, &found)
	var debit, credit int64
	got := map[string]int64{}
	for _, b := range found {
		debit, credit = debit+b.Debit, credit+b.Credit
		if b.Amount != 0 {
			got[b.Account] = b.Amount
		}
	}
	if debit != credit || fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("debit %d, credit %d, balances\n%v, want\n%v", debit, credit, got, want)
	}
}

// psp is a call of the payment simulator by its operator.
func (b *bazaar) psp(method, path string, in, out any) {
	b.t.Helper()
	var keys simulator.Keys
	readJSON(b.t, b.data+"/psp.json", &keys)
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+b.Addresses().HTTP+"/psp/v1"+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.SetBasicAuth(keys.ID, keys.Secret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		b.t.Fatalf("psp %s %s: %s: %v: %s", method, path, resp.Status, err, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			b.t.Fatal(err)
		}
	}
}
