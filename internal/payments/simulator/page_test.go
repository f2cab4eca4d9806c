package simulator_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/payments/simulator"
)

// browser opens pages over real HTTP and sends their forms.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
}

// visit serves p and opens a browser that stops before it leaves the site.
func visit(t *testing.T, p *simulator.PSP) *browser {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: server.URL, http: &http.Client{Jar: jar}}
}

// page is what the browser shows.
type page struct {
	status int
	path   string
	head   http.Header
	text   string
}

func (b *browser) open(path string) page {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, nil)
}

func (b *browser) send(path string, form url.Values) page {
	b.t.Helper()
	return b.do(http.MethodPost, path, form, nil)
}

func (b *browser) do(method, path string, form url.Values, head http.Header) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range head {
		r.Header[k] = v
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{resp.StatusCode, resp.Request.URL.Path, resp.Header, string(body)}
}

var attemptField = regexp.MustCompile(`name="attempt" value="([A-Z0-9]+)-`)

// form fills the form of a method with an instrument.
func (pg page) form(t *testing.T, m campaigns.PaymentMethod, instrument string, more ...string) url.Values {
	t.Helper()
	found := attemptField.FindStringSubmatch(pg.text)
	if found == nil {
		t.Fatalf("no form on the page:\n%s", pg.text)
	}
	f := url.Values{"method": {string(m)}, "instrument": {instrument}, "attempt": {found[1] + "-" + string(m)}}
	if m == campaigns.MethodCard {
		f.Set("expiry", "12/39")
		f.Set("code", "123")
	}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

func (pg page) says(t *testing.T, what ...string) {
	t.Helper()
	for _, w := range what {
		if !strings.Contains(html.UnescapeString(pg.text), w) {
			t.Errorf("the page %s does not say %q:\n%s", pg.path, w, pg.text)
		}
	}
}

func TestABuyerPaysOnThePageWithoutJavaScript(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := create(t, p, "k")
	pay := b.open(o.PayPage.URL)
	pay.says(t, "moves no real money", "₹1,499.00", "Purifier, first batch", "ord_k", "14 minutes left")
	for _, tag := range []string{"<script", "style=", "onclick", "http-equiv"} {
		if strings.Contains(pay.text, tag) {
			t.Errorf("the pay page holds %s", tag)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := pay.head.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if csp := pay.head.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy: %q", csp)
	}

	// A code first, wrong once.
	step := b.send(o.PayPage.URL, pay.form(t, "card", "4000 0000 0000 3220"))
	step.says(t, "Confirm with a code", "card ending 3220")
	step = b.send(step.path, url.Values{"answer": {"000000"}})
	step.says(t, "That code is wrong. 2 more tries.")
	done := b.send(step.path, url.Values{"answer": {"123456"}})
	done.says(t, "Paid.", "Back to", "psp_order="+o.Ref)

	// The way back is signed.
	back := regexp.MustCompile(`href="(http://shop\.example/return[^"]*)"`).FindStringSubmatch(done.text)
	u, err := url.Parse(html.UnescapeString(back[1]))
	if err != nil {
		t.Fatal(err)
	}
	if u.Query().Get("order") != "k" {
		t.Errorf("the way back %s lost what it had", u)
	}
	if ref, err := p.Client().VerifyReturn(u.Query()); err != nil || ref != o.Ref {
		t.Errorf("the way back: %q, %v", ref, err)
	}
	forged := u.Query()
	forged.Set("psp_order", "psporder_other")
	if _, err := p.Client().VerifyReturn(forged); err == nil {
		t.Error("a forged way back verifies")
	}
}

func TestADoubleClickIsOnePayment(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := create(t, p, "k")
	form := b.open(o.PayPage.URL).form(t, "upi", "success@test")
	var both sync.WaitGroup
	paths := make([]string, 8)
	for i := range paths {
		both.Go(func() { paths[i] = b.send(o.PayPage.URL, form).path })
	}
	both.Wait()
	for _, path := range paths {
		if path != paths[0] {
			t.Errorf("one click leads to %s, another to %s", paths[0], path)
		}
	}
	if o = fetch(t, p, o.Ref); states(o) != "captured" {
		t.Errorf("payments %q, want one", states(o))
	}
}

func TestGoingBackNeitherPaysTwiceNorHidesWhatHappened(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := create(t, p, "k")
	pay := b.open(o.PayPage.URL)
	form := pay.form(t, "wallet", "empty")
	failed := b.send(o.PayPage.URL, form)
	failed.says(t, "Not paid: there is not enough money in the wallet", "Try another way to pay")
	if again := b.send(o.PayPage.URL, form); again.path != failed.path {
		t.Errorf("the same form again leads to %s, want %s", again.path, failed.path)
	}
	b.send(o.PayPage.URL, b.open(o.PayPage.URL).form(t, "wallet", "full")).says(t, "Paid.")
	b.open(o.PayPage.URL).says(t, "This order is paid", "Back to")
	b.send(o.PayPage.URL, pay.form(t, "upi", "success@test")).says(t, "This order is paid")
	b.open(failed.path).says(t, "The order itself is paid by another payment")
	if got := states(fetch(t, p, o.Ref)); got != "failed captured" {
		t.Errorf("payments %q", got)
	}
}

func TestAnExpiredOrderTakesNoPaymentAndSaysSo(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := create(t, p, "k")
	form := b.open(o.PayPage.URL).form(t, "upi", "success@test")
	if err := p.Advance(t.Context(), 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	b.open(o.PayPage.URL).says(t, "The time to pay has run out", "Back to")
	b.send(o.PayPage.URL, form).says(t, "The time to pay has run out")
	if o = fetch(t, p, o.Ref); len(o.Payments) != 0 || o.State != campaigns.ProviderOrderExpired {
		t.Errorf("order %s with payments %q", o.State, states(o))
	}
}

func TestWhatABuyerTypesIsJudgedByTheServer(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := create(t, p, "k")
	pay := b.open(o.PayPage.URL)
	for name, tc := range map[string]struct {
		form url.Values
		want string
	}{
		"a card that is no test card": {pay.form(t, "card", "5555 5555 5555 4444"), "Never type the number of a real card here"},
		"a card that has expired":     {pay.form(t, "card", "4111111111111111", "expiry", "01/20"), "The card has expired"},
		"a date that is none":         {pay.form(t, "card", "4111111111111111", "expiry", "13/39"), "written as MM/YY"},
		"a code of two digits":        {pay.form(t, "card", "4111111111111111", "code", "12"), "3 or 4 digits"},
		"an address of a real bank":   {pay.form(t, "upi", "me@bank"), "Only the test addresses"},
		"a script as an address":      {pay.form(t, "upi", `"><script>alert(1)</script>`), "Only the test addresses"},
		"no bank":                     {pay.form(t, "netbanking", ""), "Please choose one of the list"},
		"no method":                   {url.Values{"attempt": {"x"}}, "Please choose one of the list"},
		"no attempt":                  {pay.form(t, "upi", "success@test", "attempt", ""), "Please choose again"},
	} {
		got := b.send(o.PayPage.URL, tc.form)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d, want 422", name, got.status)
		}
		got.says(t, tc.want)
		if strings.Contains(got.text, "<script") || strings.Contains(got.text, "5555 5555") || strings.Contains(got.text, "5555555555554444") {
			t.Errorf("%s: the page shows it again", name)
		}
	}
	at := o.PayPage.URL
	if o = fetch(t, p, o.Ref); len(o.Payments) != 0 {
		t.Errorf("payments %q, want none", states(o))
	}
	// An amount that the buyer sends is not asked for.
	b.send(at, pay.form(t, "upi", "success@test", "amount", "1"))
	if o = fetch(t, p, o.Ref); o.Payments[0].Amount != 149900 {
		t.Errorf("paid %d, want 149900", o.Payments[0].Amount)
	}
	for _, path := range []string{"/psp/pay/AAAAAAAAAAAAAAAAAAAAAAAAAA", at + "/psppay_0"} {
		if got := b.open(path); got.status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, got.status)
		}
	}
	if got := b.do(http.MethodPost, at, pay.form(t, "upi", "success@test"), http.Header{"Sec-Fetch-Site": {"cross-site"}}); got.status != http.StatusForbidden {
		t.Errorf("a form of another site: status %d, want 403", got.status)
	}
}

