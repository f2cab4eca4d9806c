package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// Site renders pages. It is made once and used by all requests.
type Site struct {
	pages  map[string]*template.Template
	assets *assets
	words  words
	log    *slog.Logger
	demo   bool
}

// Options say how a site is shown.
type Options struct {
	Demo bool         // every page says that its world is made up
	Log  *slog.Logger // discards when nil
}

// New reads templates, words and assets. It fails only where this package itself
// is wrong, so whoever starts it may give up.
func New(o Options) (*Site, error) {
	w, err := readWords()
	if err != nil {
		return nil, err
	}
	a, err := readAssets()
	if err != nil {
		return nil, err
	}
	s := &Site{pages: map[string]*template.Template{}, assets: a, words: w, log: o.Log, demo: o.Demo}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, s.parse()
}

// parse makes one template of each page: the layout, the parts, and the page.
func (s *Site) parse() error {
	base, err := template.New("layout.html").Funcs(s.funcs()).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	return fs.WalkDir(templateFiles, "templates", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(file) == "layout.html" || strings.HasPrefix(file, "templates/parts/") {
			return err
		}
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, file)
		}
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		s.pages[strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")] = t
		return nil
	})
}

// Page is what every page has in common. A page's struct embeds it.
type Page struct {
	Title       string // of the document; the site's name is added
	Description string // for those who list or preview the page
	Path        string // of this page, for the navigation
	Canonical   string // its full address, where it has one to share
	Picture     string // full address of a picture to share
	Person      *Person
	Notes       []Note // about what was just done
	Now         time.Time
	Wide        bool // the page wants the whole width
	Live        bool // the page has parts that move: htmx and its events are loaded
	Watch       bool // the page follows an order or a campaign: watch.js is loaded
	Quiet       bool // search engines leave the page out

	Site *Site // set by Render
}

func (p *Page) page() *Page { return p }

// Pager is any struct that embeds Page.
type Pager interface{ page() *Page }

// Person is who is logged in, as the layout shows it.
type Person struct {
	Name  string
	Roles []string // the parts of the site that are theirs: backer, startup, reviewer, operator
}

// May says whether a part of the site is this person's.
func (p *Person) May(role string) bool {
	return p != nil && slices.Contains(p.Roles, role)
}

// Note is a sentence above the page.
type Note struct {
	Kind string // good, bad, info
	Text string
}

// Demo says whether the world is made up.
func (p *Page) Demo() bool { return p.Site != nil && p.Site.demo }

// Bytes renders a page.
func (s *Site) Bytes(name string, p Pager) ([]byte, error) {
	t := s.pages[name]
	if t == nil {
		return nil, fmt.Errorf("web: no page is named %q", name)
	}
	p.page().Site = s
	if p.page().Now.IsZero() {
		p.page().Now = time.Now()
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", p); err != nil {
		return nil, fmt.Errorf("web: page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Render answers with a page. Nothing is sent before all of it is there, so a
// fault gives a whole error page.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, status int, name string, p Pager) {
	if p.page().Path == "" {
		p.page().Path = r.URL.Path
	}
	if v := visitOf(r.Context()); v != nil {
		v.complete(p.page())
	}
	b, err := s.Bytes(name, p)
	if err != nil {
		s.log.Error("page not rendered", "page", name, "path", r.URL.Path, "err", err)
		s.Fail(w, r, http.StatusInternalServerError, "")
		return
	}
	secure(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the client is gone, or it has it
	}
}

// ErrorPage says what went wrong and where to go on.
type ErrorPage struct {
	Page
	Status int
	Detail string
}

// Fail answers with the page for an error: the status, what it means, and a way on.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, status int, detail string) {
	p := &ErrorPage{Page: Page{Title: s.words.say(fmt.Sprintf("error.%d.title", status)), Path: r.URL.Path}, Status: status, Detail: detail}
	if v := visitOf(r.Context()); v != nil {
		p.Person = v.person
	}
	b, err := s.Bytes("error", p)
	if err != nil { // the page for errors itself: words only
		s.log.Error("error page not rendered", "err", err)
		http.Error(w, http.StatusText(status), status)
		return
	}
	secure(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b)
	}
}

// policy lets a page use its own assets and nothing else: no inline script or
// style, no other site, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that every page has.
func secure(h http.Header) {
	set := func(name, value string) {
		if h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	set("Content-Security-Policy", policy)
	set("X-Content-Type-Options", "nosniff")
	set("Referrer-Policy", "same-origin")
	set("Cross-Origin-Opener-Policy", "same-origin")
	set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
	set("Cache-Control", "private, no-cache")
}
