package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/proofmark/proofmark/miot"
)

func TestARequestBringsTheDevicesAnswer(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	h.connect("p1", obedient)
	ask := object{"method": "get_properties", "params": []object{{"did": "p1", "siid": 2, "piid": 1}}}
	got := want[struct{ Response json.RawMessage }](h, h.call("POST", "/api/v1/devices/p1/requests", ask), http.StatusOK)
	resp, err := miot.ParseResponse(got.Response)
	if err != nil || len(resp.Results) != 1 || string(resp.Results[0].Value) != "true" {
		t.Errorf("%s: %v", got.Response, err)
	}
	// The device's refusal is an answer as well.
	got = want[struct{ Response json.RawMessage }](h, h.call("POST", "/api/v1/devices/p1/requests", object{"method": "miIO.dance"}), http.StatusOK)
	if resp, err := miot.ParseResponse(got.Response); err != nil || resp.Error == nil || resp.Error.Code != miot.CodeNoMethod {
		t.Errorf("%s: %v", got.Response, err)
	}
}

func TestARequestForAnOfflineDevice(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	ask := object{"method": "set_properties", "params": []object{{"did": "p1", "siid": 2, "piid": 1, "value": true}}}
	p := h.problem(h.call("POST", "/api/v1/devices/p1/requests", ask), http.StatusConflict, "offline")
	if p.Code != miot.CloudOffline {
		t.Errorf("code %d", p.Code)
	}

	ask["queue"], ask["ttl_s"] = true, 60
	r := h.call("POST", "/api/v1/devices/p1/requests", ask)
	queued := want[struct{ Command object }](h, r, http.StatusAccepted)
	at := r.Header.Get("Location")
	if queued.Command["state"] != "queued" || at != "/api/v1/commands/"+queued.Command["id"].(string) {
		t.Errorf("%v at %q", queued, at)
	}
	if c := want[object](h, h.call("GET", at, nil), http.StatusOK); c["method"] != "set_properties" {
		t.Errorf("%v", c)
	}
	h.problem(h.call("GET", "/api/v1/commands/cmd_none", nil), http.StatusNotFound, "not-found")

	// It is delivered at the next connect.
	g := h.connect("p1", obedient)
	g.session.Ready()
	for q := range g.asked {
		if q.Method == miot.MethodSetProperties {
			break
		}
	}
}

func TestARequestThatIsRefused(t *testing.T) {
	h := build(t)
	h.purifier("mute", "")
	h.connect("mute", silent)
	h.purifier("babbler", "")
	h.connect("babbler", func(q miot.Request) []byte {
		return miot.Answer(q.ID, json.RawMessage(`"what?"`)).Payload()
	})
	h.purifier("stubborn", "")
	h.connect("stubborn", func(q miot.Request) []byte {
		return miot.AnswerError(q.ID, miot.CodeInvalidParams, "not today").Payload()
	})
	long := make([]int, 3000)
	for _, c := range []struct {
		name, path string
		body       any
		status     int
		kind       string
		code       miot.Code
	}{
		{"no answer", "/devices/mute/requests", object{"method": "miIO.info"}, 504, "timeout", miot.CloudTimeout},
		{"an answer that is none", "/devices/babbler/properties:get", object{"items": []object{{"siid": 2, "piid": 1}}}, 502, "bad-answer", 0},
		{"a refusal of everything", "/devices/stubborn/properties:get", object{"items": []object{{"siid": 2, "piid": 1}}}, 502, "device-refused", miot.CodeInvalidParams},
		{"an unknown device", "/devices/none/requests", object{"method": "miIO.info"}, 404, "not-found", 0},
		{"no method", "/devices/mute/requests", object{}, 422, "invalid", 0},
		{"too long for a command", "/devices/mute/requests", object{"method": "x", "params": long}, 422, "invalid", 0},
		{"a negative time to live", "/devices/mute/requests", object{"method": "x", "ttl_s": -1}, 422, "invalid", 0},
		{"no JSON", "/devices/mute/requests", `{"method":`, 400, "unreadable", 0},
		{"no body", "/devices/mute/requests", nil, 400, "unreadable", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p := h.problem(h.call("POST", "/api/v1"+c.path, c.body), c.status, c.kind); p.Code != c.code {
				t.Errorf("code %d, want %d", p.Code, c.code)
			}
		})
	}
}

