package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/registry"
)

// step is a report with a value of 3.2, or a roll-up.
type step struct {
	after  time.Duration
	rollUp bool
	value  float64
	back   time.Duration // how old the value is
}

var steps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
	return step{
		after:  time.Duration(rapid.IntRange(1, 30*60).Draw(t, "minutes")) * time.Minute,
		rollUp: rapid.IntRange(0, 3).Draw(t, "roll up") == 0,
		value:  float64(rapid.IntRange(-300, 999).Draw(t, "tenths")) / 10,
		back:   time.Duration(rapid.IntRange(0, 24*60).Draw(t, "minutes back")) * time.Minute,
	}
}), 1, 15)

// The answer of Summary is that of a recomputation from all that was reported,
// whenever the roll-up ran in between.
func TestSummaryEqualsARecomputationWhetherOrNotTheRollUpRan(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		todo := steps.Draw(rt, "steps")
		res := rapid.SampledFrom([]registry.Resolution{registry.Hourly, registry.Daily}).Draw(rt, "resolution")
		var got, want []registry.Bucket
		inBubble(t, func(t *testing.T, h *house) { got, want = h.summary(todo, res) })
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9), cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("summary (- recomputed, + got):\n%s", diff)
		}
	})
}

// summary does the steps and returns the summary of them all, and what it should be.
func (h *house) summary(todo []step, res registry.Resolution) (got, want []registry.Bucket) {
	u := h.purifier("D")
	began := time.Now()
	width := time.Hour
	if res == registry.Daily {
		width *= 24
	}
	by := make(map[time.Time][]float64)
	for i, s := range todo {
		time.Sleep(s.after)
		if s.rollUp {
			must(h.t, h.node.RollUp(h.t.Context(), time.Now()))
			continue
		}
		at := time.Now().Add(-s.back)
		r := u.send(registry.MethodProperties, fmt.Sprintf(`{"id":%d,"method":"properties_changed","ts":%d,"params":[%s]}`,
			i, at.UnixMilli(), prop("D", 3, 2, s.value)))
		<-r.done
		start := at.UTC().Truncate(width)
		by[start] = append(by[start], s.value)
	}
	for start, values := range by {
		b := registry.Bucket{DID: "D", SIID: 3, PIID: 2, Resolution: res, Start: start, Count: int64(len(values)), Min: slices.Min(values), Max: slices.Max(values)}
		for _, v := range values {
			b.Mean += v / float64(len(values))
		}
		want = append(want, b)
	}
	slices.SortFunc(want, func(a, b registry.Bucket) int { return a.Start.Compare(b.Start) })
	got, err := h.node.Summary(h.t.Context(), "D", 3, 2, res, began.Add(-25*time.Hour), time.Now().Add(time.Second))
	must(h.t, err)
	for i := range got {
		got[i].Start = got[i].Start.UTC()
	}
	return got, want
}

func TestWhatHasNoSummary(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.purifier("D")
		for _, c := range []struct {
			name       string
			siid, piid int
			res        registry.Resolution
			want       error
		}{
			{"a bool", 2, 1, registry.Hourly, registry.ErrBadRequest},
			{"a string", 5, 2, registry.Hourly, registry.ErrBadRequest},
			{"a property that is not", 9, 9, registry.Hourly, registry.ErrNotFound},
			{"raw values", 3, 1, registry.Raw, registry.ErrBadRequest},
		} {
			if _, err := h.node.Summary(t.Context(), "D", c.siid, c.piid, c.res, time.Now(), time.Now()); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
	})
}

func TestRawHistoryIsForgottenAfter30DaysAndSummariesStay(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		for i := range 3 {
			u.report(i, prop("D", 3, 1, i))
		}
		began := time.Now()
		time.Sleep(3 * 24 * time.Hour)
		must(t, h.node.RollUp(t.Context(), time.Now()))
		time.Sleep(registry.RawHistory)
		must(t, h.node.RollUp(t.Context(), time.Now()))
		must(t, h.node.Forget(t.Context(), time.Now()))
		n := 0
		must(t, h.node.History(t.Context(), registry.HistoryQuery{DID: "D", From: began.Add(-time.Hour), To: time.Now()}, func(registry.Point) bool { n++; return true }))
		got, err := h.node.Summary(t.Context(), "D", 3, 1, registry.Daily, began, time.Now())
		must(t, err)
		if n != 0 || len(got) != 1 || got[0].Count != 3 || got[0].Mean != 1 {
			t.Errorf("%d raw points, summary %+v", n, got)
		}
	})
}
