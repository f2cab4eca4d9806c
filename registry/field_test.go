package registry_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// counted is what is counted of all devices: "rule firmware devices/events", the
// devices that were there as "-".
func (h *house) counted() string {
	h.t.Helper()
	h.settle()
	h.node.FlushField(context.Background())
	var out []string
	for _, p := range h.products {
		cells, err := h.db.Health().FieldCells(context.Background(), p.ID, time.Time{})
		must(h.t, err)
		for _, c := range cells {
			rule := c.Rule
			if rule == "" {
				rule = "-"
			}
			out = append(out, fmt.Sprintf("%s %s %d/%d", rule, c.Firmware, c.Devices, c.Events))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (h *house) wantCounted(want string) {
	h.t.Helper()
	if got := h.counted(); got != want {
		h.t.Errorf("counted is %s\nwant %s", got, want)
	}
}

func TestADeviceIsThereOnceADay(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("p1")
		for i := range 5 {
			u.report(i, prop("p1", 2, 2, 1))
		}
		h.wantCounted("- 1.0.0 1/2") // once by miIO.info, once by its reports
		u = u.again(h.node)
		u.report(7, prop("p1", 2, 2, 1))
		h.wantCounted("- 1.0.0 1/4")
		time.Sleep(25 * time.Hour)
		u.report(8, prop("p1", 2, 2, 1))
		h.wantCounted("- 1.0.0 1/1, - 1.0.0 1/4")
	})
}

func TestWhatIsRefusedIsCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("p1")
		u.report(1, prop("p1", 2, 2, 99)+","+prop("p1", 9, 9, 1))
		u.report(2, prop("p1", 2, 2, 99))
		again := u.report(2, prop("p1", 2, 2, 99)) // a repeat is none
		if !again.repeat() {
			t.Error("the third is no repeat")
		}
		<-u.send(registry.MethodProperties, `{"id":`).done
		h.wantCounted("- 1.0.0 1/2, spec.exists 1.0.0 1/1, spec.json 1.0.0 1/1, spec.value-list 1.0.0 1/2")
	})
}

func TestADeviceThatFloodsIsCountedOnceInTenMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("p1")
		for i := range 2*registry.FieldReports + 50 {
			u.report(i, prop("p1", 2, 2, i%2))
			time.Sleep(400 * time.Millisecond)
		}
		h.wantCounted("- 1.0.0 1/2, reports-too-often 1.0.0 1/1")
		v := h.purifier("p2") // one a second is what a device may do
		for i := range registry.FieldReports {
			v.report(i, prop("p2", 2, 2, i%2))
			time.Sleep(time.Second)
		}
		h.wantCounted("- 1.0.0 2/4, reports-too-often 1.0.0 1/1")
	})
}

func TestAWriteMustBeReported(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("p1")
		u.report(1, prop("p1", 2, 2, 0))
		set := func(v int) {
			t.Helper()
			time.Sleep(time.Second)
			_, err := h.node.SetProperties(t.Context(), "p1", []miot.PropertyValue{{SIID: 2, PIID: 2, Value: []byte(fmt.Sprint(v))}})
			must(t, err)
		}
		clean := "- 1.0.0 1/2"
		set(0) // no change, so no report
		time.Sleep(time.Minute)
		h.wantCounted(clean)
		set(1) // reported
		time.Sleep(time.Second)
		u.report(2, prop("p1", 2, 2, 1))
		time.Sleep(time.Minute)
		h.wantCounted(clean)
		set(2)
		u.live.Detach(registry.ReasonLost) // it could not
		time.Sleep(time.Minute)
		h.wantCounted(clean)
		u.again(h.node)
		h.settle()
		set(0)
		set(2) // only the last counts
		time.Sleep(time.Minute)
		h.wantCounted("- 1.0.0 1/3, set-unreported 1.0.0 1/1")
	})
}

func TestSilenceCountsWhereTheConnectionStood(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("p1")
		var held []int64
		u.think(func(q miot.Request) (string, bool) { held = append(held, q.ID); return "", false })
		ask := func() {
			_, err := h.node.Ask(t.Context(), "p1", miot.MethodInfo, nil)
			if err == nil {
				t.Error("it answered")
			}
		}
		for range 5 {
			ask()
		}
		h.wantCounted("- 1.0.0 1/1") // somebody pulled the plug, for all we know
		u.report(1, prop("p1", 2, 2, 0))
		h.wantCounted("- 1.0.0 1/2, reply-missing 1.0.0 1/1")
		for _, id := range held[:3] {
			u.live.Response(fmt.Appendf(nil, `{"id":%d,"result":{}}`, id))
		}
		u.live.Response([]byte(`{"id":999999,"result":{}}`)) // to nothing
		h.wantCounted("- 1.0.0 1/2, reply-late 1.0.0 1/1, reply-missing 1.0.0 1/1")
	})
}

func TestReconnectsAndForeignModelsAreCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("p1", "air-purifier")
		u.model = "somebody-else"
		u.connect(h.node)
		for range registry.FieldConnections + 5 {
			h.settle()
			u = u.again(h.node)
			time.Sleep(10 * time.Second)
		}
		got := h.counted()
		if !strings.Contains(got, "reconnects 1.0.0 1/6") || !strings.Contains(got, "model-wrong 1.0.0 1/") {
			t.Errorf("counted is %s", got)
		}
	})
}

func TestAStuckSensorIsFoundInTheRollUp(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("g1", "c1", "c2")
		for i := range 30 { // c1 is stuck, c2 moves
			u.report(i, prop("c1", 2, 1, 21)+","+prop("c2", 2, 1, 20+float64(i%3)))
			time.Sleep(10 * time.Minute)
		}
		time.Sleep(72 * time.Hour)
		must(t, h.node.RollUp(t.Context(), time.Now()))
		synctest.Wait()
		if got := h.counted(); !strings.Contains(got, "value-stuck") || strings.Count(got, "value-stuck") != 1 {
			t.Errorf("counted is %s", got)
		}
	})
}

func TestCountsWaitForTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("p1")
		up := h.store.down()
		h.node.FlushField(context.Background())
		up()
		u.report(1, prop("p1", 2, 2, 0))
		h.wantCounted("- 1.0.0 1/2")
	})
}
