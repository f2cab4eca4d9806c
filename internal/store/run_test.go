package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// testing is a submission whose device may run.
func (db *storeDB) testing(t testing.TB, org string) certification.Submission {
	t.Helper()
	sub := certification.Submission{
		ID: id.New("sub"), Org: org, Model: "aurora-lamp", State: certification.Testing, Round: 1, Spec: []byte("{}"), Declaration: []byte("{}"),
		CreatedAt: now, UpdatedAt: now,
	}
	must(t, db.Programme().CreateSubmission(ctx, sub, nil, nil))
	return sub
}

func runOf(sub certification.Submission, plan suite.Plan) certification.Run {
	return certification.Run{
		ID: id.New("run"), Submission: sub.ID, Org: sub.Org, Round: sub.Round, Plan: plan, State: certification.RunQueued, CreatedAt: now, Hands: []string{"acc_a"},
	}
}

// run creates a queued one.
func (db *storeDB) run(t testing.TB, sub certification.Submission, plan suite.Plan) certification.Run {
	t.Helper()
	return get(db.Programme().CreateRun(ctx, runOf(sub, plan), 100, nil, nil))(t)
}

// take takes runs until it has this one.
func (db *storeDB) take(t testing.TB, run certification.Run, node string, until time.Time) certification.Run {
	t.Helper()
	for {
		got, ok, err := db.Programme().TakeRun(ctx, node, 100, until)
		must(t, err)
		if !ok {
			t.Fatalf("run %s was not to be had", run.ID)
		}
		if got.ID == run.ID {
			return got
		}
	}
}

