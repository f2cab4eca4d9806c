package registry_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// unit is a device at the end of a Link. It answers what it is asked, unless a
// test gives it another mind.
type unit struct {
	t      testing.TB
	did    string
	secret string
	model  string
	deaf   bool // not subscribed to its requests

	live *registry.Live

	mu       sync.Mutex
	requests []miot.Request
	closed   []registry.Reason
	codes    map[string]miot.Code // "2.1" → the code it gives for that item
	mind     func(q miot.Request) (answer string, ok bool)
}

// connect logs in and subscribes.
func (u *unit) connect(r *registry.Registry) *unit {
	u.t.Helper()
	u.attach(r).live.Ready()
	return u
}

// attach logs in only.
func (u *unit) attach(r *registry.Registry) *unit {
	u.t.Helper()
	must(u.t, r.Login(u.t.Context(), u.did, []byte(u.secret)))
	u.live = r.Attach(u.did, u)
	return u
}

// again is the same device with a new connection.
func (u *unit) again(r *registry.Registry) *unit {
	u.t.Helper()
	n := &unit{t: u.t, did: u.did, secret: u.secret, model: u.model, codes: u.codes, mind: u.mind}
	return n.connect(r)
}

// Request implements registry.Link.
func (u *unit) Request(payload []byte) error {
	q, err := miot.ParseRequest(payload)
	if err != nil {
		u.t.Errorf("the gateway sent %s: %v", payload, err)
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.deaf {
		return fmt.Errorf("%w: not subscribed", registry.ErrOffline)
	}
	u.requests = append(u.requests, q)
	mind := u.mind
	if mind == nil {
		mind = u.obey
	}
	if answer, ok := mind(q); ok {
		live := u.live
		go live.Response([]byte(answer))
	}
	return nil
}

// Close implements registry.Link.
func (u *unit) Close(reason registry.Reason) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.closed) == 0 { // a connection is closed once
		u.closed = append(u.closed, reason)
	}
}

// think gives the device another mind.
func (u *unit) think(mind func(q miot.Request) (string, bool)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.mind = mind
}

func silent(miot.Request) (string, bool) { return "", false }

// obey answers every request; an item's code is 0 unless codes has another.
func (u *unit) obey(q miot.Request) (string, bool) {
	item := func(did string, siid, piid int, value string) string {
		return fmt.Sprintf(`{"did":%q,"siid":%d,"piid":%d,"code":%d%s}`, did, siid, piid, u.codes[fmt.Sprintf("%d.%d", siid, piid)], value)
	}
	var items []string
	switch q.Method {
	case miot.MethodInfo:
		return fmt.Sprintf(`{"id":%d,"result":{"model":%q,"fw_ver":"1.0.0","hw_ver":"A","life":%d}}`, q.ID, u.model, q.ID), true
	case miot.MethodSetProperties:
		values, _ := q.SetParams()
		for _, v := range values {
			items = append(items, item(v.DID, v.SIID, v.PIID, ""))
		}
	case miot.MethodGetProperties:
		refs, _ := q.GetParams()
		for _, r := range refs {
			items = append(items, item(r.DID, r.SIID, r.PIID, `,"value":`+valueOf(r.SIID, r.PIID)))
		}
	default:
		return fmt.Sprintf(`{"id":%d,"error":{"code":-32601,"message":"method not found"}}`, q.ID), true
	}
	return fmt.Sprintf(`{"id":%d,"result":[%s]}`, q.ID, strings.Join(items, ",")), true
}

// valueOf is what a unit says when it is read: its siid and piid in one number.
func valueOf(siid, piid int) string { return fmt.Sprint(siid*10 + piid) }

// asked are the requests of a method so far, as their params.
func (u *unit) asked(method string) (params []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, q := range u.requests {
		if q.Method == method {
			params = append(params, string(q.Params))
		}
	}
	return params
}

func (u *unit) reasons() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return fmt.Sprint(u.closed)
}

// receipt is what became of one report.
type receipt struct {
	mu      sync.Mutex
	calls   int
	outcome registry.Outcome
	done    chan struct{}
}

func (r *receipt) settled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls == 1
}

func (r *receipt) repeat() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome.Repeat
}

// send reports without waiting.
func (u *unit) send(method, payload string) *receipt {
	u.t.Helper()
	r := &receipt{done: make(chan struct{})}
	err := u.live.Report(u.t.Context(), registry.Arrival{Method: method, Payload: []byte(payload)}, func(o registry.Outcome) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.calls++; r.calls > 1 {
			u.t.Errorf("done was called %d times for %s", r.calls, payload)
			return
		}
		r.outcome = o
		close(r.done)
	})
	must(u.t, err)
	return r
}

// report sends properties_changed and waits for the acknowledgement.
func (u *unit) report(id int, items string) *receipt {
	u.t.Helper()
	r := u.send(registry.MethodProperties, fmt.Sprintf(`{"id":%d,"method":"properties_changed","params":[%s]}`, id, items))
	<-r.done
	return r
}

// prop is one item of a report.
func prop(did string, siid, piid int, value any) string {
	v, _ := json.Marshal(value)
	return fmt.Sprintf(`{"did":%q,"siid":%d,"piid":%d,"value":%s}`, did, siid, piid, v)
}
