package rig_test

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
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
		run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Quick, Transport: bench.TCP}))(t)
		if run.State != certification.RunQueued || run.Attempt != 1 {
			t.Errorf("began as %s, attempt %d", run.State, run.Attempt)
		}
		got := w.ended(r, run.ID)
		if got.State != certification.RunFinished || got.Reason != "" || got.Node != "" {
			t.Errorf("ended %s (%s) on node %q", got.State, got.Reason, got.Node)
		}
		if got.Summary == nil || got.Summary.ExitCode() != suite.ExitPass {
			t.Errorf("summary %+v", got.Summary)
		}
		if len(got.Transcripts) != 1 || got.Report.Size == 0 || got.ReportJSON.Size == 0 {
			t.Errorf("evidence %+v, report %+v", got.Transcripts, got.Report)
		}
		e := get(r.Outcomes(ctx, sub.ID))(t)
		if len(e.Outcomes) < 40 || len(e.Runs) != 1 || len(e.Stale) != 0 || !slices.Contains(e.Missing, "SOAK-01") {
			t.Errorf("%d outcomes of %d runs, missing %v", len(e.Outcomes), len(e.Runs), e.Missing)
		}
		for _, o := range e.Outcomes {
			if o.Run != run.ID || o.Transcript != 1 {
				t.Errorf("%s is of run %s, transcript %d", o.ID, o.Run, o.Transcript)
			}
		}
		w.noSecret(r, sub, got)
		must(t, r.Close(ctx))
		if left, _ := filepath.Glob(filepath.Join(w.dir, "runs", "run_*")); len(left) > 0 {
			t.Errorf("the folder still holds %v", left)
		}
	})
}

// noSecret looks for the device's secret where it must not be.
func (w *world) noSecret(r *rig.Rig, sub certification.Submission, run certification.Run) {
	w.Helper()
	secret := get(r.Access(ctx, w.maker(), sub.ID))(w).Secret
	for i := range run.Transcripts {
		text := get(r.Records(ctx, w.maker(), run.ID, i+1, rig.Filter{Limit: math.MaxInt}))(w)
		for _, rec := range text.Records {
			if bytes.Contains(rec.Data, []byte(secret)) || bytes.Contains(rec.Raw, []byte(secret)) || strings.Contains(rec.Text, secret) {
				w.Fatalf("record %d of transcript %d holds the secret", rec.Seq, i+1)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "*.db*"))
	must(w, err)
	for _, file := range files {
		if bytes.Contains(get(readFile(file))(w), []byte(secret)) {
			w.Fatalf("%s holds the secret", file)
		}
	}
}

// Hours of outages, ladders and power cuts, with a person who does what is asked.
func TestTheFullPlanWithAnOperator(t *testing.T) {
	if testing.Short() {
		t.Skip("six virtual hours")
	}
	bubble(t, func(t *testing.T, w *world) {
		r := w.open(func(o *rig.Options) { o.Poll, o.Lease = time.Minute, 10*time.Minute }) // nobody else is there
		defer func() { must(t, r.Close(ctx)) }()
		sub := w.submission()
		run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Full, Transport: bench.TCP}))(t)
		asked := 0
		for {
			got := get(r.Wait(ctx, w.maker(), run.ID))(t)
			if got.State.Ended() {
				run = got
				break
			}
			asked += w.operate(r, run.ID)
		}
		if run.State != certification.RunFinished || run.Summary.Verdict == suite.Inconclusive || asked < 10 {
			t.Errorf("%s (%s), %+v, %d questions", run.State, run.Reason, run.Summary, asked)
		}
		for _, o := range get(r.Outcomes(ctx, sub.ID))(t).Outcomes {
			if o.Verdict == suite.Fail || o.Verdict == suite.Inconclusive {
				t.Logf("%s is %s: %v", o.ID, o.Verdict, o.Findings)
			}
		}
	})
}

