package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

// house is the pages over a real store and real HTTP.
type house struct {
	testing.TB
	db     *store.DB
	auth   *auth.Service
	mail   *postbox
	server *httptest.Server
	say    func(key string, args ...any) string

	file string // of the database

	mu  sync.Mutex
	now time.Time
}

// postbox keeps the mails of the accounts, and hands their texts to who waits.
type postbox struct {
	*mail.Outbox
	texts chan string
}

func (p *postbox) Send(ctx context.Context, to, subject, text string) error {
	err := p.Outbox.Send(ctx, mail.Message{To: to, Subject: subject, Text: text})
	p.texts <- text
	return err
}

// code waits for a mail and takes the code out of it.
func (p *postbox) code() string {
	link := regexp.MustCompile(`code=(\S+)`).FindStringSubmatch(<-p.texts)
	if link == nil {
		return ""
	}
	code, _ := url.QueryUnescape(link[1])
	return code
}

const password = "wind over the lake"

func openHouse(t testing.TB, sections ...func(h *house) Section) *house {
	t.Helper()
	h := &house{TB: t, now: time.Now().UTC().Truncate(time.Microsecond), mail: &postbox{texts: make(chan string, 100)}}
	var err error
	h.file = storetest.SQLite(t)
	h.db, err = store.Open(t.Context(), "sqlite:"+h.file)
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	h.mail.Outbox = mail.NewOutbox(h.db.Mail(), nil, h.clock, slog.New(slog.DiscardHandler))
	h.auth = auth.New(auth.Options{Store: h.db.Auth(), Now: h.clock, Mail: h.mail, Cost: auth.PasswordCost{Memory: 64, Passes: 1, Threads: 1}})
	t.Cleanup(h.auth.Close)
	site := newSite(t)
	h.say = site.Say
	pages := NewPages(PagesOptions{Site: site, Auth: h.auth, Now: h.clock})
	r := chi.NewRouter()
	all := []Section{NewPeople(PeopleOptions{Auth: h.auth, Mails: h.mail, Orders: h.db.Campaigns(), Addresses: h.db.Fulfilment(), URL: "http://localhost:8080"})}
	for _, s := range sections {
		all = append(all, s(h))
	}
	pages.Mount(r, all...)
	h.server = httptest.NewServer(r)
	t.Cleanup(h.server.Close)
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// person makes an account with the password above.
func (h *house) person(email string, roles ...auth.Role) auth.Account {
	h.Helper()
	a, err := h.auth.CreatePerson(h.Context(), auth.System, email, strings.Split(email, "@")[0], password, roles...)
	must(h, err)
	return a
}

// browser is somebody's: it keeps cookies, and follows no redirect by itself.
type browser struct {
	*house
	client *http.Client
	at     string // the last page, for the Referer
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(h, err)
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, ""}
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(r *http.Request) answer {
	b.Helper()
	r.Header.Set("Accept", "text/html")
	if b.at != "" {
		r.Header.Set("Referer", b.server.URL+b.at)
	}
	w, err := b.client.Do(r)
	must(b, err)
	body, err := io.ReadAll(w.Body)
	must(b, err)
	must(b, w.Body.Close())
	if csp := w.Header.Get("Content-Security-Policy"); w.StatusCode != http.StatusSeeOther && strings.HasPrefix(w.Header.Get("Content-Type"), "text/html") && csp != policy {
		b.Errorf("%s: Content-Security-Policy %q", r.URL, csp)
	}
	return answer{w, string(body)}
}

func (b *browser) get(path string) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.server.URL+path, nil)
	must(b, err)
	w := b.do(r)
	b.at = path
	return w
}

// send posts a form: pairs of field and value.
func (b *browser) send(path string, pairs ...string) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.server.URL+path, strings.NewReader(pairsOf(pairs).Encode()))
	must(b, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.server.URL)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// logIn logs in as the person with the password above.
func (b *browser) logIn(email string) {
	b.Helper()
	b.send("/log-in", "email", email, "password", password).goes(b, "/")
}

// goes checks that an answer leads to another page.
func (a answer) goes(t testing.TB, path string) {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != path {
		t.Fatalf("%d to %q, want 303 to %q: %s", a.StatusCode, a.Header.Get("Location"), path, a.body)
	}
}

// says checks status and texts of an answer, as they stand in HTML.
func (a answer) says(t testing.TB, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s: %d, want %d: %s", a.Request.URL, a.StatusCode, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page lacks %q: %s", text, a.body)
		}
	}
}

// hidden is the value of a hidden field.
func (a answer) hidden(t testing.TB, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no hidden field %s: %s", name, a.body)
	}
	return m[1]
}
