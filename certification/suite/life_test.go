package suite

import "testing"

func TestConformingDeviceLives(t *testing.T) {
	for _, name := range []string{"air-purifier", "lamp", "vacuum", "climate-sensor", "gateway"} {
		t.Run(name, func(t *testing.T) {
			passes(t, trial{spec: sample(t, name), cases: caseIDs("LIFE")}.run(t))
		})
	}
}

func TestLifeMutants(t *testing.T) {
	for _, m := range bred("LIFE") {
		t.Run(m.Name, func(t *testing.T) {
			unmasked(t, m, trial{spec: sample(t, "lamp"), cases: caseIDs("LIFE")})
		})
	}
}