// operate does at the device what is asked, and says so.
func (w *world) operate(r *rig.Rig, run string) (done int) {
	w.Helper()
	for _, q := range get(r.Questions(ctx, w.maker(), run))(w) {
		if q.State != certification.QuestionOpen {
			continue
		}
		a, err := w.device(run).Ask(ctx, bench.Question{ID: q.ID, Kind: q.Kind, Text: q.Text, Evidence: q.Evidence, For: q.For, SIID: q.SIID, PIID: q.PIID, EIID: q.EIID, Value: q.Value})
		if err != nil {
			a = transcript.Answer{Answer: "skip", Note: err.Error()}
		}
		a.File = "" // there is nothing to see at software
		if q.Kind != bench.Confirm && a.Answer != "skip" {
			a.Answer = "done"
		}
		if _, err := r.Answer(ctx, w.maker(), run, q.ID, a); err != nil && !errors.Is(err, registry.ErrConflict) && !errors.Is(err, certification.ErrState) {
			w.Errorf("%s: %v", q.Text, err)
		}
		done++
	}
	time.Sleep(10 * time.Millisecond) // of the bubble
	return done
}

// A FAIL stands until three passes in a row, over all runs of the firmware.
func TestAFailIsOutweighedByThreePasses(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		r := w.open()
		defer func() { must(t, r.Close(ctx)) }()
		sub := w.submission()
		for attempt := 1; attempt <= 4; attempt++ {
			w.mu.Lock()
			w.behaviour = func(certification.Run) virtual.Behaviour {
				if attempt == 1 {
					return virtual.Behaviour{Answer: func(_, answer []byte) []byte {
						return bytes.ReplaceAll(answer, []byte(`"value":true`), []byte(`"value":4711`))
					}}
				}
				return virtual.Behaviour{}
			}
			w.mu.Unlock()
			run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Quick, Cases: []string{"READ-01"}, Transport: bench.TCP}))(t)
			if run.Attempt != attempt {
				t.Errorf("attempt %d, want %d", run.Attempt, attempt)
			}
			w.ended(r, run.ID)
			verdict, tried := suite.Pass, ""
			for _, o := range get(r.Outcomes(ctx, sub.ID))(t).Outcomes {
				if o.Failed > 0 {
					verdict, tried = o.Verdict, o.Tried
				}
			}
			want, wantTried := suite.Fail, []string{"", "1 of 2 failed", "1 of 3 failed", "1 of 4 failed"}[attempt-1]
			if attempt == 4 {
				want = suite.Warn
			}
			if verdict != want || tried != wantTried {
				t.Errorf("after attempt %d: %s, %q; want %s, %q", attempt, verdict, tried, want, wantTried)
			}
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		r := w.open(func(o *rig.Options) { o.MostOpen = 2 })
		defer func() { must(t, r.Close(ctx)) }()
		w.mu.Lock()
		w.behaviour = nil
		w.mu.Unlock()
		sub := w.submission()
		draft := w.submission(func(s *certification.Submission) { s.State = certification.Draft })
		quick := rig.Wanted{Plan: suite.Quick, Transport: bench.TCP}
		start := func(a certification.Actor, sub certification.Submission, wanted rig.Wanted) error {
			_, err := r.Start(ctx, a, sub.ID, wanted)
			return err
		}
		if err := start(stranger, sub, quick); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		refused(t, start(reviewer, sub, quick), "own-run")
		refused(t, start(w.maker(), draft, quick), "in-testing")
		refused(t, start(w.maker(), sub, rig.Wanted{Plan: "all"}), "known-cases")
		refused(t, start(w.maker(), sub, rig.Wanted{Cases: []string{"READ-99"}}), "known-cases")
		refused(t, start(w.maker(), sub, rig.Wanted{Transport: "mtls"}), "transport")
		refused(t, start(w.maker(), sub, rig.Wanted{Repeat: 6}), "repeat")
		run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Soak, Transport: bench.TCP}))(t)
		refused(t, start(w.maker(), sub, rig.Wanted{Plan: suite.Soak, Transport: bench.TCP}), "one-run-per-plan")
		_, err := r.Resume(ctx, w.maker(), run.ID)
		refused(t, err, "resumable")
		w.until(r, run.ID, certification.RunRunning)
		_, err = r.RotateSecret(ctx, w.maker(), sub.ID)
		refused(t, err, "secret-in-use")
		must(t, start(w.maker(), sub, rig.Wanted{Plan: suite.Full, Transport: bench.TCP}))
		refused(t, start(w.maker(), sub, quick), "run-limit")
		_ = get(r.Cancel(ctx, w.maker(), run.ID))(t)
		got := w.ended(r, run.ID)
		if got.State != certification.RunCancelled || len(got.Transcripts) != 1 || !slices.Contains(got.Hands, vendor) {
			t.Errorf("cancelled: %s, %+v", got.State, got.Transcripts)
		}
		_, err = r.Cancel(ctx, w.maker(), run.ID)
		refused(t, err, "run-ended")
	})
}

