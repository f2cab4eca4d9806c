package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

func TestADeviceGetsItsSecretOnce(t *testing.T) {
	h := build(t)
	product := h.product("air-purifier")
	r := h.call("POST", "/api/v1/devices", object{"did": "p.1", "product_id": product})
	made := want[object](h, r, http.StatusCreated)
	secret, _ := made["secret"].(string)
	if err := h.registry.Login(t.Context(), "p.1", []byte(secret)); err != nil {
		t.Errorf("the secret does not open the door: %v", err)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	read := h.call("GET", "/api/v1/devices/p.1", nil)
	if d := want[object](h, read, http.StatusOK); d["did"] != "p.1" || d["name"] != "p.1" || strings.Contains(string(read.body), "secret") {
		t.Errorf("%s", read.body)
	}
	h.problem(h.call("POST", "/api/v1/devices", object{"did": "p.1", "product_id": product}), http.StatusConflict, "exists")
	h.problem(h.call("POST", "/api/v1/devices", object{"did": "app.1", "product_id": product}), http.StatusUnprocessableEntity, "invalid")
	h.problem(h.call("POST", "/api/v1/devices", object{"did": "p.2", "product_id": "prd_none"}), http.StatusNotFound, "not-found")
	h.problem(h.call("POST", "/api/v1/devices", object{"did": "p.2", "product_id": product, "account": "acc_none"}), http.StatusNotFound, "not-found")
}

func TestADeviceIsChangedAndRemoved(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	_, account := h.token(auth.ScopeApp)
	got := want[object](h, h.call("PATCH", "/api/v1/devices/p1", object{"name": "Bedroom", "account": account}), http.StatusOK)
	if got["name"] != "Bedroom" || got["account"] != account {
		t.Errorf("%v", got)
	}
	got = want[object](h, h.call("PATCH", "/api/v1/devices/p1", object{"account": ""}), http.StatusOK)
	if got["name"] != "Bedroom" || got["account"] != nil {
		t.Errorf("%v", got)
	}
	h.problem(h.call("PATCH", "/api/v1/devices/p1", object{"nam": "x"}), http.StatusUnprocessableEntity, "invalid")
	h.problem(h.call("PATCH", "/api/v1/devices/p1", object{"spec_id": "spv_none"}), http.StatusNotFound, "not-found")
	want[any](h, h.call("DELETE", "/api/v1/devices/p1", nil), http.StatusNoContent)
	h.problem(h.call("GET", "/api/v1/devices/p1", nil), http.StatusNotFound, "not-found")
}

func TestAGatewayHasSubDevices(t *testing.T) {
	h := build(t)
	want[any](h, h.call("POST", "/api/v1/devices", object{"did": "hub", "product_id": h.product("gateway")}), http.StatusCreated)
	sub := want[object](h, h.call("POST", "/api/v1/devices", object{"did": "climate", "product_id": h.product("climate-sensor"), "parent": "hub"}), http.StatusCreated)
	if sub["secret"] != nil {
		t.Error("a sub-device got a secret: its gateway logs in for it")
	}
	list := want[map[string][]object](h, h.call("GET", "/api/v1/devices/hub/children", nil), http.StatusOK)
	if len(list["devices"]) != 1 || list["devices"][0]["parent"] != "hub" {
		t.Errorf("%v", list)
	}
	h.problem(h.call("DELETE", "/api/v1/devices/hub", nil), http.StatusConflict, "in-use")
	h.problem(h.call("POST", "/api/v1/devices/climate/credentials", object{}), http.StatusUnprocessableEntity, "invalid")
}

func TestABatchStopsAtTheFirstErrorAndTellsWhatItMade(t *testing.T) {
	h := build(t)
	product := h.product("air-purifier")
	dids := make([]string, 40)
	for i := range dids {
		dids[i] = fmt.Sprintf("b-%02d", i)
	}
	type batch struct {
		Devices []struct{ DID, Secret string }
	}
	made := want[batch](h, h.call("POST", "/api/v1/devices:batch", object{"product_id": product, "dids": dids}), http.StatusCreated)
	if len(made.Devices) != 40 {
		t.Fatalf("%d devices", len(made.Devices))
	}
	for i, d := range made.Devices {
		if d.DID != dids[i] || h.registry.Login(t.Context(), d.DID, []byte(d.Secret)) != nil {
			t.Errorf("device %d: %+v does not open the door", i, d)
		}
	}

	again := append([]string{"new-1", "new-2"}, dids[5:]...)
	r := h.call("POST", "/api/v1/devices:batch", object{"product_id": product, "dids": again})
	p := h.problem(r, http.StatusConflict, "exists")
	if !strings.Contains(p.Detail, "dids[2] b-05") {
		t.Errorf("detail %q does not say where it stopped", p.Detail)
	}
	if len(p.Devices) != 2 || p.Devices[0].DID != "new-1" || p.Devices[0].Secret == "" {
		t.Errorf("created: %+v", p.Devices)
	}

	for name, list := range map[string][]string{"a bad did": {"ok-1", "no good"}, "a did twice": {"ok-1", "ok-1"}, "none": {}} {
		h.problem(h.call("POST", "/api/v1/devices:batch", object{"product_id": product, "dids": list}), http.StatusUnprocessableEntity, "invalid")
		if _, err := h.registry.Device(t.Context(), "ok-1"); err == nil {
			t.Errorf("%s: the others were created all the same", name)
		}
	}
}

func TestCredentialsRotateAndAreRevoked(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	made := want[object](h, h.call("POST", "/api/v1/devices/p1/credentials", object{"rotate": true}), http.StatusCreated)
	if err := h.registry.Login(t.Context(), "p1", []byte(made["secret"].(string))); err != nil {
		t.Error(err)
	}
	path := "/api/v1/devices/p1/credentials/" + made["id"].(string)
	want[any](h, h.call("DELETE", path, nil), http.StatusNoContent)
	if reason := <-g.closed; reason != registry.ReasonRevoked {
		t.Errorf("closed because of %q", reason)
	}
	h.problem(h.call("DELETE", path, nil), http.StatusConflict, "conflict")
	list := want[map[string][]object](h, h.call("GET", "/api/v1/devices/p1/credentials", nil), http.StatusOK)
	if len(list["credentials"]) != 2 {
		t.Errorf("%v", list)
	}
}
