package bridges_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
)

// The rule: whatever a device does, every command ends as done, rejected, queued or
// expired within 8 s, and leaves nothing behind. Here the time is the test's own, the
// broker, the registry and the HTTPS side are the real ones.
const rule = 8 * time.Second

// The manners of the fleet, and how each may end for the one who commands.
var fleet = []struct {
	name   string
	manner manner // nil: offline
	ends   []string
}{
	{"prompt", obedient, []string{"done"}},
	{"slow", after(3900 * time.Millisecond), []string{"done", "expired"}},
	{"late", after(5 * time.Second), []string{"expired"}},
	{"silent", silent, []string{"expired"}},
	{"rejecting", rejecting, []string{"rejected"}},
	{"babbling", babbling, []string{"rejected", "expired"}},
	{"offline", nil, []string{"offline", "queued"}},
	{"flapping", obedient, []string{"done", "expired", "offline", "queued"}},
}

// babbling answers what is no answer.
func babbling(q miot.Request) (time.Duration, []byte, bool) {
	return time.Second, fmt.Appendf(nil, `{"id":%d,"result":"yes"}`, q.ID), true
}

// ending is how one command ended.
type ending struct {
	what string // device and way
	how  string
	took time.Duration
}

// commander gives commands in every way at once.
type commander struct {
	*house
	api    *api.API
	header string
	mu     sync.Mutex
	all    []ending
	work   sync.WaitGroup
}

func (c *commander) note(what, how string, began time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, ending{what, how, time.Since(began)})
}

// publish commands through a hub.
func (c *commander) publish(hub *peer, what, topic, payload string) {
	began := time.Now()
	done := hub.start(topic, 1, payload)
	c.work.Go(func() {
		a := <-done
		switch word, _, _ := strings.Cut(a.why, ": "); {
		case a.gone:
			c.note(what, "gone", began)
		case a.code == 0:
			c.note(what, "done", began) // or queued: MQTT has one word for both
		default:
			c.note(what, word, began)
		}
	})
}

// post commands over HTTPS.
func (c *commander) post(what, path string, body any) {
	began := time.Now()
	c.work.Go(func() {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Error(err)
			return
		}
		r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(b))
		r.Header.Set("Authorization", c.header)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		c.api.ServeHTTP(w, r)
		var reply struct {
			Code   miot.Code       `json:"code"`
			Result json.RawMessage `json:"result"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
			c.t.Errorf("%s: %v: %s", what, err, w.Body)
			return
		}
		item := struct {
			Code    miot.Code `json:"code"`
			Command string    `json:"command"`
		}{Code: reply.Code}
		if list := []json.RawMessage{}; json.Unmarshal(reply.Result, &list) == nil && len(list) > 0 {
			_ = json.Unmarshal(list[0], &item)
		} else {
			_ = json.Unmarshal(reply.Result, &item)
		}
		c.note(what, word(item.Code, item.Command), began)
	})
}

// word is how an app reads a code.
func word(code miot.Code, command string) string {
	switch {
	case command != "":
		return "queued"
	case code.OK():
		return "done"
	case code == miot.CloudOffline:
		return "offline"
	case code == miot.CloudTimeout:
		return "expired"
	}
	return "rejected"
}

func TestEveryCommandEndsWithinEightSeconds(t *testing.T) {
	for _, many := range []int{1, 12} {
		t.Run(fmt.Sprint(many), func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) { command(t, h, many) })
		})
	}
}

func command(t *testing.T, h *house, many int) {
	_, token, err := h.auth.CreateToken(t.Context(), auth.NewToken{Account: h.ann, Name: "app", Scopes: []auth.Scope{auth.ScopeApp}})
	must(t, err)
	c := &commander{house: h, header: "Bearer " + token, api: api.New(api.Config{
		Registry: h.registry, Auth: h.auth, Audit: h.db.Audit(), Bus: h.bus, Homes: h.homes, Bridges: h.bridges,
	})}
	for _, f := range fleet {
		h.device(f.name, "lamp", h.home)
		if f.manner != nil && f.name != "flapping" {
			h.plug(f.name, f.manner)
		}
	}
	stop := h.flap()
	hubs := make([]*peer, 2)
	for i, queue := range []time.Duration{0, time.Hour} {
		_, text := h.token(h.ann, h.home, queue)
		hubs[i] = h.dial(5, fmt.Sprintf("app.%s.%d", h.ann, i), h.ann, text, nil)
	}
	for range many {
		for _, f := range fleet {
			c.publish(hubs[0], f.name+" hub", set(h.home, f.name, "2/1"), "true")
			c.publish(hubs[1], f.name+" hub, queue", set(h.home, f.name, "2/2"), "50")
			c.publish(hubs[1], f.name+" hub, action", action(h.home, f.name), `{"siid":2,"aiid":1}`)
			for _, queue := range []bool{false, true} {
				c.post(fmt.Sprintf("%s set, queue %v", f.name, queue), "/app/v2/miotspec/prop/set",
					object{"params": []object{{"did": f.name, "siid": 2, "piid": 1, "value": true}}, "queue": queue})
				c.post(fmt.Sprintf("%s action, queue %v", f.name, queue), "/app/v2/miotspec/action",
					object{"params": object{"did": f.name, "siid": 2, "aiid": 1}, "queue": queue})
			}
		}
		time.Sleep(300 * time.Millisecond)
	}
	c.work.Wait()
	stop()
	if want := many * len(fleet) * 7; len(c.all) != want {
		t.Errorf("%d commands ended, of %d", len(c.all), want)
	}
	for _, e := range c.all {
		if !e.lawful(many > 1) || e.took > rule {
			t.Errorf("%s: %s after %v", e.what, e.how, e.took)
		}
	}
	h.nothingIsLeft(hubs)
}

// lawful says whether the command may end so; many commands may be too many.
func (e ending) lawful(many bool) bool {
	name, way, _ := strings.Cut(e.what, " ")
	for _, f := range fleet {
		if f.name == name && slices.Contains(f.ends, e.how) {
			return true
		}
	}
	hub := strings.HasPrefix(way, "hub")
	return hub && (many && e.how == "too often" || name == "offline" && way != "hub" && e.how == "done") // queued
}

type object = map[string]any

// flap connects and loses the flapping device every 700 ms, until it is stopped.
func (h *house) flap() (stop func()) {
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			g := &gadget{did: "flapping"}
			g.peer = h.dial(4, "flapping", "flapping", h.secrets["flapping"], func(_ string, payload []byte, _ bool) { g.hear(payload, after(200*time.Millisecond)) })
			g.subscribe("device/flapping/down/request")
			select {
			case <-time.After(700 * time.Millisecond):
			case <-ended:
				g.close()
				return
			}
			g.close()
			time.Sleep(300 * time.Millisecond)
		}
	}()
	return func() {
		close(ended)
		<-over
	}
}

// nothingIsLeft waits for the last time-outs and wants no request to be open, no lane
// to be at work and the hubs to be answered.
func (h *house) nothingIsLeft(hubs []*peer) {
	h.t.Helper()
	time.Sleep(rule)
	synctest.Wait()
	if n := h.registry.OpenRequests(); n != 0 {
		h.t.Errorf("%d requests are open", n)
	}
	if n := h.bridges.Busy(); n != 0 {
		h.t.Errorf("%d lanes are at work", n)
	}
	if a := hubs[0].publish(set(h.home, "prompt", "2/1"), "true"); a.code != 0 || a.gone {
		h.t.Errorf("afterwards: %v", a)
	}
}
