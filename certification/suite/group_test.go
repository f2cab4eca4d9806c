package suite

import (
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/virtual"
)

// caseIDs are the ids of a group's cases.
func caseIDs(group string) []string {
	var ids []string
	for _, c := range Cases() {
		if c.Group() == group {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// bred are the mutants that were made for a case of the group.
func bred(group string) []virtual.Mutant {
	return slices.DeleteFunc(virtual.Mutants(), func(m virtual.Mutant) bool {
		c, err := Lookup(m.Cases[0])
		return err == nil && c.Group() != group
	})
}

// unmasked runs a trial of a mutant. It fails the test where a case of the trial
// that the mutant names does not fail (an optional one: does not warn), and where
// one that it does not name fails.
func unmasked(t *testing.T, m virtual.Mutant, tr trial, warns ...string) *Report {
	t.Helper()
	tr.behaviour = m.Behaviour
	if tr.configure == nil {
		tr.configure = m.Configure
	}
	rep := tr.run(t)
	worst := make(map[string]Verdict)
	for _, r := range rep.Results {
		worst[r.Case] = Heavier(worst[r.Case], r.Verdict)
		if r.Verdict == Fail && !slices.Contains(m.Cases, r.Case) {
			t.Errorf("%s fails %s, which its entry does not name: %v", m.Name, r.ID(), r.Findings)
		}
	}
	for _, id := range tr.cases {
		c, err := Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		want := Fail
		if c.Level == Optional || slices.Contains(warns, m.Name) {
			want = Warn
		}
		if slices.Contains(m.Cases, id) && worst[id] != want {
			t.Errorf("%s (%s) is %s in %s, wanted %s", m.Name, m.Sentence, worst[id], id, want)
		}
	}
	return rep
}

// Cases of the link whose mutants are no virtual device: an MQTT 5 client in
// conn_v5_test.go, an operator in net_test.go.
var otherwiseUnmasked = []string{"CONN-11", "NET-06"}

func TestEachCaseOfTheLinkHasAMutant(t *testing.T) {
	for _, group := range []string{"CONN", "SESS", "LIFE", "NET", "SOAK"} {
		for _, id := range caseIDs(group) {
			named := slices.ContainsFunc(bred(group), func(m virtual.Mutant) bool { return slices.Contains(m.Cases, id) })
			if !named && !slices.Contains(otherwiseUnmasked, id) {
				t.Errorf("no mutant fails %s", id)
			}
		}
	}
}
