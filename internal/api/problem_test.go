package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
)

// The problems that belong to no feature; the others are seen where the feature is tested.
func TestProblems(t *testing.T) {
	h := build(t)
	app, _ := h.token(auth.ScopeApp)
	for _, c := range []struct {
		name, method, path string
		body               any
		header             []string
		status             int
		kind               string
		answer             []string // a header and what it holds
	}{
		{"no token", "GET", "/api/v1/products", nil, []string{"Authorization", ""}, 401, "unauthorized", []string{"WWW-Authenticate", `Bearer realm="proofmark"`}},
		{"another scheme", "GET", "/api/v1/products", nil, []string{"Authorization", "Basic eDp5"}, 401, "unauthorized", []string{"WWW-Authenticate", `Bearer realm="proofmark"`}},
		{"a token that is none", "GET", "/api/v1/products", nil, []string{"Authorization", "Bearer x"}, 401, "unauthorized", []string{"WWW-Authenticate", `error="invalid_token"`}},
		{"the wrong scope", "GET", "/api/v1/products", nil, []string{"Authorization", "bearer " + app}, 403, "forbidden", nil},
		{"an unknown path", "GET", "/api/v1/nothing", nil, nil, 404, "not-found", nil},
		{"an unknown path outside of the API", "GET", "/nothing", nil, nil, 404, "not-found", nil},
		{"an unknown product", "GET", "/api/v1/products/prd_none", nil, nil, 404, "not-found", nil},
		{"a method that the path does not take", "PUT", "/api/v1/products", nil, nil, 405, "method-not-allowed", []string{"Allow", "GET, POST"}},
		{"a form instead of JSON", "POST", "/api/v1/accounts", `name=x`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "media-type", nil},
		{"a body over 1 MiB", "POST", "/api/v1/products", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "too-large", nil},
		{"a batch over 2 MiB", "POST", "/api/v1/devices:batch", `{"product_id":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, "too-large", nil},
		{"an app's body over 1 MiB", "POST", "/app/v2/miotspec/prop/get", strings.Repeat(" ", 1<<20+1), []string{"Authorization", "Bearer " + app}, 413, "too-large", nil},
		{"no JSON", "POST", "/api/v1/accounts", `{`, nil, 400, "unreadable", nil},
		{"no body", "POST", "/api/v1/accounts", nil, nil, 400, "unreadable", nil},
		{"a missing member", "POST", "/api/v1/accounts", `{}`, nil, 422, "invalid", nil},
		{"an unknown member", "POST", "/api/v1/accounts", `{"name":"x","nome":"y"}`, nil, 422, "invalid", nil},
		{"a limit of 0", "GET", "/api/v1/products?limit=0", nil, nil, 422, "invalid", nil},
		{"a spec that is a list", "POST", "/api/v1/products", `{"spec":[]}`, nil, 422, "spec-refused", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.call(c.method, c.path, c.body, c.header...)
			h.problem(r, c.status, c.kind)
			if c.answer != nil && !strings.Contains(r.Header.Get(c.answer[0]), c.answer[1]) {
				t.Errorf("%s: %q, want %q", c.answer[0], r.Header.Get(c.answer[0]), c.answer[1])
			}
		})
	}
}

func TestWhatIsWrongWithABodyIsSaid(t *testing.T) {
	h := build(t)
	p := h.problem(h.call("POST", "/api/v1/tokens", `{"account":"a","scopes":["root"],"ttl_s":-5}`), 422, "invalid")
	var places []string
	for _, e := range p.Errors {
		places = append(places, e.Location)
		if e.Message == "" {
			t.Errorf("%+v", e)
		}
	}
	if got := strings.Join(places, " "); !strings.Contains(got, "body.scopes[0]") || !strings.Contains(got, "body.ttl_s") {
		t.Errorf("places %q", got)
	}
}

func TestADefectShowsNothingButItsRequestID(t *testing.T) {
	h := build(t)
	h.spoil("product")
	r := h.call("GET", "/api/v1/products", nil)
	p := h.problem(r, http.StatusInternalServerError, "internal")
	if p.Detail != "" || strings.Contains(string(r.body), "sql") {
		t.Errorf("internals are shown: %s", r.body)
	}
	if log := h.log.String(); !strings.Contains(log, p.RequestID) || !strings.Contains(log, "no such table") {
		t.Errorf("the log has no cause: %s", log)
	}
}

func TestWhatIsAwaySaysWhenToComeBack(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	if err := h.bus.Close(); err != nil {
		t.Fatal(err)
	}
	r := h.call("POST", "/api/v1/devices/p1/requests", `{"method":"miIO.info"}`)
	h.problem(r, http.StatusServiceUnavailable, "unavailable")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestTheAPIMayBeMounted(t *testing.T) {
	routes := make(chan string, 1)
	h := build(t)
	outer := chi.NewRouter()
	outer.Get("/mqtt", func(http.ResponseWriter, *http.Request) {})
	outer.Mount("/", api.New(api.Config{
		Registry: h.registry, Auth: h.auth, Bus: h.bus,
		Observe: func(route, _ string, _ int, _ time.Duration) { routes <- route },
	}))
	for _, c := range []struct {
		method, path, route string
		status              int
	}{
		{"GET", "/api/v1/devices/p1", "/api/v1/devices/{did}", 401},
		{"GET", "/healthz", "/healthz", 200},
		{"PUT", "/healthz", "none", 405},
		{"GET", "/api/v1/none", "none", 404},
	} {
		w := httptest.NewRecorder()
		outer.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if route := <-routes; w.Code != c.status || route != c.route {
			t.Errorf("%s %s: %d on route %s, want %d on %s", c.method, c.path, w.Code, route, c.status, c.route)
		}
	}
}

func TestAPanicIsAProblemAndIsLogged(t *testing.T) {
	h := build(t, func(c *api.Config) {
		c.Ready = func(context.Context) map[string]error { panic("the roof is on fire") }
	})
	r := h.call("GET", "/readyz", nil)
	h.problem(r, 500, "internal")
	if strings.Contains(string(r.body), "roof") {
		t.Errorf("%s", r.body)
	}
	if log := h.log.String(); !strings.Contains(log, "the roof is on fire") || !strings.Contains(log, r.Header.Get("X-Request-Id")) {
		t.Errorf("%s", log)
	}
}

func TestTheProbesTellOfEachPart(t *testing.T) {
	var broken error
	h := build(t, func(c *api.Config) {
		c.Ready = func(context.Context) map[string]error { return map[string]error{"storage": nil, "mqtt": broken} }
	})
	if got := want[object](h, h.call("GET", "/healthz", nil, "Authorization", ""), 200); got["status"] != "ok" || got["version"] != "test" {
		t.Errorf("%v", got)
	}
	type ready struct {
		Status string
		Parts  map[string]string
	}
	if got := want[ready](h, h.call("GET", "/readyz", nil, "Authorization", ""), 200); got.Status != "ready" || got.Parts["mqtt"] != "ok" {
		t.Errorf("%+v", got)
	}
	broken = errors.New("dial tcp 10.0.0.7: refused")
	r := h.call("GET", "/readyz", nil)
	if got := want[ready](h, r, 503); got.Status != "not ready" || got.Parts["mqtt"] != "failed" || got.Parts["storage"] != "ok" {
		t.Errorf("%+v", got)
	}
	if strings.Contains(string(r.body), "10.0.0.7") || !strings.Contains(h.log.String(), "10.0.0.7") {
		t.Error("the cause belongs into the log, and only there")
	}
	if r := h.call("HEAD", "/healthz", nil); r.StatusCode != 200 {
		t.Errorf("HEAD: %s", r.Status)
	}
}

func TestEveryRequestIsLoggedAndObservedByItsRoute(t *testing.T) {
	type seen struct {
		route, method string
		status        int
	}
	got := make(chan seen, 8)
	h := build(t, func(c *api.Config) {
		c.Observe = func(route, method string, status int, d time.Duration) {
			if d <= 0 {
				t.Errorf("took %v", d)
			}
			got <- seen{route, method, status}
		}
	})
	for _, c := range []struct {
		method, path string
		want         seen
	}{
		{"GET", "/api/v1/devices/p.1/twin", seen{"/api/v1/devices/{did}/twin", "GET", 404}},
		{"GET", "/wp-admin", seen{"none", "GET", 404}},
		{"BREW", "/api/v1/devices", seen{"none", "OTHER", 405}},
	} {
		r := h.call(c.method, c.path, nil)
		if s := <-got; s != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.method, c.path, s, c.want)
		}
		for header, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
			if r.Header.Get(header) != value {
				t.Errorf("%s: %q", header, r.Header.Get(header))
			}
		}
	}
	if log := h.log.String(); !strings.Contains(log, `"route":"/api/v1/devices/{did}/twin"`) || strings.Contains(log, h.operator) {
		t.Errorf("%s", log)
	}
}
