package registry_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

func TestAGatewaySpeaksForItsSubDevices(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1", "S2")
		events := h.listen("device.*.changed")
		r := u.report(1, strings.Join([]string{
			prop("G", 2, 1, 2), prop("S1", 2, 1, 20.5), prop("S2", 2, 1, 21.5), prop("S1", 3, 1, 90), prop("S2", 2, 2, 101), prop("X", 2, 1, 1),
		}, ","))
		h.settle()
		want := []string{
			`{"id":1,"error":{"code":-4005,"message":"relative-humidity: 101 is outside 0 to 100","data":{"did":"S2","siid":2,"piid":2,"rule":"value-range"}}}`,
			`{"id":1,"error":{"code":-4007,"message":"did \"X\" is neither the sender nor one of its sub-devices","data":{"siid":2,"piid":1,"rule":"did"}}}`,
		}
		var got []string
		for _, e := range r.outcome.Errors {
			got = append(got, string(e))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (- want, + got):\n%s", diff)
		}
		stored := "G\n" + h.stored("G") + "S1\n" + h.stored("S1") + "S2\n" + h.stored("S2")
		golden(t, "gateway", stored+strings.Join(events(), "\n")+"\n")
		if !u.report(1, strings.Join([]string{
			prop("G", 2, 1, 2), prop("S1", 2, 1, 20.5), prop("S2", 2, 1, 21.5), prop("S1", 3, 1, 90), prop("S2", 2, 2, 101), prop("X", 2, 1, 1),
		}, ",")).repeat() {
			t.Error("the repeat of a gateway's report is new")
		}
	})
}

func TestASubDeviceHasItsOwnRulesAndEvents(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1")
		if r := u.report(1, prop("S1", 4, 2, "attic")); len(r.outcome.Errors) != 0 {
			t.Errorf("4.2 is a string of the sensor, but of the gateway a number: %s", r.outcome.Errors)
		}
		r := u.send(registry.MethodEvent, `{"id":2,"method":"event_occured","params":{"did":"S1","siid":2,"eiid":1,"arguments":[{"piid":1,"value":-3.5}]}}`)
		<-r.done
		if got := fmt.Sprint(h.history("S1")); got != `[properties_changed 4.2 "attic" (good) event_occured 2.1 [{"piid":1,"value":-3.5}] (good)]` {
			t.Errorf("history of the sub-device: %s", got)
		}
	})
}

func TestASubDeviceIsOnlineWithItsGatewayUnlessTheGatewaySaysOtherwise(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1", "S2")
		h.settle()
		events := h.listen("device.S1.presence")
		h.presence("S1", true, registry.ReasonConnected)

		u.codes = map[string]miot.Code{"2.1": miot.CloudOffline}
		_, err := h.node.GetProperties(t.Context(), "S1", []miot.PropertyRef{{SIID: 2, PIID: 1}})
		must(t, err)
		h.settle()
		h.presence("S1", false, registry.ReasonUnreachable)
		h.presence("S2", true, registry.ReasonConnected)
		h.presence("G", true, registry.ReasonConnected)

		u.report(1, prop("S1", 2, 2, 200)) // refused, but it was heard
		h.settle()
		h.presence("S1", true, registry.ReasonConnected)

		_, _ = h.node.GetProperties(t.Context(), "S1", []miot.PropertyRef{{SIID: 2, PIID: 1}})
		h.settle()
		h.presence("S1", false, registry.ReasonUnreachable)
		time.Sleep(time.Second)
		u.live.Detach(registry.ReasonKeepAlive)
		h.settle()
		h.presence("S1", false, registry.ReasonKeepAlive)
		u.again(h.node)
		h.settle()
		h.presence("S1", true, registry.ReasonConnected) // a new connection, a new word

		want := "unreachable by gateway, connected, unreachable by gateway, keep-alive missed, connected"
		if got := reasonsOf(events()); got != want {
			t.Errorf("events: %s\nwant:   %s", got, want)
		}
	})
}

// What a gateway says of a sub-device is written in the order in which it was
// said, however often it changes its mind.
func TestTheLastWordOfAGatewayHolds(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1")
		u.codes = map[string]miot.Code{"2.1": miot.CloudOffline}
		for i := range 20 {
			_, _ = h.node.GetProperties(t.Context(), "S1", []miot.PropertyRef{{SIID: 2, PIID: 1}})
			if i < 19 {
				u.report(i, prop("S1", 3, 1, 50))
			}
		}
		h.settle()
		h.presence("S1", false, registry.ReasonUnreachable)
	})
}

func TestASubDeviceIsAskedThroughItsGateway(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1")
		got, err := h.node.GetProperties(t.Context(), "S1", []miot.PropertyRef{{SIID: 3, PIID: 2}})
		must(t, err)
		if len(got) != 1 || string(got[0].Value) != valueOf(3, 2) {
			t.Errorf("read: %+v", got)
		}
		if asked := u.asked(miot.MethodGetProperties); len(asked) != 1 || asked[0] != `[{"did":"S1","siid":3,"piid":2}]` {
			t.Errorf("asked: %s", asked)
		}
		if got := h.twin("S1", 3, 2); got != valueOf(3, 2) {
			t.Errorf("what was read is not in the twin: %q", got)
		}
	})
}

// listen collects what is said on a subject, as "subject payload".
func (h *house) listen(pattern string) func() []string {
	h.t.Helper()
	var mu sync.Mutex
	var heard []string
	s, err := h.bus.Subscribe(pattern, func(m bus.Message) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, m.Subject+" "+string(m.Data))
	})
	must(h.t, err)
	h.t.Cleanup(func() { _ = s.Unsubscribe() })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), heard...)
	}
}

func reasonsOf(events []string) string {
	var reasons []string
	for _, e := range events {
		var p registry.PresenceChanged
		_, data, _ := strings.Cut(e, " ")
		_ = json.Unmarshal([]byte(data), &p)
		reasons = append(reasons, string(p.Reason))
	}
	return strings.Join(reasons, ", ")
}

// presence checks what the store says of a device.
func (h *house) presence(did string, online bool, reason registry.Reason) {
	h.t.Helper()
	p, err := h.node.Presence(h.t.Context(), did)
	must(h.t, err)
	if p.Online != online || p.Reason != reason || p.DID != did {
		h.t.Errorf("%s: online %v, %q (of %s); want %v, %q", did, p.Online, p.Reason, p.DID, online, reason)
	}
}
