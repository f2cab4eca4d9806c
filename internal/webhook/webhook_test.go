package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/internal/webhook"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantRule(t *testing.T, err error, rule webhook.Rule) {
	t.Helper()
	var r *webhook.Refusal
	if !errors.As(err, &r) || r.Rule != rule {
		t.Fatalf("error is %v, want a refusal under %s", err, rule)
	}
}

// world is a service on a real store, under a clock that the test moves.
type world struct {
	*testing.T
	*webhook.Service
	db    *store.DB
	mu    sync.Mutex
	clock time.Time
	key   webhook.Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	w := &world{T: t, db: db, clock: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
	w.key, err = webhook.LoadKey(filepath.Join(t.TempDir(), "webhook.key"))
	must(t, err)
	w.Service = w.service(true)
	return w
}

// service is a process on the same store.
func (w *world) service(private bool) *webhook.Service {
	return webhook.NewService(w.db.Webhooks(), webhook.Options{Key: w.key, Private: private, Now: w.now})
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// receiver is somebody's server. It checks every request as a receiver should.
type receiver struct {
	*httptest.Server
	w      *world
	secret string

	mu     sync.Mutex
	got    []webhook.Body
	raw    [][]byte
	ids    []string
	answer func(http.ResponseWriter, *http.Request, webhook.Body)
}

func (w *world) receiver() *receiver {
	r := &receiver{w: w}
	r.Server = httptest.NewServer(r)
	w.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		r.w.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := webhook.Verify(r.secret, req.Header, raw, webhook.Tolerance, r.w.now()); err != nil {
		r.w.Errorf("request %s: %v", raw, err)
	}
	var b webhook.Body
	if err := json.Unmarshal(raw, &b); err != nil || b.ID != req.Header.Get(webhook.HeaderID) {
		r.w.Errorf("body %s: %v", raw, err)
	}
	if b.Type == webhook.KindConfirm {
		r.confirm(rw, b)
		return
	}
	r.got, r.raw, r.ids = append(r.got, b), append(r.raw, raw), append(r.ids, b.ID)
	if r.answer != nil {
		r.answer(rw, req, b)
	}
}

func nonceOf(b webhook.Body) string {
	var data struct{ Nonce string }
	_ = json.Unmarshal(b.Data, &data)
	return data.Nonce
}

func (r *receiver) confirm(rw http.ResponseWriter, b webhook.Body) {
	c, err := webhook.Confirmation(r.secret, nonceOf(b))
	if err != nil {
		r.w.Error(err)
	}
	_ = json.NewEncoder(rw).Encode(map[string]string{"confirmation": c})
}

// answers makes it answer from now on.
func (r *receiver) answers(f func(http.ResponseWriter, *http.Request, webhook.Body)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) status(code int) {
	r.answers(func(w http.ResponseWriter, _ *http.Request, _ webhook.Body) { w.WriteHeader(code) })
}

func (r *receiver) sequences() (all []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.got {
		all = append(all, b.Sequence)
	}
	return all
}

// endpoint registers the receiver and confirms it.
func (w *world) endpoint(r *receiver, org string, kinds ...string) webhook.Endpoint {
	w.Helper()
	e, secret, err := w.Create(ctx, "acc_1", webhook.NewEndpoint{Org: org, URL: r.URL + "/hook", Kinds: kinds})
	must(w, err)
	r.mu.Lock()
	r.secret = secret
	r.mu.Unlock()
	e, err = w.Confirm(ctx, "acc_1", e.ID)
	must(w, err)
	return e
}

func (w *world) notice(kind, org string) notice.Notice {
	w.Helper()
	n, err := notice.New(w.now(), kind, "crt_1", org, map[string]string{"state": "suspended"})
	must(w, err)
	return n
}

// tell spreads a new notice.
func (w *world) tell(kind, org string) notice.Notice {
	w.Helper()
	n := w.notice(kind, org)
	must(w, w.Spread(ctx, n))
	return n
}

// work makes every attempt that is due for the endpoint.
func (w *world) work(e webhook.Endpoint) (made int) {
	w.Helper()
	for {
		more, err := w.Step(ctx, e.ID, "run_test")
		must(w, err)
		if !more {
			return made
		}
		made++
	}
}

func (w *world) delivery(e webhook.Endpoint, sequence int64) (webhook.Delivery, []webhook.Attempt) {
	w.Helper()
	list, err := w.Deliveries(ctx, e.ID, sequence+1, 1)
	must(w, err)
	if len(list) == 0 {
		w.Fatalf("endpoint %s has no delivery %d", e.ID, sequence)
	}
	d, attempts, err := w.Delivery(ctx, list[0].ID)
	must(w, err)
	return d, attempts
}
