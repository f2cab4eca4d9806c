package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// keptPage is an answer that was made before.
type keptPage struct {
	header http.Header // shared: never changed
	body   []byte
	at     time.Time
}

// A page is kept for a second at most without an event: events are at most once,
// and this is the net below them.
const (
	keepFor   = time.Second
	keepMost  = 5_000
	cacheFor  = "public, max-age=60, stale-while-revalidate=300"
	badgeLife = "public, max-age=300"
)

// Forget drops what is kept, because something has changed.
func (c *Certificates) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	clear(c.kept)
}

// lookUp gives the answer to a path that is fresh, or the age at which one is made.
func (c *Certificates) lookUp(path string) (page keptPage, fresh bool, age uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	page, ok := c.kept[path]
	return page, ok && c.now().Sub(page.at) < keepFor, c.age
}

// keep remembers an answer, unless something changed since age: it may have been
// made before.
func (c *Certificates) keep(path string, age uint64, page keptPage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	if len(c.kept) >= keepMost {
		clear(c.kept)
	}
	c.kept[path] = page
}

func (p keptPage) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(p.body))) // otherwise a page goes in chunks
	_, _ = w.Write(p.body)                             // the client is gone, or it has it
}

// keeping answers from memory where it can.
func (c *Certificates) keeping(render func(r *http.Request) (media string, body []byte, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		own := personal(r)
		page, fresh, age := c.lookUp(r.URL.Path)
		if !fresh || own {
			at := c.now()
			media, body, err := render(r)
			if err != nil {
				c.fail(w, r, err)
				return
			}
			page = keptPage{headerOf(media, body), body, at}
			if own {
				page.header.Set("Cache-Control", "private, no-cache")
			} else {
				c.keep(r.URL.Path, age, page)
			}
		}
		page.serve(w, r)
	}
}

func headerOf(media string, body []byte) http.Header {
	h := http.Header{}
	secure(h)
	h.Set("Content-Type", media)
	h.Set("ETag", tagOf(body))
	h.Set("Cache-Control", cacheFor)
	h.Set("Vary", "Cookie")       // who is logged in sees that
	if media == "image/svg+xml" { // others show it on their pages
		h.Set("Cache-Control", badgeLife)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	return h
}

func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// Keep stands before everything and answers from memory what is asked without a
// login: pages, and of the API a certificate as JSON and the status list. What it
// has not of the API, it asks next for, and keeps like a page.
func (c *Certificates) Keep(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !anonymous(r) {
			next.ServeHTTP(w, r)
			return
		}
		page, fresh, age := c.lookUp(r.URL.Path)
		switch {
		case fresh:
			page.serve(w, r)
			return
		case !keptOfAPI(r.URL.Path): // the pages keep themselves
			next.ServeHTTP(w, r)
			return
		}
		at, answer := c.now(), recorder{header: http.Header{}}
		whole := r.Clone(r.Context())
		whole.Header.Del("If-None-Match")
		next.ServeHTTP(&answer, whole)
		if answer.status != http.StatusOK {
			answer.copyTo(w)
			return
		}
		answer.header.Del("X-Request-Id") // that of one request
		if answer.header.Get("ETag") == "" {
			answer.header.Set("ETag", tagOf(answer.body.Bytes()))
			answer.header.Set("Cache-Control", "public, no-cache")
		}
		page = keptPage{answer.header, answer.body.Bytes(), at}
		c.keep(r.URL.Path, age, page)
		page.serve(w, r)
	})
}

// anonymous says whether the answer to a request is the same for all who ask.
func anonymous(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.RawQuery == "" && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") == ""
}

// personal says whether a page shows who visits, or has something to say to them.
func personal(r *http.Request) bool {
	v := visitOf(r.Context())
	return v != nil && (v.person != nil || len(v.notes) > 0 || len(v.kept(notesKey)) > 0)
}

func keptOfAPI(path string) bool {
	serial, ok := strings.CutPrefix(path, "/api/v1/certificates/")
	return ok && serial != "" && !strings.Contains(serial, "/") || path == "/status/list"
}

// recorder takes an answer before it is sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *recorder) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *recorder) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *recorder) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *recorder) copyTo(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(a.body.Bytes()) // the client is gone, or it has it
}
