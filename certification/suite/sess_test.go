package suite

import (
	"testing"
)

func TestConformingDeviceKeepsItsSession(t *testing.T) {
	for _, name := range []string{"lamp", "climate-sensor", "gateway"} {
		t.Run(name, func(t *testing.T) {
			passes(t, trial{spec: sample(t, name), cases: caseIDs("SESS")}.run(t))
		})
	}
}

func TestSessionMutants(t *testing.T) {
	for _, m := range bred("SESS") {
		t.Run(m.Name, func(t *testing.T) {
			cases, document := caseIDs("SESS"), "lamp"
			if m.Behaviour.PingsWhenIdle {
				document = "climate-sensor" // which reports without being asked
			}
			if m.Name == "gives-up" {
				cases = cases[:8] // it is away for those that follow SESS-08
			}
			unmasked(t, m, trial{spec: sample(t, document), cases: cases}, "has-no-jitter")
		})
	}
}
