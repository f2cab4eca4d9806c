package bus_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/internal/bus"
)

// The NATS server itself is the judge of what a pattern matches.
func TestMatchAgreesWithNATS(t *testing.T) {
	matched := 0
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.SampledFrom([]string{"a", "b", "aa"})
		subject := strings.Join(rapid.SliceOfN(token, 1, 4).Draw(t, "subject"), ".")
		wild := rapid.SampledFrom([]string{"a", "b", "*", "*", ">"})
		pattern := strings.Join(rapid.SliceOfN(wild, 1, 4).Draw(t, "pattern"), ".")
		if err := bus.CheckPattern(pattern); err != nil {
			if !strings.Contains(pattern, ">.") {
				t.Fatalf("CheckPattern(%q): %v", pattern, err)
			}
			return
		}
		got, want := bus.Match(pattern, subject), server.SubjectMatchesFilter(subject, pattern)
		if got != want {
			t.Fatalf("Match(%q, %q) = %v, NATS says %v", pattern, subject, got, want)
		}
		if got {
			matched++
		}
	})
	if matched == 0 {
		t.Error("no pair matched: the test shows nothing")
	}
}
