package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
)

func TestATokenOpensWhatItsScopeSays(t *testing.T) {
	h := build(t)
	acc := want[object](h, h.call("POST", "/api/v1/accounts", object{"name": "home"}), http.StatusCreated)
	made := want[object](h, h.call("POST", "/api/v1/tokens", object{"account": acc["id"], "name": "phone", "scopes": []string{"app"}, "ttl_s": 3600}), http.StatusCreated)
	text, _ := made["token"].(string)
	if text == "" || made["expires_at"] == nil {
		t.Fatalf("%v", made)
	}
	as := []string{"Authorization", "Bearer " + text}
	h.purifier("mine", acc["id"].(string))
	h.purifier("foreign", "")

	for _, c := range []struct {
		name, method, path string
		status             int
	}{
		{"its own device", "GET", "/api/v1/devices/mine", 200},
		{"its twin", "GET", "/api/v1/devices/mine/twin", 200},
		{"its presence", "GET", "/api/v1/devices/mine/presence", 200},
		{"its history", "GET", "/api/v1/devices/mine/history", 200},
		{"a stranger's device", "GET", "/api/v1/devices/foreign", 403},
		{"a stranger's events", "GET", "/api/v1/events?did=mine&did=foreign", 403},
		{"a device that is not there", "GET", "/api/v1/devices/none/twin", 403},
		{"another account's list", "GET", "/api/v1/devices?account=acc_x", 403},
		{"violations", "GET", "/api/v1/devices/mine/violations", 403},
		{"removing", "DELETE", "/api/v1/devices/mine", 403},
		{"products", "GET", "/api/v1/products", 403},
		{"tokens", "GET", "/api/v1/tokens?account=" + acc["id"].(string), 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.call(c.method, c.path, nil, as...)
			if r.StatusCode != c.status {
				t.Errorf("%s: %s", r.Status, r.body)
			}
			if c.status == 403 {
				h.problem(r, 403, "forbidden")
			}
		})
	}
	list := want[map[string][]object](h, h.call("GET", "/api/v1/devices", nil, as...), http.StatusOK)
	if len(list["devices"]) != 1 || list["devices"][0]["did"] != "mine" {
		t.Errorf("an app sees %v", list)
	}

	tokens := h.call("GET", "/api/v1/tokens?account="+acc["id"].(string), nil)
	if strings.Contains(string(tokens.body), text) || !strings.Contains(string(tokens.body), `"phone"`) {
		t.Errorf("%s", tokens.body)
	}
	want[any](h, h.call("DELETE", "/api/v1/tokens/"+made["id"].(string), nil), http.StatusNoContent)
	p := h.problem(h.call("GET", "/api/v1/devices/mine", nil, as...), http.StatusUnauthorized, "unauthorized")
	if !strings.Contains(p.Detail, "revoked") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestTokensAreRefusedWithTheReason(t *testing.T) {
	h := build(t)
	_, account := h.token(auth.ScopeApp)
	for name, body := range map[string]object{
		"no scope":         {"account": account, "scopes": []string{}},
		"an unknown scope": {"account": account, "scopes": []string{"root"}},
	} {
		t.Run(name, func(*testing.T) {
			h.problem(h.call("POST", "/api/v1/tokens", body), http.StatusUnprocessableEntity, "invalid")
		})
	}
	h.problem(h.call("POST", "/api/v1/tokens", object{"account": "acc_none", "scopes": []string{"app"}}), http.StatusNotFound, "not-found")
	h.problem(h.call("GET", "/api/v1/tokens?account=acc_none", nil), http.StatusNotFound, "not-found")
	h.problem(h.call("DELETE", "/api/v1/tokens/tok_none", nil), http.StatusNotFound, "not-found")
}

func TestAccountsAreListed(t *testing.T) {
	h := build(t)
	made := want[object](h, h.call("POST", "/api/v1/accounts", object{"name": "second"}), http.StatusCreated)
	list := want[map[string][]object](h, h.call("GET", "/api/v1/accounts", nil), http.StatusOK)
	if n := len(list["accounts"]); n != 2 || list["accounts"][1]["id"] != made["id"] {
		t.Errorf("%v", list)
	}
}
