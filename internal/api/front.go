package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

// front stands before every route: it names the request, sets the headers that
// every answer has, turns a panic into a 500, and tells log and metrics.
func (a *API) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		v := &visit{id: id.New("req"), client: auth.ClientOf(r, a.proxies)}
		h := w.Header()
		h.Set("X-Request-Id", v.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		defer func() {
			cause := recover()
			if cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // net/http compares it too
				a.log.Error("panic", "request", v.id, "method", r.Method, "path", r.URL.Path, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if ww.Status() == 0 {
					newProblem(kindInternal, "").write(ww, r)
				} else {
					cause = http.ErrAbortHandler // half an answer must not look whole
				}
			}
			a.seen(r, v, ww.Status(), time.Since(began))
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it too
				panic(cause)
			}
		}()
		next.ServeHTTP(ww, r)
	})
}

// seen logs and counts an answered request.
func (a *API) seen(r *http.Request, v *visit, status int, took time.Duration) {
	route := chi.RouteContext(r.Context()).RoutePattern()
	if route == "" || strings.HasSuffix(route, "/*") { // the latter where we are mounted
		route = "none"
	}
	if status == 0 {
		status = http.StatusOK // the handler wrote nothing, and net/http will say this
	}
	method := r.Method
	if !slices.Contains(methods, method) {
		method = "OTHER" // a stranger's words must not become a label
	}
	if a.observe != nil {
		a.observe(route, method, status, took)
	}
	level := slog.LevelInfo
	switch {
	case status == http.StatusInternalServerError:
		level = slog.LevelError
	case route == "/healthz" || route == "/readyz":
		level = slog.LevelDebug // a probe every second says nothing
	case route == ordersRoute && status < http.StatusBadRequest:
		level = slog.LevelDebug // twenty thousand a second; the order itself is the record
	}
	if !a.log.Enabled(r.Context(), level) {
		return
	}
	a.log.LogAttrs(r.Context(), level, "request", slog.String("method", method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took), slog.String("request", v.id), slog.String("account", v.actor.Account), slog.String("token", v.actor.Token))
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// wrongMethod answers 405 and says which methods the path takes.
func (a *API) wrongMethod(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath
	}
	var allowed []string
	for _, m := range methods {
		if a.router.Match(chi.NewRouteContext(), m, path) {
			allowed = append(allowed, m)
		}
	}
	newProblem(kindMethod, r.Method+" "+r.URL.Path+": it takes "+strings.Join(allowed, ", ")).
		with("Allow", strings.Join(allowed, ", ")).write(w, r)
}
