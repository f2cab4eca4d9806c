package rig_test

import (
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/internal/id"
)

// ran stores a run that finished with these results. No node of this test has a
// bench, so nobody else takes it.
func (w *world) ran(r *rig.Rig, sub certification.Submission, plan suite.Plan, results ...*suite.Result) certification.Run {
	w.Helper()
	run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: plan, Transport: bench.TCP}))(w)
	taken, ok, err := w.db.Programme().TakeRun(ctx, "node", 4, time.Now().Add(time.Hour))
	if err != nil || !ok || taken.ID != run.ID {
		w.Fatalf("run %s was not taken: %v, %v", run.ID, taken.ID, err)
	}
	was := taken.State
	taken.State, taken.EndedAt, taken.Node = certification.RunFinished, time.Now(), ""
	return get(w.db.Programme().SaveRun(ctx, was, taken, results, nil, nil))(w)
}

func passed(ids ...string) (out []*suite.Result) {
	for _, c := range ids {
		out = append(out, &suite.Result{Case: c, Attempt: 1, Verdict: suite.Pass, Checks: 1, First: 1, Last: 2})
	}
	return out
}

// delta is a submission that follows a certificate, to which the classes apply.
func delta(applies ...certification.ChangeClass) func(*certification.Submission) {
	return func(s *certification.Submission) {
		s.Previous, s.Class = "PM-2026-000001", applies[len(applies)-1]
		s.Classification = &certification.Classification{Class: s.Class, Applies: applies}
	}
}

// What reviewers see of the runs: each case that is required, once, with where it is
// to be seen or as open.
func TestTheEvidenceOfCases(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		r := w.benchless()
		sub := w.submission(delta(certification.ClassB))
		required := sub.Required()
		cases := get(r.CaseEvidence(ctx, sub, suite.Release))(t)
		var ids []string
		for _, run := range required.Runs {
			ids = append(ids, get(suite.Select(run.Plan, run.Cases))(t)...)
		}
		if len(cases) != len(ids) || slices.ContainsFunc(cases, func(c certification.CaseEvidence) bool {
			return c.Verdict != "" || c.Title == "" || c.Sentence == "" || !slices.Contains(ids, c.Case)
		}) {
			t.Fatalf("before any run: %d cases of %d, %+v", len(cases), len(ids), cases)
		}
		run := w.ran(r, sub, suite.Full, passed("READ-01", "WRITE-03")...)
		for _, c := range get(r.CaseEvidence(ctx, sub, suite.Release))(t) {
			switch ran := c.Case == "READ-01" || c.Case == "WRITE-03"; {
			case !ran && c.Verdict != "":
				t.Errorf("%s is %s, and was not run", c.ID, c.Verdict)
			case ran && (c.Verdict != suite.Pass || c.Run != run.ID || c.Transcript != 1 || c.Last != 2 || c.Attempts != 1 ||
				c.Firmware != sub.Firmware.SHA256 || c.Suite != suite.Release || c.Level != suite.Mandatory):
				t.Errorf("%+v", c)
			}
		}
		// By another release of the suite, and of another firmware, it is none.
		other := sub
		other.Firmware.SHA256 = sum("firmware 2")
		for what, got := range map[string][]certification.CaseEvidence{
			"another release":  get(r.CaseEvidence(ctx, sub, "0.0.1"))(t),
			"another firmware": get(r.CaseEvidence(ctx, other, suite.Release))(t),
		} {
			if len(got) != len(ids) || slices.ContainsFunc(got, func(c certification.CaseEvidence) bool { return c.Verdict != "" }) {
				t.Errorf("%s: %d cases, %+v", what, len(got), got)
			}
		}
	})
}

// A soak of four hours is none where a day is asked for; but a FAIL is one.
func TestAShortSoakIsNoDay(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		r := w.benchless()
		for _, verdict := range []suite.Verdict{suite.Pass, suite.Fail} {
			sub := w.submission(delta(certification.ClassB), func(s *certification.Submission) { s.ID = id.New("sub") })
			results := passed("SOAK-01")
			results[0].Verdict = verdict
			if run := w.ran(r, sub, suite.Soak, results...); run.SoakHours != suite.ShortSoak {
				t.Fatalf("class B soaks %d h", run.SoakHours)
			}
			soaked := func(sub certification.Submission) suite.Verdict {
				all := get(r.CaseEvidence(ctx, sub, suite.Release))(t)
				return all[slices.IndexFunc(all, func(c certification.CaseEvidence) bool { return c.Case == "SOAK-01" })].Verdict
			}
			if got := soaked(sub); got != verdict {
				t.Errorf("of class B it is %q, want %s", got, verdict)
			}
			raised := sub
			delta(certification.ClassB, certification.ClassC)(&raised)
			want := map[suite.Verdict]suite.Verdict{suite.Pass: "", suite.Fail: suite.Fail}[verdict]
			if got := soaked(raised); got != want {
				t.Errorf("raised to class C the %s of four hours is %q, want %q", verdict, got, want)
			}
		}
	})
}

// benchless is a rig that takes no runs.
func (w *world) benchless() *rig.Rig {
	w.Helper()
	r := w.open(func(o *rig.Options) { o.AttachBy(nil) })
	w.Cleanup(func() { must(w, r.Close(ctx)) })
	return r
}
