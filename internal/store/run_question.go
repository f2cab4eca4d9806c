package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// AskQuestion implements rig.Store.
func (s Programme) AskQuestion(ctx context.Context, asked certification.Question, notices []notice.Notice) error {
	body, err := json.Marshal(asked)
	if err == nil {
		err = s.transact(ctx, func(q *dbgen.Queries) error {
			if err := q.InsertRunQuestion(ctx, dbgen.InsertRunQuestionParams{
				ID: asked.ID, Run: asked.Run, AskedAt: micros.Of(asked.AskedAt), DueAt: micros.Of(asked.DueAt), Body: text(string(body)),
			}); err != nil {
				return err
			}
			return record(ctx, q, nil, notices)
		})
	}
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "question %s of run %s", asked.ID, asked.Run)
}

// question is a stored one; the columns say what holds.
func question(row dbgen.RunQuestion) (certification.Question, error) {
	var q certification.Question
	if err := json.Unmarshal([]byte(row.Body), &q); err != nil {
		return q, fmt.Errorf("body of question %s: %w", row.ID, err)
	}
	q.State, q.AnsweredAt, q.AnsweredBy = certification.QuestionState(row.State), row.AnsweredAt.Time(), row.AnsweredBy
	return q, nil
}

// Question implements rig.Store.
func (s Programme) Question(ctx context.Context, id string) (certification.Question, error) {
	row, err := s.read.RunQuestion(ctx, id)
	var q certification.Question
	if err == nil {
		q, err = question(row)
	}
	return q, s.wrap(ctx, err, "question %s", id)
}

// Questions implements rig.Store.
func (s Programme) Questions(ctx context.Context, run string) ([]certification.Question, error) {
	rows, err := s.read.RunQuestions(ctx, run)
	out := make([]certification.Question, len(rows))
	for i := range rows {
		if err == nil {
			out[i], err = question(rows[i])
		}
	}
	return out, s.wrap(ctx, err, "questions of run %s", run)
}

// AnswerQuestion implements rig.Store.
func (s Programme) AnswerQuestion(ctx context.Context, answered certification.Question, entries []audit.Entry) error {
	body, err := json.Marshal(answered)
	if err == nil {
		err = s.transact(ctx, func(q *dbgen.Queries) error {
			n, err := q.AnswerRunQuestion(ctx, dbgen.AnswerRunQuestionParams{
				ID: answered.ID, At: micros.Of(answered.AnsweredAt), AnsweredBy: answered.AnsweredBy, Body: text(string(body)),
			})
			if err == nil && n == 0 {
				err = fmt.Errorf("it is no longer open: %w", registry.ErrConflict)
			}
			if err != nil {
				return err
			}
			return record(ctx, q, entries, nil)
		})
	}
	return s.wrap(ctx, err, "answer question %s", answered.ID)
}

// ExpireQuestion implements rig.Store.
func (s Programme) ExpireQuestion(ctx context.Context, id string, at time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		_, err := q.ExpireRunQuestion(ctx, dbgen.ExpireRunQuestionParams{ID: id, At: micros.Of(at)})
		return err // none changed: it was answered
	})
	return s.wrap(ctx, err, "expire question %s", id)
}

// Answerers implements rig.Store.
func (s Programme) Answerers(ctx context.Context, submission string) ([]string, error) {
	accounts, err := s.read.RunAnswerers(ctx, submission)
	return accounts, s.wrap(ctx, err, "who answered for submission %s", submission)
}

// KeepRunFile implements rig.Store.
func (s Programme) KeepRunFile(ctx context.Context, f certification.RunFile) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.InsertRunFile(ctx, dbgen.InsertRunFileParams{
			Run: f.Run, SHA256: f.SHA256, Name: text(f.Name), Media: f.Media, Size: f.Size, ByAccount: f.By, At: micros.Of(f.At),
		})
	})
	return s.wrap(ctx, err, "file %s of run %s", f.SHA256, f.Run)
}

func runFile(row dbgen.RunFile) certification.RunFile {
	return certification.RunFile{
		Run: row.Run, Name: row.Name, Media: row.Media, SHA256: row.SHA256, Size: row.Size, By: row.ByAccount, At: row.At.Time(),
	}
}

// RunFile implements rig.Store.
func (s Programme) RunFile(ctx context.Context, run, sha256 string) (certification.RunFile, error) {
	row, err := s.read.RunFile(ctx, dbgen.RunFileParams{Run: run, SHA256: sha256})
	return runFile(row), s.wrap(ctx, err, "file %s of run %s", sha256, run)
}

// RunFiles implements rig.Store.
func (s Programme) RunFiles(ctx context.Context, run string) ([]certification.RunFile, error) {
	rows, err := s.read.RunFiles(ctx, run)
	return list(rows, runFile), s.wrap(ctx, err, "files of run %s", run)
}

// AskJudgement implements rig.Store.
func (s Programme) AskJudgement(ctx context.Context, j certification.Judgement) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.InsertRunJudgement(ctx, dbgen.InsertRunJudgementParams{ID: j.ID, Run: j.Run, ByAccount: j.By, At: micros.Of(j.At)}); err != nil {
			return err
		}
		_, err := enqueue(ctx, q, jobs.Job{Kind: rig.JobJudge, Key: j.ID, Payload: []byte(j.ID), DueAt: j.At, CreatedAt: j.At})
		return err
	})
	if err == nil {
		signal(s.queued)
	}
	return s.wrap(ctx, err, "judgement %s of run %s", j.ID, j.Run)
}

func judgement(row dbgen.RunJudgement) (certification.Judgement, error) {
	j := certification.Judgement{ID: row.ID, Run: row.Run, By: row.ByAccount, At: row.At.Time()}
	if row.Body == "" {
		return j, nil
	}
	if err := json.Unmarshal([]byte(row.Body), &j); err != nil {
		return j, fmt.Errorf("body of judgement %s: %w", row.ID, err)
	}
	return j, nil
}

// Judgement implements rig.Store.
func (s Programme) Judgement(ctx context.Context, id string) (certification.Judgement, error) {
	row, err := s.read.RunJudgement(ctx, id)
	var j certification.Judgement
	if err == nil {
		j, err = judgement(row)
	}
	return j, s.wrap(ctx, err, "judgement %s", id)
}

// Judgements implements rig.Store.
func (s Programme) Judgements(ctx context.Context, run string) ([]certification.Judgement, error) {
	rows, err := s.read.RunJudgements(ctx, run)
	out := make([]certification.Judgement, len(rows))
	for i := range rows {
		if err == nil {
			out[i], err = judgement(rows[i])
		}
	}
	return out, s.wrap(ctx, err, "judgements of run %s", run)
}

// EndJudgement implements rig.Store. Who judged it first is right: all say the same.
func (s Programme) EndJudgement(ctx context.Context, j certification.Judgement) error {
	body, err := json.Marshal(j)
	if err == nil {
		err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
			_, err := q.EndRunJudgement(ctx, dbgen.EndRunJudgementParams{ID: j.ID, EndedAt: micros.Of(j.EndedAt), Body: text(string(body))})
			return err
		})
	}
	return s.wrap(ctx, err, "end judgement %s", j.ID)
}