var runCases = []conformanceCase{
	{"runs are numbered, and one of a plan is open at a time", func(t *testing.T, db *storeDB) {
		p, sub := db.Programme(), db.testing(t, id.New("org"))
		first := db.run(t, sub, suite.Quick)
		same(t, first.Attempt, 1)
		_, err := p.CreateRun(ctx, runOf(sub, suite.Quick), 100, nil, nil)
		wantError(t, err, registry.ErrExists)
		same(t, db.run(t, sub, suite.Full).Attempt, 1)
		was := first.State
		first.State, first.EndedAt = certification.RunFinished, now
		get(p.SaveRun(ctx, was, first, nil, nil, nil))(t)
		same(t, db.run(t, sub, suite.Quick).Attempt, 2)
		same(t, len(get(p.RunsOf(ctx, sub.ID))(t)), 3)
		_, err = p.CreateRun(ctx, runOf(certification.Submission{ID: "sub_none", Org: sub.Org, Round: 1}, suite.Quick), 100, nil, nil)
		wantError(t, err, registry.ErrNotFound)
	}},
	{"of 8 at once an organisation opens as many runs as it may", func(t *testing.T, db *storeDB) {
		org := id.New("org")
		subs := make([]certification.Submission, 8)
		for i := range subs {
			subs[i] = db.testing(t, org)
		}
		refused := 0
		for _, err := range together(8, func(i int) error {
			_, err := db.Programme().CreateRun(ctx, runOf(subs[i], suite.Quick), 5, nil, nil)
			return err
		}) {
			if errors.Is(err, rig.ErrTooMany) {
				refused++
			} else {
				must(t, err)
			}
		}
		same(t, refused, 3)
	}},
	{"of 8 nodes one takes a run, and no organisation gets more than its share", func(t *testing.T, db *storeDB) {
		org := id.New("org")
		for range 6 {
			db.run(t, db.testing(t, org), suite.Quick)
		}
		taken := make([]certification.Run, 8)
		for _, err := range together(8, func(i int) (err error) {
			taken[i], _, err = db.Programme().TakeRun(ctx, id.New("rig"), 3, now.Add(time.Minute))
			return err
		}) {
			must(t, err)
		}
		seen, ours := map[string]bool{}, 0
		for _, run := range taken {
			if run.ID == "" {
				continue
			}
			if seen[run.ID] || run.State != certification.RunWaiting || run.Node == "" {
				t.Errorf("taken twice, or badly: %+v", run)
			}
			seen[run.ID] = true
			if run.Org == org {
				ours++
			}
		}
		if ours > 3 {
			t.Errorf("%d of one organisation run, want 3 at most", ours)
		}
	}},
	{"a run that was saved by another is a conflict", func(t *testing.T, db *storeDB) {
		p := db.Programme()
		run := db.run(t, db.testing(t, id.New("org")), suite.Quick)
		changed := run
		changed.State, changed.EndedAt, changed.Summary = certification.RunCancelled, now, &suite.Summary{Verdict: suite.Pass}
		saved := get(p.SaveRun(ctx, run.State, changed, []*suite.Result{{Case: "READ-01", Verdict: suite.Pass, First: 3, Last: 9}}, nil, nil))(t)
		same(t, saved.Rev, run.Rev+1)
		same(t, get(p.Run(ctx, run.ID))(t), saved)
		same(t, get(p.RunResults(ctx, run.ID))(t)[0].Last, 9)
		for _, stale := range []certification.RunState{certification.RunQueued, certification.RunCancelled} {
			_, err := p.SaveRun(ctx, stale, run, nil, nil, nil)
			wantError(t, err, registry.ErrConflict)
		}
		_, err := p.Run(ctx, "run_none")
		wantError(t, err, registry.ErrNotFound)
		_, err = p.RunResults(ctx, "run_none")
		wantError(t, err, registry.ErrNotFound)
	}},
	{"a lease is kept by its node, and is lost without it", func(t *testing.T, db *storeDB) {
		p, node := db.Programme(), id.New("rig")
		run := db.run(t, db.testing(t, id.New("org")), suite.Quick)
		run = db.take(t, run, node, now.Add(time.Minute))
		lost := func(at time.Time) (found bool) {
			for _, r := range get(p.LostRuns(ctx, at))(t) {
				found = found || r.ID == run.ID
			}
			return found
		}
		same(t, lost(now.Add(59*time.Second)), false)
		same(t, get(p.KeepRuns(ctx, node, now.Add(2*time.Minute)))(t)[run.ID], "")
		same(t, lost(now.Add(time.Minute)), false)
		must(t, p.CancelRun(ctx, run.ID, "acc_b", nil))
		wantError(t, p.CancelRun(ctx, run.ID, "acc_c", nil), registry.ErrConflict)
		same(t, get(p.KeepRuns(ctx, node, now.Add(2*time.Minute)))(t)[run.ID], "acc_b")
		same(t, lost(now.Add(2*time.Minute)), true)
		same(t, slices.ContainsFunc(get(p.RunsHeld(ctx, node))(t), func(r certification.Run) bool { return r.ID == run.ID }), true)
		run.State, run.EndedAt = certification.RunInterrupted, now
		run = get(p.SaveRun(ctx, certification.RunWaiting, run, nil, nil, nil))(t)
		_, held := get(p.KeepRuns(ctx, node, now.Add(3*time.Minute)))(t)[run.ID]
		same(t, held, false)
		// Its evidence is still with the node: no other gets it.
		run.State = certification.RunQueued
		run = get(p.SaveRun(ctx, certification.RunInterrupted, run, nil, nil, nil))(t)
		for {
			other, ok, err := p.TakeRun(ctx, id.New("rig"), 100, now.Add(time.Minute))
			must(t, err)
			if other.ID == run.ID {
				t.Error("another node took a run whose evidence it does not have")
			}
			if !ok {
				break
			}
		}
		again := db.take(t, run, node, now.Add(time.Minute))
		same(t, again.CancelBy, "")
	}},
	{"a question is answered once and in time", func(t *testing.T, db *storeDB) {
		p := db.Programme()
		sub := db.testing(t, id.New("org"))
		run := db.run(t, sub, suite.Quick)
		ask := func() certification.Question {
			q := certification.Question{
				ID: id.New("qst"), Run: run.ID, Case: "SEC-10", Kind: "photo", Text: "Open it.", State: certification.QuestionOpen, AskedAt: now, DueAt: now.Add(time.Minute),
			}
			must(t, p.AskQuestion(ctx, q, nil))
			return q
		}
		q := ask()
		same(t, get(p.Question(ctx, q.ID))(t), q)
		late := q
		late.Answer, late.AnsweredAt, late.AnsweredBy = &transcript.Answer{Answer: "yes"}, q.DueAt, "acc_late"
		wantError(t, p.AnswerQuestion(ctx, late, nil), registry.ErrConflict)
		won := 0
		for _, err := range together(4, func(i int) error {
			a := q
			a.Answer, a.AnsweredAt, a.AnsweredBy = &transcript.Answer{Answer: "yes"}, now.Add(time.Second), "acc_b"
			return p.AnswerQuestion(ctx, a, nil)
		}) {
			if err == nil {
				won++
			} else {
				wantError(t, err, registry.ErrConflict)
			}
		}
		same(t, won, 1)
		must(t, p.ExpireQuestion(ctx, q.ID, now)) // too late for that
		same(t, get(p.Question(ctx, q.ID))(t).State, certification.QuestionAnswered)
		same(t, get(p.Answerers(ctx, sub.ID))(t), []string{"acc_b"})

		open := ask()
		run.State, run.EndedAt = certification.RunCancelled, now
		get(p.SaveRun(ctx, certification.RunQueued, run, nil, nil, nil))(t)
		same(t, get(p.Question(ctx, open.ID))(t).State, certification.QuestionExpired)
		same(t, len(get(p.Questions(ctx, run.ID))(t)), 2)
	}},
	{"a judgement is a job, and ends once", func(t *testing.T, db *storeDB) {
		p := db.Programme()
		run := db.run(t, db.testing(t, id.New("org")), suite.Quick)
		j := certification.Judgement{ID: id.New("jdg"), Run: run.ID, By: "acc_r", At: now}
		must(t, p.AskJudgement(ctx, j))
		job, ok, err := db.Jobs().Lease(ctx, []string{rig.JobJudge}, "h", now, now.Add(time.Minute))
		must(t, err)
		if !ok || string(job.Payload) != j.ID {
			t.Fatalf("job %+v", job)
		}
		must(t, db.Jobs().Complete(ctx, job, nil))
		first, second := j, j
		first.EndedAt, first.Same = now, true
		second.EndedAt = now
		must(t, p.EndJudgement(ctx, first))
		must(t, p.EndJudgement(ctx, second))
		same(t, get(p.Judgement(ctx, j.ID))(t), first)
		same(t, get(p.Judgements(ctx, run.ID))(t), []certification.Judgement{first})
	}},
	{"secrets have versions, keys and files are kept once", func(t *testing.T, db *storeDB) {
		p := db.Programme()
		sub := db.testing(t, id.New("org"))
		same(t, get(p.SecretVersion(ctx, sub.ID))(t), 1)
		for version := 2; version < 5; version++ {
			same(t, get(p.RotateSecret(ctx, sub.ID, "acc_a", now, nil))(t), version)
		}
		same(t, get(p.SecretVersion(ctx, sub.ID))(t), 4)
		same(t, get(p.KeepBenchKey(ctx, rig.KeyTranscript, "aa", now))(t), []string{"aa"})
		get(p.KeepBenchKey(ctx, rig.KeyTranscript, "aa", now.Add(time.Hour)))(t)
		same(t, get(p.KeepBenchKey(ctx, rig.KeyTranscript, "00", now.Add(time.Hour)))(t), []string{"aa", "00"})
		same(t, len(get(p.BenchKeys(ctx, rig.KeySecret))(t)), 0)
		run := db.run(t, sub, suite.Quick)
		f := certification.RunFile{Run: run.ID, Name: "board.png", Media: "png", SHA256: "ab", Size: 3, By: "acc_a", At: now}
		must(t, p.KeepRunFile(ctx, f))
		must(t, p.KeepRunFile(ctx, f))
		same(t, get(p.RunFiles(ctx, run.ID))(t), []certification.RunFile{f})
		same(t, get(p.RunFile(ctx, run.ID, "ab"))(t), f)
		_, err := p.RunFile(ctx, run.ID, "cd")
		wantError(t, err, registry.ErrNotFound)
		f.Run = "run_none"
		wantError(t, p.KeepRunFile(ctx, f), registry.ErrNotFound)
	}},
	{"runs are listed by organisation and state", func(t *testing.T, db *storeDB) {
		p, org := db.Programme(), id.New("org")
		before := get(p.CountRuns(ctx))(t)[certification.RunQueued]
		var ids []string
		for range 3 {
			ids = append(ids, db.run(t, db.testing(t, org), suite.Soak).ID)
		}
		same(t, get(p.CountRuns(ctx))(t)[certification.RunQueued], before+3)
		list := func(q rig.RunQuery) (out []string) {
			for _, run := range get(p.Runs(ctx, q))(t) {
				out = append(out, run.ID)
			}
			return out
		}
		same(t, list(rig.RunQuery{Org: org}), ids)
		same(t, list(rig.RunQuery{Org: org, After: ids[0], Limit: 1}), ids[1:2])
		same(t, list(rig.RunQuery{State: certification.RunQueued, After: ids[1]}), ids[2:])
		same(t, len(list(rig.RunQuery{After: ids[2]})), 0)
	}},
}
