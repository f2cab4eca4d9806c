package suite

import (
	"testing"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestConclude(t *testing.T) {
	const p, f, w, i, s = Pass, Fail, Warn, Inconclusive, Skipped
	for _, c := range []struct {
		what     string
		attempts []Verdict
		want     Verdict
		tried    string
	}{
		{"one pass", []Verdict{p}, Pass, ""},
		{"one failure", []Verdict{f}, Fail, ""},
		{"a failure and two passes", []Verdict{f, p, p}, Fail, "1 of 3 failed"},
		{"a failure and three passes in a row", []Verdict{f, p, p, p}, Warn, "1 of 4 failed"},
		{"passes that a failure parts", []Verdict{f, p, p, f, p}, Fail, "2 of 5 failed"},
		{"three passes after the second failure", []Verdict{f, p, f, p, p, p}, Warn, "2 of 6 failed"},
		{"a late failure", []Verdict{p, p, p, f}, Fail, "1 of 4 failed"},
		{"a warning among the three", []Verdict{f, p, w, p}, Warn, "1 of 4 failed"},
		{"no conclusion, then a pass", []Verdict{i, p}, Pass, ""},
		{"no conclusion between the three", []Verdict{f, p, i, p, p}, Warn, "1 of 4 failed"},
		{"no conclusion", []Verdict{i, i}, Inconclusive, ""},
		{"a failure, then no conclusion", []Verdict{f, i}, Fail, ""},
		{"skipped, then done", []Verdict{s, p}, Pass, ""},
	} {
		var results []*Result
		for n, v := range c.attempts {
			results = append(results, &Result{Case: "DECL-01", Attempt: n + 1, Verdict: v})
		}
		out := Conclude(results)
		if len(out) != 1 || out[0].Verdict != c.want || out[0].Tried() != c.tried {
			t.Errorf("%s: %s, %q; wants %s, %q", c.what, out[0].Verdict, out[0].Tried(), c.want, c.tried)
		}
	}
}

func TestMembersAreConcludedApart(t *testing.T) {
	out := Conclude([]*Result{
		{Case: "DECL-02", Verdict: Pass},
		{Case: "DECL-01", Member: "2.1", Verdict: Fail},
		{Case: "DECL-01", Member: "2.2", Verdict: Pass},
	})
	if len(out) != 3 || out[0].ID() != "DECL-01[2.1]" || out[0].Verdict != Fail || out[1].Verdict != Pass || out[2].ID() != "DECL-02" {
		t.Errorf("%v", out)
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		what    string
		rep     Report
		status  Status
		verdict Verdict
		code    int
	}{
		{"all passed", Report{Finished: true, Results: []*Result{{Case: "DECL-01", Verdict: Pass}}}, Finished, Pass, ExitPass},
		{"a warning", Report{Finished: true, Results: []*Result{{Case: "DECL-01", Verdict: Warn}}}, Finished, Warn, ExitPass},
		{"nothing judged", Report{Finished: true, Results: []*Result{{Case: "DECL-01", Verdict: Skipped}}}, Finished, Inconclusive, ExitOpen},
		{"nothing at all", Report{Finished: true}, Finished, Inconclusive, ExitOpen},
		{"cut off", Report{Results: []*Result{{Case: "DECL-01", Verdict: Pass}}}, Interrupted, Inconclusive, ExitOpen},
		{"cut off after a failure", Report{Results: []*Result{{Case: "DECL-01", Verdict: Fail}}}, Interrupted, Fail, ExitFail},
		{"a case missing", Report{Finished: true, Missing: []string{"DECL-02"}, Results: []*Result{{Case: "DECL-01", Verdict: Pass}}}, Interrupted, Inconclusive, ExitOpen},
	} {
		s := c.rep.Summarize()
		if s.Status != c.status || s.Verdict != c.verdict || s.ExitCode() != c.code {
			t.Errorf("%s: %+v, exit code %d", c.what, s, s.ExitCode())
		}
	}
}

func TestNeeds(t *testing.T) {
	run := &Run{Header: transcript.Header{Transport: "tcp"}, Declaration: &Declaration{MQTT: "3.1.1"}}
	for _, c := range []struct {
		needs Needs
		want  Verdict
	}{
		{Needs{}, ""},
		{Needs{Offline: true, TLS: true}, ""},
		{Needs{TLS: true}, Skipped},
		{Needs{Operator: true}, Skipped},
		{Needs{SecondUnit: true}, Skipped},
		{Needs{V5: true}, NotFor},
	} {
		if v, why := run.lacks(c.needs); v != c.want || (v == "") != (why == "") {
			t.Errorf("%+v: %s, %q", c.needs, v, why)
		}
	}
	run.Header.Transport, run.Header.Operator, run.Declaration.MQTT = "mtls", "terminal", "5.0"
	run.Submission.SecondUnit = &Unit{}
	if v, why := run.lacks(Needs{TLS: true, Operator: true, SecondUnit: true, V5: true}); v != "" {
		t.Errorf("%s, %q", v, why)
	}
}
