package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

func TestTheFleetOverHTTP(t *testing.T) {
	s := shelve(t)
	desk := health.NewDesk(s.db.Health(), certification.NewLife(s.db.Programme(), nil, nil), nil, nil)
	h := build(t, func(c *api.Config) {
		c.Registry, c.Auth, c.Health = s.registry, s.auth, desk
	})
	h.db, h.operator = s.db, s.operator
	id := s.product("air-purifier")
	if err := s.registry.GiveProduct(t.Context(), id, s.org); err != nil {
		t.Fatal(err)
	}
	owner, account := s.token(auth.ScopeBacker)
	day := time.Now().UTC().Truncate(24 * time.Hour)
	var marks []registry.FieldMark
	for _, did := range []string{"p1", "p2", "p3", "p4", "p5"} {
		s.purifier(did, account)
		for _, rule := range []string{"", "spec.value-range"} {
			marks = append(marks, registry.FieldMark{
				DID: did, ProductID: id, Firmware: "1", Day: day, Rule: rule, SIID: 3, IID: 1, Count: 1, LastAt: day, Last: `"p1 of Asha"`,
			})
		}
	}
	if err := s.db.Registry().CountField(t.Context(), marks); err != nil {
		t.Fatal(err)
	}
	if err := desk.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	as := func(token, method, path string, body any) reply {
		t.Helper()
		return h.call(method, "/api/v1"+path, body, "Authorization", "Bearer "+token)
	}
	queue := want[object](h, as(s.ann, "GET", "/health-flags", nil), http.StatusOK)["flags"].([]any)
	if len(queue) != 1 {
		t.Fatalf("%v", queue)
	}
	flag := "/health-flags/" + queue[0].(object)["id"].(string)
	h.problem(as(s.vendor, "GET", "/health-flags", nil), http.StatusForbidden, "forbidden")
	h.problem(as(owner, "GET", "/products/"+id+"/health", nil), http.StatusForbidden, "forbidden")
	view := want[object](h, as(s.vendor, "GET", "/products/"+id+"/health", nil), http.StatusOK)
	if len(view["standings"].([]any)) != 1 || len(view["flags"].([]any)) != 1 {
		t.Errorf("%v", view)
	}
	if full := want[object](h, as(s.ann, "GET", flag, nil), http.StatusOK); len(full["evidence"].([]any)) != 5 {
		t.Errorf("the reviewer sees %v", full)
	}
	if public := want[object](h, as(s.vendor, "GET", flag, nil), http.StatusOK); public["evidence"] != nil {
		t.Errorf("the maker sees %v", public)
	}

	// Consent is its owner's.
	path := "/devices/p1/diagnostics-consent"
	h.problem(as(s.vendor, "PUT", path, object{"given": true}), http.StatusNotFound, "not-found")
	want[any](h, as(owner, "PUT", path, object{"given": true}), http.StatusNoContent)
	if got := want[object](h, as(owner, "GET", path, nil), http.StatusOK); got["given"] != true {
		t.Errorf("%v", got)
	}
	seen := want[object](h, as(s.vendor, "GET", "/products/"+id+"/health/devices?firmware=1&rule=spec.value-range", nil), http.StatusOK)["devices"].([]any)
	named := 0
	for _, d := range seen {
		switch e := d.(object); {
		case e["device"] == "p1" && e["last"] == `"p1 of Asha"`:
			named++
		case e["redacted"] != true || e["last"] != `"x0 xx xxxx"`:
			t.Errorf("the maker sees %v", e)
		}
	}
	if named != 1 || len(seen) != 5 {
		t.Errorf("%v", seen)
	}
	p := h.problem(as(s.vendor, "GET", "/products/"+id+"/health/devices?firmware=1&rule=odd", nil), http.StatusUnprocessableEntity, "invalid")
	if p.Rule != "health-rule" {
		t.Errorf("%+v", p)
	}

	// A reviewer decides.
	decision := object{"rev": 0, "reason": "A particle density that no air has."}
	h.problem(as(s.vendor, "POST", flag+"/uphold", decision), http.StatusForbidden, "forbidden")
	upheld := want[object](h, as(s.ann, "POST", flag+"/uphold", decision), http.StatusOK)
	if upheld["state"] != "upheld" {
		t.Errorf("%v", upheld)
	}
	if c := want[object](s.house, s.as(s.ann, "GET", s.path(""), nil), http.StatusOK); c["state"] != "suspended" {
		t.Errorf("%v", c)
	}
	h.problem(as(s.ann, "POST", flag+"/dismiss", object{"rev": 1, "reason": "No, it was the weather."}), http.StatusConflict, "not-now")
}