func TestNoCardNumberIsStoredOrLogged(t *testing.T) {
	log, dir := new(syncBuffer), t.TempDir()
	p := open(t, simulator.Options{File: filepath.Join(dir, "psp.db"), Log: logTo(log)})
	m := listen(p)
	b := visit(t, p)
	for i, number := range []string{"4111111111111111", "4000000000003220", "4000000000000002", "5555555555554444"} {
		o := create(t, p, key("k%d", i))
		b.send(o.PayPage.URL, b.open(o.PayPage.URL).form(t, "card", number))
	}
	for range 4 + 1 + 2 {
		<-m.heard
	}
	m.mu.Lock()
	seen := fmt.Sprintf("%+v", m.events) + log.String()
	for _, e := range m.events {
		seen += fmt.Sprintf("%+v", *e.Payment)
	}
	m.mu.Unlock()
	if !strings.Contains(seen, "card ending 1111") {
		t.Error("the last four digits should be there")
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		body, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		seen += string(body)
	}
	for _, number := range []string{"4111111111111111", "4000000000003220", "4000000000000002", "5555555555554444"} {
		if strings.Contains(seen, number) || strings.Contains(seen, number[:12]) {
			t.Errorf("card %s is in the file, the log or an event", number)
		}
	}
}

func TestTheQRCodeHoldsTheUPIIntent(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := create(t, p, "k")
	b.open(o.PayPage.URL).says(t, "upi://pay?am=1499.00&cu=INR&pa=proofmark.demo%40test&pn=Proofmark%20demonstration&tn=Simulated%20payment&tr="+o.Ref)
	svg := b.open(o.PayPage.URL + "/qr.svg")
	if svg.head.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(svg.text, "<svg ") || !strings.Contains(svg.text, `d="M4 4h7v1h-7z`) {
		t.Errorf("%s: %.200s", svg.head.Get("Content-Type"), svg.text)
	}
}

