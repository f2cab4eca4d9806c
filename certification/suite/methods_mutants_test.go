package suite

import (
	"os"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// methods is a small document with a member of each kind that the cases tell
// apart, and a declaration that uses what it may choose.
func methods(t *testing.T) trial {
	t.Helper()
	data, err := os.ReadFile("testdata/methods.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := miot.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return trial{spec: completed(t, s), declare: func(d *Declaration) {
		d.Deferred = []string{"2.5"}
		d.Exclusions = []Exclusion{
			{Member: "2.3", Value: 50, While: map[string]any{"2.1": false}},
			{Member: "2.2", Action: true, While: map[string]any{"2.1": false}},
		}
		d.Events["2.2"] = Recipe{Set: map[string]any{"2.4": 500}, Alarm: true}
		d.Events["2.3"] = Recipe{Call: "2.3"}
	}}
}

// withTLS are the cases that a run over TCP leaves open.
func withTLS(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(casesOf(t, methodGroups...), func(id string) bool {
		c, _ := Lookup(id)
		return !c.Needs.TLS
	})
}

func TestDeclaredChoicesPass(t *testing.T) {
	tr := methods(t)
	tr.cases = casesOf(t, methodGroups...)
	rep := tr.run(t)
	passes(t, rep)
	judged := make(map[string]bool)
	for _, r := range rep.Results {
		judged[r.Case] = judged[r.Case] || r.Verdict == Pass
	}
	for _, id := range tr.cases {
		if !judged[id] && !slices.Contains(withTLS(t), id) {
			t.Errorf("%s did not judge anything", id)
		}
	}
}

func TestColdBoot(t *testing.T) {
	tr := methods(t)
	tr.cases, tr.transport = withTLS(t), bench.TLS
	rep := tr.run(t)
	passes(t, rep)
	for _, r := range rep.Results {
		if r.Verdict != Pass {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
}

// TestMethodMutants lets each mutant of the groups meet its own group, and the
// WRITE cases, whose refused writes NOTIFY-07 watches.
func TestMethodMutants(t *testing.T) {
	for _, group := range methodGroups {
		for _, m := range bred(group) {
			t.Run(m.Name, func(t *testing.T) {
				tr := methods(t)
				tr.cases = casesOf(t, group)
				switch group {
				case "NOTIFY":
					tr.cases = casesOf(t, "WRITE", "NOTIFY")
				case "TIME":
					c, _ := Lookup(m.Cases[0])
					if c.Needs.TLS {
						tr.cases, tr.transport = withTLS(t), bench.TLS
					}
				}
				unmasked(t, m, tr)
			})
		}
	}
}

// TestEachMethodCaseHasAMutant: what no virtual device can fail, an operator
// does in TestOperatorSaysNo.
func TestEachMethodCaseHasAMutant(t *testing.T) {
	for _, id := range casesOf(t, methodGroups...) {
		bred := slices.ContainsFunc(virtual.Mutants(), func(m virtual.Mutant) bool { return m.Cases[0] == id })
		if !bred && !slices.Contains(saidNo, id) {
			t.Errorf("%s has no mutant", id)
		}
	}
}

// saidNo are the cases that an operator decides.
var saidNo = []string{"WRITE-14"}

func TestOperatorSaysNo(t *testing.T) {
	tr := methods(t)
	tr.cases = saidNo
	tr.operator = func(q bench.Question) (transcript.Answer, bool) {
		return transcript.Answer{Answer: "no", Note: "nothing moved"}, q.Kind == bench.Confirm
	}
	for _, r := range tr.run(t).Results {
		if r.Verdict != Fail {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
	tr.cases, tr.transport = withTLS(t), bench.TLS
	for _, r := range tr.run(t).Results {
		if r.Verdict != Fail {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
}

func TestNoPhotoIsForAPersonToDecide(t *testing.T) {
	tr := methods(t)
	tr.cases = saidNo
	tr.operator = func(q bench.Question) (transcript.Answer, bool) {
		return transcript.Answer{Answer: "yes"}, q.Kind == bench.Confirm
	}
	for _, r := range tr.run(t).Results {
		if r.Verdict != Review {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
}

// TestDeclaredRoundingIsAWarning: what WRITE-04 fails when nobody has declared it.
func TestDeclaredRoundingIsAWarning(t *testing.T) {
	m, err := virtual.FindMutant("rounds")
	if err != nil {
		t.Fatal(err)
	}
	tr := methods(t)
	tr.cases, tr.behaviour = []string{"WRITE-04"}, m.Behaviour
	declare := tr.declare
	tr.declare = func(d *Declaration) { declare(d); d.Rounds = []string{"2.4", "2.5", "2.12"} }
	for _, r := range tr.run(t).Results {
		if r.Member != "" && r.Verdict != Warn {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
}

// TestWhatWasNotDoneIsNoPass: what a case checks on its way to the operator, or to
// the finding that it does not apply, is no pass.
func TestWhatWasNotDoneIsNoPass(t *testing.T) {
	tr := methods(t)
	tr.cases = []string{"WRITE-13", "WRITE-14", "NOTIFY-02", "NOTIFY-05", "EVT-04"}
	tr.operator = func(bench.Question) (transcript.Answer, bool) {
		return transcript.Answer{Answer: "skip", Note: "nobody is there"}, true
	}
	for _, r := range tr.run(t).Results {
		want := Skipped
		if r.Case == "NOTIFY-05" {
			want = Pass // the full state after a reconnect needs nobody
		}
		if r.Verdict != want {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
	none := trial{spec: sample(t, "lamp"), cases: []string{"WRITE-09", "WRITE-11", "ACT-05"}}
	for _, r := range none.run(t).Results {
		if r.Verdict != NotFor {
			t.Errorf("%s: %s %v", r.ID(), r.Verdict, r.Findings)
		}
	}
}
