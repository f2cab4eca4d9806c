package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
)

type appAnswer struct {
	Code    miot.Code
	Message string
	Result  json.RawMessage
}

type appItem struct {
	DID        string
	SIID, PIID int
	Code       miot.Code
	Value      json.RawMessage
	UpdateTime int64
	Command    string
}

// app calls an endpoint as an app does: the status is 200 whatever happens.
func (h *house) app(token, path, body string) (appAnswer, []appItem) {
	h.Helper()
	a := want[appAnswer](h, h.call("POST", "/app/v2/miotspec/"+path, body, "Authorization", "Bearer "+token), http.StatusOK)
	var items []appItem
	if strings.HasPrefix(path, "prop/") && len(a.Result) > 0 {
		if err := json.Unmarshal(a.Result, &items); err != nil {
			h.Fatalf("%s: %v", a.Result, err)
		}
	}
	return a, items
}

func codes(items []appItem) []miot.Code {
	out := make([]miot.Code, len(items))
	for i, it := range items {
		out[i] = it.Code
	}
	return out
}

func same(a, b []miot.Code) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func TestAnAppReadsSeveralDevicesInOneCall(t *testing.T) {
	h := build(t)
	token, account := h.token(auth.ScopeApp)
	h.purifier("on", account)
	h.purifier("off", account)
	h.purifier("mute", account)
	h.purifier("foreign", "")
	g := h.connect("on", obedient)
	h.connect("mute", silent)
	a, items := h.app(token, "prop/get", `{"params":[{"did":"on","siid":2,"piid":1},{"did":"off","siid":2,"piid":1},
		{"did":"foreign","siid":2,"piid":1},{"did":"on","siid":99,"piid":1},{"did":"none","siid":2,"piid":1},{"did":"mute","siid":2,"piid":1},{"did":"on","siid":4,"piid":3}]}`)
	want := []miot.Code{0, miot.CloudOffline, miot.CloudWrongDID, miot.CloudNoProperty, miot.CloudWrongDID, miot.CloudTimeout, miot.CloudNotReadable}
	if a.Code != 0 || a.Message != "ok" || !same(codes(items), want) {
		t.Errorf("%+v: codes %v, want %v", a, codes(items), want)
	}
	if items[0].DID != "on" || string(items[0].Value) != "true" {
		t.Errorf("%+v", items[0])
	}
	if n := len(g.asked); n != 1 {
		t.Errorf("one device was asked %d times in one call", n)
	}
}

func TestAnAppReadsTheTwin(t *testing.T) {
	h := build(t)
	token, account := h.token(auth.ScopeApp)
	h.purifier("p1", account)
	g := h.connect("p1", silent)
	g.report(1, miot.PropertyValue{DID: "p1", SIID: 3, PIID: 1, Value: json.RawMessage("12")})
	_, items := h.app(token, "prop/get", `{"datasource":1,"params":[{"did":"p1","siid":3,"piid":1},{"did":"p1","siid":3,"piid":2}]}`)
	if string(items[0].Value) != "12" || items[0].UpdateTime == 0 || items[1].Code != miot.CloudNoProperty {
		t.Errorf("%+v", items)
	}
	if len(g.asked) != 0 {
		t.Error("the device was asked")
	}
}

