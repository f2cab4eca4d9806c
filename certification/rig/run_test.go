package rig_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
)

// bubble runs a test with a clock of its own, on SQLite.
func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	path := "sqlite:" + filepath.Join(t.TempDir(), "proofmark.db")
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, path)) })
}

func TestARunFromItsStartToItsEvidence(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		r := w.open()
		sub := w.submission()
		run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Quick, Transport: "tcp"}))(t)
		if run.State != certification.RunQueued || run.Attempt != 1 {
			t.Errorf("began as %s, attempt %d", run.State, run.Attempt)
		}
		got := w.ended(r, run.ID)
		if got.State != certification.RunFinished || got.Reason != "" || got.Node != "" {
			t.Errorf("ended %s (%s) on node %q", got.State, got.Reason, got.Node)
		}
		if got.Summary == nil || got.Summary.ExitCode() != suite.ExitPass {
			t.Errorf("summary %+v", got.Summary)
			for _, o := range get(r.Outcomes(ctx, sub.ID))(t).Outcomes {
				if o.Verdict == suite.Fail {
					t.Errorf("%s: %v", o.ID, o.Findings)
				}
			}
		}
		if len(got.Transcripts) != 1 || got.Report.Size == 0 || got.ReportJSON.Size == 0 {
			t.Errorf("evidence %+v, report %+v", got.Transcripts, got.Report)
		}
		e := get(r.Outcomes(ctx, sub.ID))(t)
		if len(e.Outcomes) < 40 || len(e.Runs) != 1 || len(e.Stale) != 0 {
			t.Errorf("%d outcomes of %d runs", len(e.Outcomes), len(e.Runs))
		}
		for _, o := range e.Outcomes {
			if o.Run != run.ID || o.Transcript != 1 {
				t.Errorf("%s is of run %s, transcript %d", o.ID, o.Run, o.Transcript)
			}
		}
		must(t, r.Close(ctx))
	})
}

func TestSetup(t *testing.T) { _ = time.Now() }
