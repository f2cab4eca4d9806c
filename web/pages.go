package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

// Pages serves the pages that know who visits. A part of the site is a Section,
// which adds its pages with Get and Post:
//
//	func (s *Orders) Mount(p *Pages) {
//		p.Get("/orders", LoggedIn, s.list)
//		p.Post("/orders/{id}/cancel", LoggedIn, s.cancel)
//	}
//
// A handler fills a page struct and answers by Visit.Show, Visit.Again (a form
// that was refused) or Visit.Go (after a change); an error that it returns becomes
// the page for it (fail.go).
type Pages struct {
	site     *Site
	auth     *auth.Service
	browsers *auth.Browsers
	origin   *http.CrossOriginProtection
	proxies  []netip.Prefix
	observe  func(route, method string, status int, d time.Duration)
	log      *slog.Logger
	now      func() time.Time
	sent     sent

	router chi.Router // while Mount runs
}

// PagesOptions are what the pages work with; Site and Auth are needed.
type PagesOptions struct {
	Site      *Site
	Auth      *auth.Service
	PublicURL string         // our address as browsers see it: changes may come from its pages
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed; those of this machine when nil
	Now       func() time.Time
	// Observe hears of every request that was answered, by its route's pattern.
	Observe func(route, method string, status int, d time.Duration)
}

// NewPages makes them.
func NewPages(o PagesOptions) *Pages {
	if o.Proxies == nil {
		o.Proxies = auth.LocalProxies
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Pages{
		site: o.Site, auth: o.Auth, browsers: o.Auth.Browsers(), origin: auth.SameOrigin(o.PublicURL),
		proxies: o.Proxies, observe: o.Observe, log: o.Site.log, now: o.Now, sent: sent{now: o.Now},
	}
	p.browsers.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { p.fail(w, r, err) }
	return p
}

// Section is a part of the site.
type Section interface{ Mount(p *Pages) }

// Handler answers a visit.
type Handler func(v *Visit) error

// Access says who may open a page.
type Access func(auth.Actor) bool

// Anybody opens the page, logged in or not.
func Anybody(auth.Actor) bool { return true }

// LoggedIn is whoever is logged in with a confirmed address.
func LoggedIn(a auth.Actor) bool { return len(a.Roles) > 0 }

// Only is whoever has the role; operators have all.
func Only(r auth.Role) Access {
	return func(a auth.Actor) bool { return a.Is(r) || a.Is(auth.RoleOperator) }
}

// Mount adds the pages of all sections to a router.
func (p *Pages) Mount(r chi.Router, sections ...Section) {
	pack, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.ContentTypes([]string{"text/html", "application/json", "text/csv", "image/svg+xml"}),
		gzhttp.RandomJitter(32, 0, false)) // the length of a packed page tells nothing of what it holds (BREACH)
	if err != nil {
		panic(err) // the options are above
	}
	r.Group(func(r chi.Router) {
		r.Use(p.front, func(next http.Handler) http.Handler { return pack(next) }, p.browsers.Handler, p.identify)
		p.router = r
		for _, s := range sections {
			s.Mount(p)
		}
		p.router = nil
	})
}

// Get adds a page.
func (p *Pages) Get(pattern string, who Access, h Handler) {
	p.router.Get(pattern, p.handle(who, h))
}

// Post adds what a form does. Only our own pages may send it.
func (p *Pages) Post(pattern string, who Access, h Handler) {
	p.router.Post(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := p.origin.Check(r); err != nil {
			p.site.Fail(w, r, http.StatusForbidden, p.site.Say("error.cross-origin", r.Header.Get("Origin")))
			return
		}
		p.handle(who, h)(w, r)
	})
}

func (p *Pages) handle(who Access, h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.w, v.r = w, r
		switch {
		case who(v.Actor):
			if err := h(v); err != nil {
				p.fail(w, r, err)
			}
		case v.Actor.Account == "":
			v.keep()
			_ = v.Go(logInPath(v.back()))
		default:
			p.site.Fail(w, r, http.StatusForbidden, "")
		}
	}
}

// front stands before every page: it names the request, turns a panic into a page,
// and tells log and metrics.
func (p *Pages) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		v := &Visit{pages: p, id: id.New("req"), client: auth.ClientOf(r, p.proxies)}
		w.Header().Set("X-Request-Id", v.id)
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		defer func() {
			cause := recover()
			if cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // net/http compares it too
				p.log.Error("panic", "request", v.id, "method", r.Method, "path", r.URL.Path, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if ww.Status() == 0 {
					p.site.Fail(ww, r, http.StatusInternalServerError, v.id)
				} else {
					cause = http.ErrAbortHandler // half a page must not look whole
				}
			}
			p.seen(r, v, max(ww.Status(), http.StatusOK), time.Since(began))
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it too
				panic(cause)
			}
		}()
		next.ServeHTTP(ww, r)
	})
}

// seen logs and counts an answered request.
func (p *Pages) seen(r *http.Request, v *Visit, status int, took time.Duration) {
	route := chi.RouteContext(r.Context()).RoutePattern()
	if p.observe != nil {
		p.observe(route, r.Method, status, took)
	}
	level := slog.LevelInfo
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	p.log.LogAttrs(r.Context(), level, "page", slog.String("method", r.Method), slog.String("route", route), slog.Int("status", status),
		slog.Duration("took", took), slog.String("request", v.id), slog.String("account", v.Actor.Account))
}

// identify finds out who visits, by the session's cookie.
func (p *Pages) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.w, v.r = w, r
		cookie, err := r.Cookie(auth.SessionCookie)
		if err != nil {
			next.ServeHTTP(w, r)
			return
		}
		actor, err := p.auth.Actor(r.Context(), auth.Credential{Session: cookie.Value})
		switch {
		case err == nil:
			a, err := p.auth.Known(r.Context(), actor.Account)
			if err != nil {
				p.fail(w, r, err)
				return
			}
			v.Actor, v.person = actor, personOf(a, actor)
		case errors.Is(err, auth.ErrNoSession): // the cookie outlived it
		case errors.Is(err, auth.ErrBlocked):
			// They may read what everybody may; who they were is no secret to them.
			v.note("bad", p.site.Say("account.blocked"))
		default:
			p.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func personOf(a auth.Account, actor auth.Actor) *Person {
	out := &Person{Name: a.Name}
	for _, r := range actor.Roles {
		out.Roles = append(out.Roles, string(r))
	}
	return out
}
