package suite

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestConformingDeviceSoaks(t *testing.T) {
	names := []string{"lamp"}
	if os.Getenv("PROOFMARK_MATRIX") != "" {
		names = []string{"air-purifier", "lamp", "vacuum", "climate-sensor", "gateway"}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			passes(t, trial{spec: sample(t, name), cases: caseIDs("SOAK")}.run(t))
			t.Logf("took %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// Each mutant runs what it must fail; the whole group only where time is no
// matter, as a day takes seconds for each.
func TestSoakMutants(t *testing.T) {
	for _, m := range bred("SOAK") {
		t.Run(m.Name, func(t *testing.T) {
			cases := m.Cases
			switch {
			case os.Getenv("PROOFMARK_MATRIX") != "":
				cases = caseIDs("SOAK")
			case m.Cases[0] == "SOAK-02":
				cases = []string{"SOAK-01", "SOAK-02"} // which takes the samples
			}
			unmasked(t, m, trial{spec: sample(t, "lamp"), cases: cases})
		})
	}
}

// After a change that left the network alone SOAK-01 takes four hours, and says so
// in the header. What shows after ten hours only does not show there.
func TestAShortSoak(t *testing.T) {
	rep := trial{spec: sample(t, "lamp"), cases: []string{"SOAK-01"}, soakHours: ShortSoak}.run(t)
	passes(t, rep)
	last := rep.Segments[0][len(rep.Segments[0])-1]
	if last.At < ShortSoak*time.Hour || last.At > (ShortSoak+1)*time.Hour {
		t.Errorf("it took %v", last.At)
	}
	for _, m := range bred("SOAK") {
		if m.Name == "loses-answers" {
			unmasked(t, m, trial{spec: sample(t, "lamp"), cases: []string{"SOAK-01"}, soakHours: ShortSoak})
		}
	}
}

func TestSoakHasTwoLengthsOnly(t *testing.T) {
	for _, hours := range []int{1, 5, 24, -4} {
		if _, err := newRun(transcript.Header{DID: "d-1", SoakHours: hours, Spec: json.RawMessage(`{}`), Declaration: json.RawMessage(`{}`)}); err == nil || !strings.Contains(err.Error(), "SOAK-01") {
			t.Errorf("%d hours: %v", hours, err)
		}
	}
}
