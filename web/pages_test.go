package web

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// notebook is a section with one thing in it: a note with a row version.
type notebook struct {
	mu    sync.Mutex
	text  string
	rev   int64
	made  atomic.Int64
	gate  chan struct{} // when there is one, /notes/make waits for it
	fails error
}

func (n *notebook) Mount(p *Pages) {
	p.Get("/note", LoggedIn, func(v *Visit) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		f := v.NewForm("/note", "name", n.text)
		f.Rev = n.rev
		return v.Show("account", &AccountPage{Page: Page{Title: "Note"}, Name: f, Password: newForm("#", nil)})
	})
	p.Post("/note", LoggedIn, func(v *Visit) error {
		f, err := v.Form()
		if err != nil {
			return err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if f.Rev != n.rev {
			return v.Stale(f, n.rev, "/note", StaleRow{Name: "name", Label: "Name", Theirs: n.text})
		}
		n.text, n.rev = f.Get("name"), n.rev+1
		v.Note("good", "noted")
		return v.Go("/note")
	})
	p.Post("/notes/make", LoggedIn, func(v *Visit) error {
		f, err := v.Form()
		if err != nil {
			return err
		}
		path, err := v.Once(f, func() (string, error) {
			if n.gate != nil {
				<-n.gate
			}
			if n.fails != nil {
				return "", n.fails
			}
			return fmt.Sprintf("/note?made=%d", n.made.Add(1)), nil
		})
		if err != nil {
			return err
		}
		return v.Go(path)
	})
	p.Get("/broken", Anybody, func(*Visit) error { return errors.New("a wire is loose") })
	p.Get("/panic", Anybody, func(*Visit) error { panic("a wire is loose") })
	p.Get("/away", Anybody, func(*Visit) error { return fmt.Errorf("campaign: %w", registry.ErrUnavailable) })
	p.Get("/reviewers", Only(auth.RoleReviewer), func(v *Visit) error {
		return v.Show("error", &ErrorPage{Status: 404})
	})
}

func withNotebook(t *testing.T) (*house, *notebook) {
	n := &notebook{rev: 1, text: "first"}
	return openHouse(t, func(*house) Section { return n }), n
}

func TestLogInLeadsBackToWhereOneWas(t *testing.T) {
	h, _ := withNotebook(t)
	h.person("asha@example.com")
	b := h.browser()
	b.get("/note?x=1").goes(t, "/log-in?next=%2Fnote%3Fx%3D1")
	page := b.get("/log-in?next=%2Fnote%3Fx%3D1")
	page.says(t, http.StatusOK, h.say("log-in.first"), `name="next" value="/note?x=1"`)
	refused := b.send("/log-in", "email", `"><b>x`, "password", "wrong one", "next", "/note?x=1")
	refused.says(t, http.StatusUnprocessableEntity, "Wrong e-mail address or password", `value="&#34;&gt;&lt;b&gt;x"`, `name="next" value="/note?x=1"`)
	if strings.Contains(refused.body, "wrong one") {
		t.Error("a password is shown")
	}
	b.send("/log-in", "email", "asha@example.com", "password", password, "next", "/note?x=1").goes(t, "/note?x=1")
	b.get("/note").says(t, http.StatusOK, "asha")
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)"} {
		h.browser().send("/log-in", "email", "asha@example.com", "password", password, "next", next).goes(t, "/")
	}
	b.send("/log-out").goes(t, "/")
	b.get("/note").goes(t, "/log-in?next=%2Fnote")
}

func TestWhatWasTypedSurvivesTheEndOfTheSession(t *testing.T) {
	h, n := withNotebook(t)
	h.person("asha@example.com")
	b := h.browser()
	b.logIn("asha@example.com")
	b.get("/note").says(t, http.StatusOK, `value="first"`)
	h.later(auth.SessionIdle)
	b.send("/note", "form-rev", "1", "name", "a long thought", "password", "secret").goes(t, "/log-in?next=%2Fnote")
	b.send("/log-in", "email", "asha@example.com", "password", password, "next", "/note").goes(t, "/note")
	page := b.get("/note")
	page.says(t, http.StatusOK, `value="a long thought"`, h.say("form.restored"), `name="form-rev" value="1"`)
	b.get("/note").says(t, http.StatusOK, `value="first"`) // once
	b.send("/note", "form-rev", page.hidden(t, "form-rev"), "name", "a long thought").goes(t, "/note")
	if n.text != "a long thought" {
		t.Errorf("%q was stored", n.text)
	}
	b.get("/note").says(t, http.StatusOK, "noted")
	if body := b.get("/note").body; strings.Contains(body, "noted") {
		t.Error("it is said twice")
	}
}

