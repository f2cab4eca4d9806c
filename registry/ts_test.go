package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// Protocol §2: ts counts when at most 24 h in the past and 2 s in the future.
func TestTheTimeOfAReport(t *testing.T) {
	for _, c := range []struct {
		name string
		ts   func(now time.Time) string
		at   time.Duration // from the receive time
		q    registry.Quality
	}{
		{"none", func(time.Time) string { return "" }, 0, registry.QualityGood},
		{"null", func(time.Time) string { return `,"ts":null` }, 0, registry.QualityGood},
		{"now", ago(0), 0, registry.QualityGood},
		{"an hour ago", ago(time.Hour), -time.Hour, registry.QualityGood},
		{"24 h ago", ago(24 * time.Hour), -24 * time.Hour, registry.QualityGood},
		{"a millisecond more than 24 h ago", ago(24*time.Hour + time.Millisecond), 0, registry.QualityLate},
		{"2 s ahead", ago(-2 * time.Second), 2 * time.Second, registry.QualityGood},
		{"a millisecond more than 2 s ahead", ago(-2*time.Second - time.Millisecond), 0, registry.QualityLate},
		{"in seconds instead of milliseconds", func(now time.Time) string { return fmt.Sprintf(`,"ts":%d`, now.Unix()) }, 0, registry.QualityLate},
		{"a string", func(time.Time) string { return `,"ts":"now"` }, 0, registry.QualityLate},
		{"beyond all numbers", func(time.Time) string { return `,"ts":1e99` }, 0, registry.QualityLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.purifier("D")
				now := time.Now()
				r := u.send(registry.MethodProperties,
					fmt.Sprintf(`{"id":1,"method":"properties_changed","params":[%s]%s}`, prop("D", 3, 1, 32), c.ts(now)))
				<-r.done
				twin, err := h.node.Twin(t.Context(), "D")
				must(t, err)
				if len(twin.Reported) != 1 {
					t.Fatalf("twin: %+v", twin.Reported)
				}
				v := twin.Reported[0]
				if !v.At.Equal(now.Add(c.at)) || v.Quality != c.q || !v.ReceivedAt.Equal(now) {
					t.Errorf("at %v (received %v), %s; want %v, %s", v.At, v.ReceivedAt, v.Quality, now.Add(c.at), c.q)
				}
			})
		})
	}
}

func ago(d time.Duration) func(time.Time) string {
	return func(now time.Time) string { return fmt.Sprintf(`,"ts":%d`, now.Add(-d).UnixMilli()) }
}

func TestAnOlderValueNeverReplacesANewerOne(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		u.report(1, prop("D", 3, 1, 2))
		time.Sleep(time.Second)
		r := u.send(registry.MethodProperties,
			fmt.Sprintf(`{"id":2,"method":"properties_changed","params":[%s]%s}`, prop("D", 3, 1, 1), ago(time.Hour)(time.Now())))
		<-r.done
		if got := h.twin("D", 3, 1); got != "2" {
			t.Errorf("twin %s, want 2", got)
		}
		if n := len(h.history("D")); n != 2 {
			t.Errorf("%d points in history, want both", n)
		}
	})
}