// until waits for a state of a run.
func (w *world) until(r *rig.Rig, run string, want certification.RunState) {
	w.Helper()
	for range 36_000 {
		if get(r.Run(ctx, w.maker(), run))(w).State == want {
			return
		}
		time.Sleep(100 * time.Millisecond) // of the bubble
	}
	w.Fatalf("run %s never was %s", run, want)
}

// A service that stops in the middle keeps what was seen, signed; another process
// goes on with the case that was cut. On both engines, in real time.
func TestAnInterruptedRunIsResumed(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		r := w.open()
		sub := w.submission()
		began := make(chan struct{}, 1)
		w.onProgress(func(p progress) {
			if p.Case == "READ-03" {
				select {
				case began <- struct{}{}:
				default:
				}
			}
		})
		run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Quick, Cases: []string{"DECL", "READ"}, Transport: bench.TCP}))(t)
		<-began
		must(t, r.Close(ctx))
		got := get(w.db.Programme().Run(ctx, run.ID))(t)
		if got.State != certification.RunInterrupted || !strings.Contains(got.Reason, "the service stopped") || len(got.Transcripts) != 1 || got.Node != "" {
			t.Fatalf("%s (%s), %d transcripts, node %q", got.State, got.Reason, len(got.Transcripts), got.Node)
		}
		before := len(get(w.db.Programme().RunResults(ctx, run.ID))(t))
		if before < 8 {
			t.Errorf("%d results were kept", before)
		}

		again := w.open(func(o *rig.Options) { o.Dir = filepath.Join(w.dir, "another node") })
		defer func() { must(t, again.Close(ctx)) }()
		_ = get(again.Resume(ctx, w.maker(), run.ID))(t)
		got = w.ended(again, run.ID)
		if got.State != certification.RunFinished || len(got.Transcripts) != 2 || got.Summary.ExitCode() != suite.ExitPass {
			t.Fatalf("%s (%s), %d transcripts, %+v", got.State, got.Reason, len(got.Transcripts), got.Summary)
		}
		second := get(again.Records(ctx, w.maker(), run.ID, 2, rig.Filter{Limit: math.MaxInt}))(t)
		for _, rec := range second.Records {
			if rec.Kind == transcript.KindBegin && (rec.Case == "READ-01" || rec.Case == "READ-02") {
				t.Errorf("%s was run again", rec.Case)
			}
		}
		_ = get(again.AskJudgement(ctx, reviewer, run.ID))(t)
		j := get(again.Judgements(ctx, reviewer, run.ID))(t)[0]
		must(t, again.Judge(ctx, j.ID))
		j = get(again.Judgements(ctx, reviewer, run.ID))(t)[0]
		if !j.Same || j.Failed != "" || len(j.Signed) != 2 || j.Signed[0] != w.keys.PublicKey() {
			t.Errorf("judged again: %+v", j)
		}
		keys := get(again.TranscriptKeys(ctx))(t)
		if !slices.Contains(keys, j.Signed[0]) {
			t.Errorf("signed by %s, known are %v", j.Signed[0], keys)
		}
	})
}

// A run whose node dies for good is interrupted by another node; its evidence waits
// for the node's folder to come back.
func TestARunOfADeadNodeIsInterrupted(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		sub := w.submission()
		store := w.db.Programme()
		run := get(store.CreateRun(ctx, certification.Run{
			ID: id.New("run"), Submission: sub.ID, Org: sub.Org, Round: 1, Plan: suite.Quick, State: certification.RunQueued,
		}, 10, nil, nil))(t)
		_, ok, err := store.TakeRun(ctx, "rig_dead", 4, time.Now().Add(time.Minute))
		must(t, err)
		if !ok {
			t.Fatal("the dead node did not take it")
		}
		r := w.open()
		w.until(r, run.ID, certification.RunInterrupted)
		got := get(r.Run(ctx, w.maker(), run.ID))(t)
		if got.Reason != "the node that ran it is gone" || got.Node != "rig_dead" {
			t.Errorf("%s: %s, node %q", got.State, got.Reason, got.Node)
		}
		must(t, r.Close(ctx))
	})
}

func TestTwentyRunsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		r := w.open(func(o *rig.Options) { o.MostPerOrg = 20 })
		defer func() { must(t, r.Close(ctx)) }()
		var ids []string
		for range 20 {
			sub := w.submission()
			ids = append(ids, get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Cases: []string{"READ", "WRITE-01", "NOTIFY-01"}, Transport: bench.TCP}))(t).ID)
		}
		for _, id := range ids {
			if got := w.ended(r, id); got.State != certification.RunFinished || got.Summary.ExitCode() != suite.ExitPass {
				t.Errorf("%s (%s): %+v", got.State, got.Reason, got.Summary)
			}
		}
	})
}

// An organisation's runs beyond its share wait for one of its own to end.
func TestAnOrganisationHasItsShare(t *testing.T) {
	if testing.Short() {
		t.Skip("short is the part under the race detector, which twenty runs at once have; make test runs this whole without it")
	}
	bubble(t, func(t *testing.T, w *world) {
		r := w.open(func(o *rig.Options) { o.MostPerOrg = 2 })
		defer func() { must(t, r.Close(ctx)) }()
		var ids []string
		for range 5 {
			sub := w.submission()
			ids = append(ids, get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Quick, Transport: bench.TCP}))(t).ID)
		}
		most := 0
		for {
			running, left := 0, 0
			for _, id := range ids {
				run := get(r.Run(ctx, w.maker(), id))(t)
				if run.State.Executing() {
					running++
				}
				if !run.State.Ended() {
					left++
				}
			}
			most = max(most, running)
			if left == 0 {
				break
			}
			time.Sleep(time.Second) // of the bubble
		}
		if most != 2 {
			t.Errorf("%d ran at once, want 2", most)
		}
	})
}

// Another firmware, spec, declaration or release makes a run stale, and ends one
// that goes on.
func TestAStaleRunIsNoEvidence(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		r := w.open()
		defer func() { must(t, r.Close(ctx)) }()
		sub := w.submission()
		run := get(r.Start(ctx, w.maker(), sub.ID, rig.Wanted{Plan: suite.Soak, Transport: bench.TCP}))(t)
		w.until(r, run.ID, certification.RunRunning)
		next := sub
		next.Firmware.SHA256 = sum("firmware 2")
		must(t, w.db.Programme().SaveSubmission(ctx, sub.State, next, nil, nil))
		got := w.ended(r, run.ID)
		if got.State != certification.RunCancelled || !strings.Contains(got.Reason, "firmware") {
			t.Errorf("%s: %s", got.State, got.Reason)
		}
		e := get(r.Outcomes(ctx, sub.ID))(t)
		if len(e.Runs) != 0 || !strings.Contains(e.Stale[run.ID], "firmware") {
			t.Errorf("%d runs count; stale %v", len(e.Runs), e.Stale)
		}
		next.Firmware = sub.Firmware
		for name, c := range map[string]struct {
			change  func(*certification.Submission)
			release string
		}{
			"firmware":    {func(s *certification.Submission) { s.Firmware.SHA256 = sum("x") }, suite.Release},
			"spec":        {func(s *certification.Submission) { s.SpecSHA256 = sum("x") }, suite.Release},
			"declaration": {func(s *certification.Submission) { s.Declaration = []byte(`{}`) }, suite.Release},
			"suite":       {func(*certification.Submission) {}, "2.0.0"},
		} {
			changed := sub
			c.change(&changed)
			if ok, why := rig.Counts(got, changed, c.release); ok || !strings.Contains(why, name) {
				t.Errorf("%s changed: counts %v, %q", name, ok, why)
			}
		}
		if ok, why := rig.Counts(got, sub, suite.Release); !ok || why != "" {
			t.Errorf("nothing changed: %v, %q", ok, why)
		}
	})
}
