package certification

import (
	"fmt"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/suite"
)

func TestWhatNeedNotRunAgainIsTakenOver(t *testing.T) {
	were := []CaseEvidence{caseOf("CONN-01", suite.Pass), caseOf("CONN-02", suite.Fail), caseOf("READ-01[2.1]", suite.Pass), caseOf("READ-01[2.2]", suite.Pass)}
	in := Inherited{From: "PM-2026-000001", Cases: []string{"CONN-01", "CONN-02", "CONN-03", "SESS-01"}}
	var got []string
	for _, c := range inherit(in, were, map[string]bool{"CONN-02": true, "READ-01": true}) {
		got = append(got, fmt.Sprintf("%s %s %s", c.ID, c.Verdict, c.Inherited))
		if c.Verdict == "" && (c.Sentence == "" || c.Title == "") {
			t.Errorf("%+v has nothing of the catalogue", c)
		}
	}
	want := []string{"CONN-01 PASS PM-2026-000001", "CONN-03  PM-2026-000001", "SESS-01  PM-2026-000001"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