func TestAStalePageShowsBoth(t *testing.T) {
	h, n := withNotebook(t)
	h.person("asha@example.com")
	one, other := h.browser(), h.browser()
	one.logIn("asha@example.com")
	other.logIn("asha@example.com")
	rev := one.get("/note").hidden(t, "form-rev")
	other.send("/note", "form-rev", rev, "name", "theirs <b>").goes(t, "/note")
	stale := one.send("/note", "form-rev", rev, "name", "mine <i>")
	stale.says(t, http.StatusConflict, "theirs &lt;b&gt;", "mine &lt;i&gt;", `name="name" value="mine &lt;i&gt;"`)
	one.send("/note", "form-rev", stale.hidden(t, "form-rev"), "name", html.UnescapeString(stale.hidden(t, "name"))).goes(t, "/note")
	if n.text != "mine <i>" {
		t.Errorf("%q was stored", n.text)
	}
}

func TestAFormSentTwiceIsOneThing(t *testing.T) {
	h, n := withNotebook(t)
	h.person("asha@example.com")
	h.person("ravi@example.com")
	b := h.browser()
	b.logIn("asha@example.com")
	n.gate = make(chan struct{})
	var both sync.WaitGroup
	places := make([]string, 2)
	for i := range places {
		both.Go(func() { places[i] = b.send("/notes/make", "form-key", "k1").Header.Get("Location") })
	}
	close(n.gate)
	both.Wait()
	if n.made.Load() != 1 || places[0] != "/note?made=1" || places[1] != places[0] {
		t.Errorf("made %d, went to %q", n.made.Load(), places)
	}
	b.send("/notes/make", "form-key", "k1").goes(t, "/note?made=1") // later too
	b.send("/notes/make", "form-key", "k2").goes(t, "/note?made=2")
	other := h.browser()
	other.logIn("ravi@example.com")
	other.send("/notes/make", "form-key", "k1").goes(t, "/note?made=3") // another's key is another form
	n.fails = errUnreadable
	b.send("/notes/make", "form-key", "k3").says(t, http.StatusBadRequest)
	n.fails = nil
	b.send("/notes/make", "form-key", "k3").goes(t, "/note?made=4") // what failed may be sent again
}

func TestFaultsArePagesThatHelp(t *testing.T) {
	h, _ := withNotebook(t)
	h.person("asha@example.com")
	b := h.browser()
	for _, path := range []string{"/broken", "/panic"} {
		w := b.get(path)
		w.says(t, http.StatusInternalServerError, h.say("error.500.title"), w.Header.Get("X-Request-Id"))
		if strings.Contains(w.body, "wire") {
			t.Errorf("%s tells our secrets: %s", path, w.body)
		}
	}
	away := b.get("/away")
	away.says(t, http.StatusServiceUnavailable, h.say("error.503.title"))
	if away.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	b.logIn("asha@example.com")
	b.get("/reviewers").says(t, http.StatusForbidden, h.say("error.403.title"), "asha")
	b.send("/note", "name", "\xff").says(t, http.StatusBadRequest)
	b.send("/note", "name", strings.Repeat("a", mostForm+1)).says(t, http.StatusRequestEntityTooLarge)
}

func TestAnotherSiteCannotSendOurForms(t *testing.T) {
	h, n := withNotebook(t)
	h.person("asha@example.com")
	b := h.browser()
	b.logIn("asha@example.com")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/note", strings.NewReader("form-rev=1&name=stolen"))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	b.do(r).says(t, http.StatusForbidden, "https://evil.example")
	if n.text != "first" {
		t.Error("it was stored")
	}
}

func TestANameIsRefusedBesideItsField(t *testing.T) {
	h := openHouse(t)
	h.person("asha@example.com")
	b := h.browser()
	b.logIn("asha@example.com")
	long := strings.Repeat("n", 201)
	b.send("/account/name", "name", long).says(t, http.StatusUnprocessableEntity,
		`id="name-error"`, `aria-describedby="name-help name-error"`, `aria-invalid="true"`, long, "201 characters")
	b.send("/account/name", "name", " Asha <script>alert(1)</script> ").goes(t, "/account")
	page := b.get("/account")
	page.says(t, http.StatusOK, h.say("account.renamed"), "Asha &lt;script&gt;alert(1)&lt;/script&gt;")
	if strings.Contains(page.body, "<script>alert") {
		t.Error("a name is no text")
	}
}

func TestBrowsersGetAPageWhereThereIsNone(t *testing.T) {
	s := newSite(t)
	for accept, want := range map[string]string{"text/html,*/*": "<h1>", "application/json": "{}"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/nowhere", nil)
		must(t, err)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		s.Lost(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("{}"))
		})).ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", accept, w.Code, w.Body)
		}
	}
}

func TestTheNavigationShowsWhereAPageIs(t *testing.T) {
	startup := &Person{Roles: []string{"startup"}}
	for path, want := range map[string]string{
		"/": "", "/campaigns/cmp_1": "/campaigns", "/certificates/verify": "/certificates/verify", "/certificates/PM-1": "/certificates",
		"/startup/campaigns/cmp_1": "/startup", "/orgs/org_1/fleet": "/startup", "/products/prd_1": "/startup", "/runs/run_1": "/startup", "/orgsoever": "",
	} {
		p := &Page{Path: path, Person: startup}
		for _, e := range p.Entrances() {
			if p.At(e) != (e.Path == want) {
				t.Errorf("on %s the entrance to %s: %v", path, e.Path, p.At(e))
			}
		}
	}
}
