package suite

import (
	"testing"

	"github.com/proofmark/proofmark/certification/suite/bench"
)

func TestConformingDeviceConnects(t *testing.T) {
	for _, transport := range []string{bench.TCP, bench.TLS, bench.MTLS} {
		t.Run(transport, func(t *testing.T) {
			passes(t, trial{spec: sample(t, "lamp"), cases: caseIDs("CONN"), transport: transport}.run(t))
		})
	}
}

func TestConnectionMutants(t *testing.T) {
	for _, m := range bred("CONN") {
		t.Run(m.Name, func(t *testing.T) {
			unmasked(t, m, trial{spec: sample(t, "lamp"), cases: caseIDs("CONN"), transport: bench.TLS})
		})
	}
}

// A device that declares no clock is only warned of dates that it cannot know.
func TestDeviceWithoutClockIsWarned(t *testing.T) {
	for _, m := range bred("CONN") {
		if m.Name != "ignores-the-dates" {
			continue
		}
		rep := trial{
			spec: sample(t, "lamp"), cases: []string{"CONN-05"}, transport: bench.TLS, behaviour: m.Behaviour,
			declare: func(d *Declaration) { d.Clock = false },
		}.run(t)
		if v := rep.Results[0].Verdict; v != Warn {
			t.Errorf("CONN-05 is %s: %v", v, rep.Results[0].Findings)
		}
	}
}