func TestTheOperatorsPageNeedsTheKeyAndWorks(t *testing.T) {
	p := open(t, simulator.Options{})
	b := visit(t, p)
	o := paid(t, p, "k", campaigns.MethodUPI, "success@test")
	if got := b.open("/psp/operator"); got.status != http.StatusUnauthorized {
		t.Fatalf("without the key: status %d, want 401", got.status)
	}
	r, _ := http.NewRequest("GET", b.base, nil)
	r.SetBasicAuth(p.Keys().ID, p.Keys().Secret)
	act := func(method, path string, form url.Values) page {
		return b.do(method, "/psp/operator"+path, form, r.Header)
	}
	act("GET", "", nil).says(t, "ord_k", "₹1,499.00", "success@test: captured")
	act("POST", "/topup", url.Values{"rupees": {"500"}}).says(t, "₹1,999.00")
	act("POST", "/clock", url.Values{"advance": {"48h"}}).says(t, "48h0m0s ahead")
	act("POST", "/payout", nil)
	if b := p.Balance(); b.Available != 0 || b.PaidOut != 199900 {
		t.Errorf("balance %+v, want all of it paid out", b)
	}
	act("POST", "/faults", url.Values{"seed": {"9"}, "lost": {"0.25"}, "late_by": {"90s"}})
	if f := p.Faults(); f.Seed != 9 || f.Lost != 0.25 || f.LateBy != simulator.Duration(90*time.Second) {
		t.Errorf("faults %+v", f)
	}
	act("POST", "/faults", url.Values{"lost": {"7"}}).says(t, "want a share of 0 to 1")
	act("POST", "/clock", url.Values{"advance": {"-1h"}}).says(t, "it only goes forward")
	m := listen(p)
	for range 4 {
		<-m.heard
	}
	act("POST", "/orders/"+o.Ref+"/send", nil)
	<-m.heard
	if names, _ := m.names(); !strings.HasSuffix(names, " payment.captured") {
		t.Errorf("events %q, want the last one again", names)
	}
}
