package suite

import (
	"os"
	"testing"
	"time"
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
