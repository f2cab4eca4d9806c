package rehearsal_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/certification/virtual"
)

// liar answers a number where the spec has a bool.
func liar(_, answer []byte) []byte {
	return bytes.ReplaceAll(answer, []byte(`"value":true`), []byte(`"value":4711`))
}

func TestBrokenDeviceFailsWithItsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{Answer: liar}, "READ-01")
		rep, err := suite.Live(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if sum := rep.Summarize(); sum.Verdict != suite.Fail || sum.ExitCode() != suite.ExitFail {
			t.Errorf("%+v", sum)
		}
		page, err := report.New(rep).HTML()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"device/lamp-1/up/response", "4711", "<summary>bytes</summary>", "A readable property SHALL"} {
			if !strings.Contains(string(page), want) {
				t.Errorf("the report lacks %q", want)
			}
		}
		if diff := cmp.Diff(rep, judged(t, s.Dir), noSegments); diff != "" {
			t.Errorf("the stored transcript says something else (-live +judged):\n%s", diff)
		}
	})
}

// A device that fails for a while: three passes in a row take the FAIL back, and
// leave a word about it.
func TestFailureIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		moody := func(request, answer []byte) []byte {
			lie := liar(request, answer)
			if bytes.Equal(lie, answer) {
				return answer
			}
			if answers++; answers == 1 {
				return lie
			}
			return answer
		}
		s := setup(t, virtual.Behaviour{Answer: moody}, "READ-01")
		s.Repeat = 3
		rep, err := suite.Live(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		warned := 0
		for _, o := range suite.Conclude(rep.Results) {
			if o.Verdict == suite.Warn && o.Tried() == "1 of 4 failed" {
				warned++
			} else if o.Verdict != suite.Pass {
				t.Errorf("%s: %s, %s", o.ID(), o.Verdict, o.Tried())
			}
		}
		if warned != 1 {
			t.Errorf("%d members warn, needs 1", warned)
		}
	})
}

// One more attempt cannot take a FAIL back: it is not made.
func TestHopelessRepetitionIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, virtual.Behaviour{Answer: liar}, "READ-01")
		s.Repeat = 2
		rep, err := suite.Live(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range suite.Conclude(rep.Results) {
			if o.Attempts != 1 {
				t.Errorf("%s was tried %d times", o.ID(), o.Attempts)
			}
		}
	})
}