func TestAnAppSetsAndQueues(t *testing.T) {
	h := build(t)
	token, account := h.token(auth.ScopeApp)
	h.purifier("p1", account)
	set := `"params":[{"did":"p1","siid":2,"piid":1,"value":true},{"did":"p1","siid":2,"piid":3,"value":2}]`
	if _, items := h.app(token, "prop/set", `{`+set+`}`); !same(codes(items), []miot.Code{miot.CloudOffline, miot.CloudOffline}) {
		t.Errorf("%+v", items)
	}
	_, items := h.app(token, "prop/set", `{"queue":true,"ttl_s":60,`+set+`}`)
	if !same(codes(items), []miot.Code{1, 1}) || items[0].Command == "" || items[0].Command != items[1].Command {
		t.Errorf("%+v", items)
	}
	mixed := `"params":[{"did":"p1","siid":2,"piid":3,"value":9},{"did":"p1","siid":2,"piid":1,"value":true}]`
	if _, items := h.app(token, "prop/set", `{"queue":true,`+mixed+`}`); !same(codes(items), []miot.Code{miot.CloudValue, 1}) || items[0].Command != "" {
		t.Errorf("a value that the spec refuses was queued: %+v", items)
	}
	g := h.connect("p1", obedient)
	g.session.Ready()
	for q := range g.asked {
		if q.Method == miot.MethodSetProperties {
			break
		}
	}
	if _, items = h.app(token, "prop/set", `{"params":[{"did":"p1","siid":2,"piid":3,"value":9},{"did":"p1","siid":2,"piid":1,"value":false}]}`); !same(codes(items), []miot.Code{miot.CloudValue, 0}) {
		t.Errorf("%+v", items)
	}
}

func TestAnAppInvokesActions(t *testing.T) {
	h := build(t)
	token, account := h.token(auth.ScopeApp)
	h.purifier("p1", account)
	h.purifier("foreign", "")
	call := func(did, aiid, in, more string) string {
		return `{` + more + `"params":{"did":"` + did + `","siid":4,"aiid":` + aiid + `,"in":` + in + `}}`
	}
	for _, c := range []struct {
		name, body string
		code       miot.Code
	}{
		{"offline", call("p1", "1", "[2]", ""), miot.CloudOffline},
		{"a stranger's device", call("foreign", "1", "[2]", ""), miot.CloudWrongDID},
		{"too many arguments", call("p1", "1", "[1,2]", ""), miot.CloudArguments},
		{"too few arguments", call("p1", "1", "[]", ""), miot.CloudArguments},
		{"an argument off the list", call("p1", "1", "[7]", ""), miot.CloudArguments},
		{"no list of arguments", call("p1", "1", `{"piid":3}`, ""), miot.CloudArguments},
		{"no such action", call("p1", "9", "[]", ""), miot.CloudNoAction},
		{"queued", call("p1", "1", "[2]", `"queue":true,`), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a, _ := h.app(token, "action", c.body); a.Code != c.code {
				t.Errorf("%+v, want code %d", a, c.code)
			}
		})
	}
	h.connect("p1", obedient)
	for name, in := range map[string]string{"bare": "[2]", "named": `[{"piid":3,"value":2}]`} {
		t.Run(name, func(t *testing.T) {
			a, _ := h.app(token, "action", call("p1", "1", in, ""))
			if a.Code != 0 || !strings.Contains(string(a.Result), `"code":0`) || !strings.Contains(string(a.Result), `"out":[{"piid":3,"value":2}]`) {
				t.Errorf("%d %s", a.Code, a.Result)
			}
		})
	}
}

func TestAnAppsBadCalls(t *testing.T) {
	h := build(t)
	token, _ := h.token(auth.ScopeApp)
	for name, body := range map[string]string{
		"no JSON": `{`, "no params": `{}`, "no items": `{"params":[]}`, "params of another kind": `{"params":{"did":"x"}}`,
		"a siid in quotes": `{"params":[{"did":"x","siid":"2","piid":1}]}`, "a negative time to live": `{"ttl_s":-1,"params":[{"did":"x","siid":2,"piid":1}]}`,
		"too many": `{"params":[` + strings.Repeat(`{},`, 1024) + `{}]}`, "empty": ``,
	} {
		t.Run(name, func(t *testing.T) {
			if a, _ := h.app(token, "prop/get", body); a.Code != miot.CloudBadRequest || a.Message == "" || a.Result != nil {
				t.Errorf("%+v", a)
			}
		})
	}
	h.problem(h.call("POST", "/app/v2/miotspec/prop/get", `{}`, "Authorization", "Bearer x"), http.StatusUnauthorized, "unauthorized")
	h.problem(h.call("POST", "/app/v2/miotspec/prop/get", `{}`), http.StatusForbidden, "forbidden")
}
