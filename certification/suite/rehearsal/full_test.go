package rehearsal_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/virtual"
)

// Hours of outages, ladders and power cuts: the run ends, and its transcript says
// the same. What each case says is for the tests beside it.
func TestFullPlanEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{})
		s.Plan = suite.Full
		rep, err := suite.Live(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if !rep.Finished || len(rep.Missing) > 0 {
			t.Errorf("finished %v, missing %v", rep.Finished, rep.Missing)
		}
		if diff := cmp.Diff(rep, judged(t, s.Dir), noSegments); diff != "" {
			t.Errorf("the stored transcript says something else (-live +judged):\n%s", diff)
		}
		for _, o := range suite.Conclude(rep.Results) {
			if o.Verdict == suite.Fail || o.Verdict == suite.Inconclusive {
				t.Logf("%s is %s: %s", o.ID(), o.Verdict, o.Decisive().Findings[0].Message)
			}
		}
	})
}
