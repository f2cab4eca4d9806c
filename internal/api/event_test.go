package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/miot"
)

// follower reads an event stream.
type follower struct {
	t     *testing.T
	lines *bufio.Scanner
	close context.CancelFunc
}

func (h *house) follow(t *testing.T, path, token string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%s, %q", resp.Status, got)
	}
	f := &follower{t, bufio.NewScanner(resp.Body), cancel}
	if !f.lines.Scan() || !strings.HasPrefix(f.lines.Text(), ": ") {
		t.Fatalf("the stream begins with %q", f.lines.Text())
	}
	return f
}

// next returns the next event.
func (f *follower) next() (kind string, data object) {
	f.t.Helper()
	for f.lines.Scan() {
		line := f.lines.Text()
		if k, ok := strings.CutPrefix(line, "event: "); ok {
			kind = k
		}
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(d), &data); err != nil {
				f.t.Fatalf("%s: %v", d, err)
			}
			return kind, data
		}
	}
	f.t.Fatalf("the stream ended: %v", f.lines.Err())
	return "", nil
}

func TestEventsFollowADevice(t *testing.T) {
	h := build(t)
	h.purifier("p.1", "")
	h.purifier("p.2", "")
	f := h.follow(t, "/api/v1/events?did=p.1&kind=changed,violation,presence", h.operator)
	other := h.connect("p.2", obedient)
	other.report(1, miot.PropertyValue{DID: "p.2", SIID: 3, PIID: 1, Value: json.RawMessage("1")})
	g := h.connect("p.1", obedient)
	if kind, data := f.next(); kind != "presence" || data["online"] != true || data["did"] != "p.1" {
		t.Errorf("%s %v", kind, data)
	}
	g.report(1, miot.PropertyValue{DID: "p.1", SIID: 3, PIID: 1, Value: json.RawMessage("12")},
		miot.PropertyValue{DID: "p.1", SIID: 3, PIID: 3, Value: json.RawMessage("101")})
	seen := map[string]object{}
	for range 2 { // of different subjects: in either order
		kind, data := f.next()
		seen[kind] = data
	}
	if seen["changed"]["did"] != "p.1" || seen["violation"]["rule"] != "value-range" {
		t.Errorf("%v", seen)
	}
}

func TestAnAppFollowsTheDevicesOfItsAccount(t *testing.T) {
	h := build(t)
	token, account := h.token(auth.ScopeApp)
	h.purifier("mine", account)
	h.purifier("sold", account)
	h.purifier("foreign", "")
	f := h.follow(t, "/api/v1/events?kind=changed", token)
	if err := h.registry.SetOwner(t.Context(), "sold", "", "sold"); err != nil {
		t.Fatal(err)
	}
	for _, did := range []string{"foreign", "sold", "mine"} {
		h.connect(did, obedient).report(1, miot.PropertyValue{DID: did, SIID: 3, PIID: 1, Value: json.RawMessage("1")})
	}
	if _, data := f.next(); data["did"] != "mine" {
		t.Errorf("an app saw %v", data)
	}
}

func TestAStreamRefusesUnknownKinds(t *testing.T) {
	h := build(t)
	h.problem(h.call("GET", "/api/v1/events?kind=everything", nil), http.StatusUnprocessableEntity, "invalid")
}

// relayed publishes what is committed, as the service does.
func (h *house) relayed() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		jobs.NewRelay(h.db.Jobs(), h.bus, slog.New(slog.DiscardHandler)).Run(ctx)
	}()
	h.Cleanup(func() { cancel(); <-ended })
}

// What follows devices ends with the right to, at once and not at the next sign of
// life, and whatever else the account has goes on.
func TestAStreamEndsWithTheRightToIt(t *testing.T) {
	h := build(t, func(c *api.Config) { c.Heartbeat = time.Hour })
	h.relayed()
	ann, bob := h.lodger(), h.lodger()
	home := ann.home("Lake Road")
	ann.owns("p1", home)
	ann.lets(bob, home, object{"role": "member"})
	text := func(l *lodger) string { return strings.TrimPrefix(l.header[1], "Bearer ") }
	other, spare, err := h.auth.CreateToken(t.Context(), auth.NewToken{Account: bob.account, Scopes: []auth.Scope{auth.ScopeApp}})
	h.must(err)
	chief, chiefs := h.token(auth.ScopeOperator)
	follow := func(token string) *follower { return h.follow(t, "/api/v1/events?did=p1", token) }
	over := func(what string, f *follower, reason string) {
		t.Helper()
		if kind, data := f.next(); kind != "end" || data["reason"] != reason {
			t.Errorf("%s: %s %v", what, kind, data)
		}
	}
	bobs, spares, anns, chiefly := follow(text(bob)), follow(spare), follow(text(ann)), follow(chief)
	h.must(h.auth.Revoke(t.Context(), auth.Actor{Account: bob.account}, other.ID))
	over("a revoked token", spares, "the token ended")
	h.must(h.auth.RevokeRole(t.Context(), auth.System, chiefs, auth.RoleOperator))
	over("an operator no more", chiefly, "the token ended")
	want[object](h, ann.do("DELETE", "/homes/"+home+"/members/"+bob.account, nil), http.StatusNoContent)
	over("a member who was put out", bobs, "the caller is no longer in one of the homes")
	h.must(h.auth.BlockAccount(t.Context(), auth.System, ann.account, "a test"))
	over("a blocked account", anns, "the token ended")
}
