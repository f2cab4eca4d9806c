package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/registry"
)

// errUnreadable is a request that no form of ours sends.
var errUnreadable = errors.New("the request cannot be read")

// errAbsent is a page that is not there for this visitor.
var errAbsent = errors.New("there is no such page")

// statuses are what an error of the domain is as a page, the first that fits.
var statuses = []struct {
	err    error
	status int
	tell   bool // its words are for the visitor
}{
	{errAbsent, http.StatusNotFound, false},
	{errUnreadable, http.StatusBadRequest, true},
	{registry.ErrNotFound, http.StatusNotFound, false},
	{auth.ErrNotFound, http.StatusNotFound, false},
	{blob.ErrNotFound, http.StatusNotFound, false},
	{mail.ErrNotFound, http.StatusNotFound, false},
	{auth.ErrNotYours, http.StatusForbidden, true},
	{auth.ErrBlocked, http.StatusForbidden, true},
	{registry.ErrBadCode, http.StatusBadRequest, true},
	{registry.ErrQuarantined, http.StatusConflict, true},
	{registry.ErrForbidden, http.StatusForbidden, true},
	{certification.ErrForbidden, http.StatusForbidden, true},
	{certification.ErrState, http.StatusConflict, true},
	{certification.ErrInvalid, http.StatusUnprocessableEntity, true},
	{auth.ErrConflict, http.StatusConflict, false},
	{registry.ErrConflict, http.StatusConflict, false},
	{registry.ErrExists, http.StatusConflict, true},
	{campaigns.ErrNotOpen, http.StatusConflict, true},
	{campaigns.ErrHeld, http.StatusConflict, true},
	{campaigns.ErrTooLate, http.StatusConflict, true},
	{campaigns.ErrOverloaded, http.StatusServiceUnavailable, false},
	{registry.ErrUnavailable, http.StatusServiceUnavailable, false},
	{registry.ErrBusy, http.StatusServiceUnavailable, false},
	{registry.ErrStopped, http.StatusServiceUnavailable, false},
	{auth.ErrBusy, http.StatusServiceUnavailable, false},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, false},
}

// fail is the one place where an error of the domain becomes a page. What nobody
// expected is a defect of ours: the page gives the number under which it is logged.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	var (
		often *auth.LimitError
		large *tooLarge
	)
	switch {
	case errors.As(err, &often):
		w.Header().Set("Retry-After", strconv.Itoa(int(often.After.Seconds())+1))
		p.site.Fail(w, r, http.StatusTooManyRequests, sentence(often.Error()))
		return
	case errors.As(err, &large):
		p.site.Fail(w, r, http.StatusRequestEntityTooLarge, sentence(large.Error()))
		return
	case errors.Is(err, context.Canceled): // they have gone
		return
	}
	for _, s := range statuses {
		if !errors.Is(err, s.err) {
			continue
		}
		detail := ""
		if s.tell {
			detail = sentence(plain(err))
		}
		if s.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "2")
			p.log.LogAttrs(r.Context(), slog.LevelWarn, "page not available", slog.String("path", r.URL.Path), slog.Any("err", err))
		}
		p.site.Fail(w, r, s.status, detail)
		return
	}
	number := w.Header().Get("X-Request-Id")
	p.log.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.String("path", r.URL.Path), slog.String("request", number), slog.Any("err", err))
	p.site.Fail(w, r, http.StatusInternalServerError, number)
}

// Lost gives people a page where next, which speaks to programs, has none for
// them: a browser that asks for a path that is not there.
func (s *Site) Lost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/html") || strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		l := &lost{ResponseWriter: w}
		next.ServeHTTP(l, r)
		if l.status != 0 {
			for _, name := range []string{"Content-Type", "Content-Length", "Content-Security-Policy"} {
				w.Header().Del(name)
			}
			s.Fail(w, r, l.status, "")
		}
	})
}

// lost takes an answer away that says there is nothing.
type lost struct {
	http.ResponseWriter
	status int // what it said
}

// WriteHeader implements http.ResponseWriter.
func (l *lost) WriteHeader(status int) {
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		l.status = status
		return
	}
	l.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (l *lost) Write(b []byte) (int, error) {
	if l.status != 0 {
		return len(b), nil
	}
	return l.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what the connection can do.
func (l *lost) Unwrap() http.ResponseWriter { return l.ResponseWriter }
