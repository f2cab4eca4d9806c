package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

func TestTheTwinHoldsWhatWasReportedAndWished(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	g.report(1, miot.PropertyValue{DID: "p1", SIID: 3, PIID: 1, Value: json.RawMessage("12")},
		miot.PropertyValue{DID: "p1", SIID: 6, PIID: 1, Value: json.RawMessage("18446744073709551615")})
	type twin struct {
		Reported []struct {
			SIID, PIID int
			Value      json.RawMessage
			At         time.Time
			Quality    string
		}
		Desired []object
	}
	got := want[twin](h, h.call("GET", "/api/v1/devices/p1/twin", nil), http.StatusOK)
	if len(got.Reported) != 2 || string(got.Reported[0].Value) != "12" || got.Reported[0].Quality != "good" || got.Reported[0].At.IsZero() {
		t.Errorf("%+v", got)
	}
	if string(got.Reported[1].Value) != "18446744073709551615" {
		t.Errorf("a 64-bit value came out as %s", got.Reported[1].Value)
	}
	if got.Desired == nil {
		t.Error("desired is null, want []")
	}

	g.session.Detach("test")
	wish := object{"siid": 2, "piid": 3, "value": 4, "ttl_s": 60}
	d := want[object](h, h.call("PUT", "/api/v1/devices/p1/twin/desired", wish), http.StatusOK)
	if d["state"] != "open" || d["value"] != 4.0 {
		t.Errorf("%v", d)
	}
	if got := want[twin](h, h.call("GET", "/api/v1/devices/p1/twin", nil), http.StatusOK); len(got.Desired) != 1 {
		t.Errorf("%+v", got.Desired)
	}
	at := "/api/v1/devices/p1/twin/desired/" + d["id"].(string)
	want[any](h, h.call("DELETE", at, nil), http.StatusNoContent)
	h.problem(h.call("DELETE", at, nil), http.StatusNotFound, "not-found")
}

func TestAWishIsRefusedByTheSpec(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	for _, c := range []struct {
		name string
		body object
		kind string
		code miot.Code
		rule string
	}{
		{"out of range", object{"siid": 2, "piid": 3, "value": 9}, "value-refused", miot.CloudValue, miot.RuleRange},
		{"of the wrong type", object{"siid": 2, "piid": 1, "value": 1}, "value-refused", miot.CloudValue, miot.RuleFormat},
		{"not writable", object{"siid": 3, "piid": 1, "value": 1}, "value-refused", miot.CloudNotWritable, miot.RuleAccess},
		{"no such property", object{"siid": 3, "piid": 99, "value": 1}, "value-refused", miot.CloudNoProperty, miot.RuleExists},
		{"no value", object{"siid": 2, "piid": 3}, "invalid", 0, ""},
		{"a time to live over 30 days", object{"siid": 2, "piid": 3, "value": 1, "ttl_s": 2592001}, "invalid", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := h.problem(h.call("PUT", "/api/v1/devices/p1/twin/desired", c.body), http.StatusUnprocessableEntity, c.kind)
			if p.Code != c.code || p.Rule != c.rule {
				t.Errorf("code %d, rule %q; want %d, %q: %s", p.Code, p.Rule, c.code, c.rule, p.Detail)
			}
		})
	}
}

func TestPresenceFollowsTheConnection(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	got := want[object](h, h.call("GET", "/api/v1/devices/p1/presence", nil), http.StatusOK)
	if got["online"] != false {
		t.Errorf("never connected: %v", got)
	}
	h.connect("p1", obedient)
	got = want[object](h, h.call("GET", "/api/v1/devices/p1/presence", nil), http.StatusOK)
	if got["online"] != true || got["reason"] != "connected" || got["node"] != h.registry.Node() {
		t.Errorf("connected: %v", got)
	}
	h.problem(h.call("GET", "/api/v1/devices/none/presence", nil), http.StatusNotFound, "not-found")
}

func TestViolationsAreCounted(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	for i := range 3 {
		g.report(int64(i), miot.PropertyValue{DID: "p1", SIID: 3, PIID: 1, Value: json.RawMessage("5000")})
	}
	list := want[map[string][]object](h, h.call("GET", "/api/v1/devices/p1/violations", nil), http.StatusOK)
	if len(list["violations"]) != 1 {
		t.Fatalf("%v", list)
	}
	v := list["violations"][0]
	if v["rule"] != "value-range" || v["count"] != 3.0 || v["last"] != "5000" || v["siid"] != 3.0 {
		t.Errorf("%v", v)
	}
}
