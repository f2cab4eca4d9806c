package rig

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// lookAgain is how soon an answer is seen that the bus did not tell of.
const lookAgain = 5 * time.Second

// ask puts a question of a case to whoever operates the run, and waits for the
// answer until ctx ends: the question's time is over, or the run is.
func (r *Rig) ask(ctx context.Context, g *going, q bench.Question) (transcript.Answer, error) {
	run, now := g.seen(), r.o.Now()
	// A case id has one hyphen, what follows tells its questions apart.
	parts := strings.SplitN(q.ID, "-", 3)
	asked := certification.Question{
		ID: id.New("qst"), Run: run.ID, Case: strings.Join(parts[:min(2, len(parts))], "-"), Kind: q.Kind, Text: g.secrets.Text(q.Text),
		Evidence: q.Evidence, For: q.For, SIID: q.SIID, PIID: q.PIID, EIID: q.EIID, Value: g.secrets.JSON(q.Value), State: certification.QuestionOpen, AskedAt: now, DueAt: now.Add(q.Timeout),
	}
	n, err := notice.New(now, "run.asked", run.ID, run.Org, asked)
	if err != nil {
		return transcript.Answer{}, err
	}
	if err := r.o.Store.AskQuestion(ctx, asked, []notice.Notice{n}); err != nil {
		return transcript.Answer{}, err
	}
	woken := make(chan struct{}, 1)
	g.open(asked.ID, woken)
	r.publish(g)
	defer func() {
		g.shut(asked.ID)
		r.publish(g)
	}()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if q, err := r.o.Store.Question(ctx, asked.ID); err == nil && q.State == certification.QuestionAnswered {
			return *q.Answer, nil
		}
		select {
		case <-woken:
		case <-again.C:
		case <-ctx.Done():
			// An answer that was taken in this very moment came too late for the case; it
			// stays in the row as what was said.
			if err := r.o.Store.ExpireQuestion(r.last, asked.ID, r.o.Now()); err != nil {
				r.o.Log.Warn("a question was not closed", "question", asked.ID, "error", err)
			}
			return transcript.Answer{}, context.Cause(ctx)
		}
	}
}

func (g *going) open(question string, woken chan struct{}) {
	g.mu.Lock()
	g.asking[question] = woken
	g.now.Open = append(slices.Clone(g.now.Open), question)
	g.mu.Unlock()
	g.stir()
}

func (g *going) shut(question string) {
	g.mu.Lock()
	delete(g.asking, question)
	g.now.Open = slices.DeleteFunc(slices.Clone(g.now.Open), func(other string) bool { return other == question })
	g.mu.Unlock()
	g.stir()
}

// Questions are all that a run asked, in their order.
func (r *Rig) Questions(ctx context.Context, actor certification.Actor, runID string) ([]certification.Question, error) {
	if _, err := r.Run(ctx, actor, runID); err != nil {
		return nil, err
	}
	return r.o.Store.Questions(ctx, runID)
}

// AnswersTo are what may be said to a kind of question; skip leaves the case open for
// another time.
func AnswersTo(kind string) []string {
	switch kind {
	case bench.Confirm:
		return []string{"yes", "no", "skip"}
	case bench.Photo, bench.Upload: // of something that is, or is not, as stated
		return []string{"yes", "no", "done", "skip"}
	}
	return []string{"done", "skip"}
}

// maxNote bounds what is said beside it, in characters.
const maxNote = 2000

// Answer answers an open question. A file that it names was given before, for the
// same run. Who answers had a hand in the run, and may not approve its submission.
func (r *Rig) Answer(ctx context.Context, actor certification.Actor, runID, question string, a transcript.Answer) (certification.Question, error) {
	run, err := r.ours(ctx, actor, runID)
	if err != nil {
		return certification.Question{}, err
	}
	q, err := r.question(ctx, run, question)
	if err != nil {
		return q, err
	}
	if err := understand(q, a); err != nil {
		return q, err
	}
	if a.File != "" {
		if _, err := r.o.Store.RunFile(ctx, run.ID, a.File); err != nil {
			return q, fmt.Errorf("file %s of run %s: %w", a.File, run.ID, err)
		}
	}
	now := r.o.Now()
	if q.State != certification.QuestionOpen || !now.Before(q.DueAt) {
		return q, certification.Refuse(certification.ErrState, "question-open", "question %s of %s is no longer open; it was due at %s",
			q.ID, q.Case, q.DueAt.UTC().Format(time.RFC3339))
	}
	if a.Note, err = r.redact(ctx, run.Submission, a.Note); err != nil {
		return q, err
	}
	q.State, q.Answer, q.AnsweredAt, q.AnsweredBy = certification.QuestionAnswered, &a, now, actor.Account
	entry, err := audit.New(now, actor.Account, "run.answered", run.ID, run.Org, map[string]any{
		"question": q.ID, "case": q.Case, "answer": a.Answer, "file": a.File,
	})
	if err != nil {
		return q, err
	}
	if err := r.o.Store.AnswerQuestion(ctx, q, []audit.Entry{entry}); err != nil {
		return q, err
	}
	r.poke(run.ID)
	return q, nil
}

// question is one of the run.
func (r *Rig) question(ctx context.Context, run certification.Run, question string) (certification.Question, error) {
	q, err := r.o.Store.Question(ctx, question)
	if err == nil && q.Run != run.ID {
		return certification.Question{}, fmt.Errorf("question %s of run %s: %w", question, run.ID, registry.ErrNotFound)
	}
	return q, err
}

func understand(q certification.Question, a transcript.Answer) error {
	want := AnswersTo(q.Kind)
	if !slices.Contains(want, a.Answer) {
		return certification.Refuse(certification.ErrInvalid, "answer", "answer %q to a %s question, needs one of %s", a.Answer, q.Kind, strings.Join(want, ", "))
	}
	if n := utf8.RuneCountInString(a.Note); n > maxNote {
		return certification.Refuse(certification.ErrInvalid, "answer-note", "the note has %d characters, at most %d are kept", n, maxNote)
	}
	return nil
}

// redact takes the bench's secret out of what a person wrote.
func (r *Rig) redact(ctx context.Context, submission, note string) (string, error) {
	version, err := r.o.Store.SecretVersion(ctx, submission)
	if err != nil {
		return "", err
	}
	var s transcript.Secrets
	s.Add("factory", r.o.Keys.password(submission, version))
	return s.Text(note), nil
}

// KeepFile notes a file that was stored as a blob as one of the run's, for an answer
// to name. It returns registry.ErrNotFound for a run that there is not.
func (r *Rig) KeepFile(ctx context.Context, actor certification.Actor, runID string, f certification.RunFile) (certification.RunFile, error) {
	if err := r.MayOperate(ctx, actor, runID); err != nil {
		return f, err
	}
	f.Run, f.By, f.At = runID, actor.Account, r.o.Now()
	return f, r.o.Store.KeepRunFile(ctx, f)
}

// MayOperate says whether the actor may answer for the run; it is asked before a
// file is taken.
func (r *Rig) MayOperate(ctx context.Context, actor certification.Actor, runID string) error {
	_, err := r.ours(ctx, actor, runID)
	return err
}
