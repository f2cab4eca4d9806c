package registry_test

import (
	"fmt"
	"testing"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Each device tells who it is after each connect; only news are written.
func TestInfoIsStoredWhenItChanged(t *testing.T) {
	for _, c := range []struct {
		name, result string
		writes       int
		firmware     string
	}{
		{"the same again", `{"model":"aurora-pure1","fw_ver":"1.0.0","hw_ver":"A","life":2}`, 0, "1.0.0"},
		{"only what moves by itself", `{"life":999,"hw_ver":"A","model":"aurora-pure1","fw_ver":"1.0.0","mem":5,"netif":{"rssi":-40}}`, 0, "1.0.0"},
		{"new firmware", `{"model":"aurora-pure1","fw_ver":"1.1.0","hw_ver":"A","life":2}`, 1, "1.1.0"},
		{"another member", `{"model":"aurora-pure1","fw_ver":"1.0.0","hw_ver":"A","life":2,"mcu_ver":"7"}`, 1, "1.0.0"},
		{"null", `null`, 0, "1.0.0"},
		{"a list", `["ok"]`, 0, "1.0.0"},
		{"a model that is a number", `{"model":1,"fw_ver":"1.0.0"}`, 0, "1.0.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				h.settle()
				if n := h.store.count("info"); n != 1 {
					t.Fatalf("written %d times at first", n)
				}
				h.store.reset()
				u.live.Detach(registry.ReasonLost)
				u.mind = func(q miot.Request) (string, bool) { return fmt.Sprintf(`{"id":%d,"result":%s}`, q.ID, c.result), true }
				n := u.again(h.node)
				h.settle()
				d, err := h.node.Device(t.Context(), "D")
				must(t, err)
				if got := h.store.count("info"); got != c.writes || d.Info.Firmware != c.firmware {
					t.Errorf("written %d times, firmware %s; want %d, %s", got, d.Info.Firmware, c.writes, c.firmware)
				}
				n.report(1, prop("D", 3, 1, 1000))
				if v := h.violations("D"); len(v) != 1 || v[0].Firmware != c.firmware {
					t.Errorf("violations %+v", v)
				}
			})
		})
	}
}

func TestADeviceThatSubscribesOverAndOverIsGreetedOnceAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier").attach(h.node)
		u.think(silent)
		for range 1000 {
			u.live.Ready()
		}
		h.settle()
		if n := len(u.asked(miot.MethodInfo)); n > 10 {
			t.Errorf("asked %d times at once", n)
		}
	})
}