func TestPropertiesAnswerOneByOne(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	type results struct {
		Items []struct {
			SIID, PIID int
			Code       miot.Code
			Value      json.RawMessage
			Message    string
		}
	}
	got := want[results](h, h.call("POST", "/api/v1/devices/p1/properties:set", object{"items": []object{
		{"siid": 2, "piid": 1, "value": true}, {"siid": 2, "piid": 3, "value": 9}, {"siid": 3, "piid": 1, "value": 1}, {"siid": 9, "piid": 9, "value": 1},
	}}), http.StatusOK)
	codes := []miot.Code{0, miot.CloudValue, miot.CloudNotWritable, miot.CloudNoProperty}
	for i, it := range got.Items {
		if it.Code != codes[i] || (it.Code == 0) != (it.Message == "") {
			t.Errorf("item %d: %+v, want code %d", i, it, codes[i])
		}
	}
	if q := <-g.asked; q.Method != miot.MethodSetProperties || string(q.Params) != `[{"did":"p1","siid":2,"piid":1,"value":true}]` {
		t.Errorf("the device was asked %s %s", q.Method, q.Params)
	}
	got = want[results](h, h.call("POST", "/api/v1/devices/p1/properties:get", object{"items": []object{{"siid": 2, "piid": 1}}}), http.StatusOK)
	if string(got.Items[0].Value) != "true" {
		t.Errorf("%+v", got)
	}
}

func TestAnActionTakesBareValuesAndNamedOnes(t *testing.T) {
	h := build(t)
	h.purifier("p1", "")
	g := h.connect("p1", obedient)
	for name, in := range map[string]string{"bare": `{"in":[2]}`, "named": `{"in":[{"piid":3,"value":2}]}`} {
		t.Run(name, func(t *testing.T) {
			got := want[object](h, h.call("POST", "/api/v1/devices/p1/actions/4.1", in), http.StatusOK)
			if got["code"] != 0.0 {
				t.Errorf("%v", got)
			}
			if c, err := (<-g.asked).ActionParams(); err != nil || len(c.In) != 1 || c.In[0].PIID != 3 || string(c.In[0].Value) != "2" {
				t.Errorf("the device was asked %+v: %v", c, err)
			}
		})
	}
	want[object](h, h.call("POST", "/api/v1/devices/p1/actions/2.1", `{}`), http.StatusOK)

	p := h.problem(h.call("POST", "/api/v1/devices/p1/actions/4.1", `{"in":[7]}`), http.StatusUnprocessableEntity, "value-refused")
	if p.Rule == "" || p.Code == 0 {
		t.Errorf("%+v", p)
	}
	p = h.problem(h.call("POST", "/api/v1/devices/p1/actions/4.1", `{"in":[1,2]}`), http.StatusUnprocessableEntity, "value-refused")
	if p.Code != miot.CloudArguments {
		t.Errorf("%+v", p)
	}
	p = h.problem(h.call("POST", "/api/v1/devices/p1/actions/2.9", `{}`), http.StatusNotFound, "not-found")
	if p.Code != miot.CloudNoAction {
		t.Errorf("%+v", p)
	}
	h.problem(h.call("POST", "/api/v1/devices/p9/actions/2.1", `{}`), http.StatusNotFound, "not-found")
	h.problem(h.call("POST", "/api/v1/devices/p1/actions/2.x", `{}`), http.StatusUnprocessableEntity, "invalid")
}
