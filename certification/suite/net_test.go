package suite

import (
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
)

func TestConformingDeviceStandsTheNetwork(t *testing.T) {
	for _, name := range []string{"lamp", "climate-sensor", "gateway"} {
		t.Run(name, func(t *testing.T) {
			passes(t, trial{spec: sample(t, name), cases: caseIDs("NET")}.run(t))
		})
	}
}

func TestNetworkMutants(t *testing.T) {
	for _, m := range bred("NET") {
		t.Run(m.Name, func(t *testing.T) {
			unmasked(t, m, trial{spec: sample(t, "lamp"), cases: caseIDs("NET")})
		})
	}
}

// What a device does with names is not to be seen at the bench: the mutants are
// operators who saw something else.
func TestNamesAreJudgedByTheOperator(t *testing.T) {
	for about, bad := range map[string]string{"holds on to an old address": "second address", "floods a name server that fails": "SERVFAIL"} {
		t.Run(about, func(t *testing.T) {
			unmasked(t, virtual.Mutant{Name: about, Cases: []string{"NET-06"}, Sentence: about}, trial{
				spec: sample(t, "lamp"), cases: []string{"NET-06"},
				operator: func(q bench.Question) (transcript.Answer, bool) {
					return transcript.Answer{Answer: "no", File: "00"}, strings.Contains(q.Text, bad)
				},
			})
		})
	}
}

// The same for what goes to other hosts than the bench.
func TestOtherHostsAreJudgedByTheOperator(t *testing.T) {
	unmasked(t, virtual.Mutant{Name: "asks-another-host", Cases: []string{"CONN-06"}, Sentence: "it asks another host"}, trial{
		spec: sample(t, "lamp"), cases: []string{"CONN-06"}, transport: bench.TLS,
		operator: func(q bench.Question) (transcript.Answer, bool) {
			return transcript.Answer{Answer: "no", File: "00"}, q.Kind == bench.Upload
		},
	})
}
