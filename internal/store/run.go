package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

var _ rig.Store = Programme{}

// CreateRun implements rig.Store.
func (s Programme) CreateRun(ctx context.Context, run certification.Run, most int, entries []audit.Entry, notices []notice.Notice) (certification.Run, error) {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.TakeRunTurn(ctx); err != nil {
			return err
		}
		open, err := q.CountOpenRuns(ctx, run.Org)
		if err != nil {
			return err
		}
		if open >= int64(most) {
			return rig.ErrTooMany
		}
		last, err := q.LastRunAttempt(ctx, dbgen.LastRunAttemptParams{Submission: run.Submission, Round: run.Round, Plan: string(run.Plan)})
		if err != nil {
			return err
		}
		run.Attempt = last + 1
		body, err := json.Marshal(run)
		if err != nil {
			return err
		}
		if err := q.InsertRun(ctx, dbgen.InsertRunParams{
			ID: run.ID, Submission: run.Submission, Org: run.Org, Round: run.Round, Plan: string(run.Plan), Attempt: run.Attempt,
			State: string(run.State), Rev: run.Rev, CreatedAt: micros.Of(run.CreatedAt), Body: text(string(body)),
		}); err != nil {
			return err
		}
		return record(ctx, q, entries, notices)
	})
	if err == nil {
		s.told()
	}
	return run, s.wrap(ctx, err, "create run %s of submission %s", run.ID, run.Submission)
}

// run is a stored one; the columns say what holds.
func run(row dbgen.Run) (certification.Run, error) {
	var r certification.Run
	if err := json.Unmarshal([]byte(row.Body), &r); err != nil {
		return r, fmt.Errorf("body of run %s: %w", row.ID, err)
	}
	r.State, r.Rev, r.Node, r.CancelBy = certification.RunState(row.State), row.Rev, row.Node, row.CancelBy
	return r, nil
}

func runs(rows []dbgen.Run, err error) ([]certification.Run, error) {
	if err != nil {
		return nil, err
	}
	out := make([]certification.Run, len(rows))
	for i, row := range rows {
		if out[i], err = run(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Run implements rig.Store.
func (s Programme) Run(ctx context.Context, id string) (certification.Run, error) {
	row, err := s.read.Run(ctx, id)
	var r certification.Run
	if err == nil {
		r, err = run(row)
	}
	return r, s.wrap(ctx, err, "run %s", id)
}

// RunsOf implements rig.Store.
func (s Programme) RunsOf(ctx context.Context, submission string) ([]certification.Run, error) {
	out, err := runs(s.read.RunsOfSubmission(ctx, submission))
	return out, s.wrap(ctx, err, "runs of submission %s", submission)
}

// Runs implements rig.Store.
func (s Programme) Runs(ctx context.Context, q rig.RunQuery) (out []certification.Run, err error) {
	limit := most(q.Limit)
	switch {
	case q.Org != "":
		out, err = runs(s.read.RunsOfOrg(ctx, dbgen.RunsOfOrgParams{Org: q.Org, After: q.After, Most: limit}))
	case q.State != "":
		out, err = runs(s.read.RunsByState(ctx, dbgen.RunsByStateParams{State: string(q.State), After: q.After, Most: limit}))
	default:
		out, err = runs(s.read.RunsAfter(ctx, dbgen.RunsAfterParams{After: q.After, Most: limit}))
	}
	return out, s.wrap(ctx, err, "runs after %q", q.After)
}

// SaveRun implements rig.Store.
func (s Programme) SaveRun(ctx context.Context, was certification.RunState, run certification.Run, results []*suite.Result, entries []audit.Entry, notices []notice.Notice) (certification.Run, error) {
	saw := run.Rev
	run.Rev++
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		body, err := json.Marshal(run)
		if err != nil {
			return err
		}
		n, err := q.UpdateRun(ctx, dbgen.UpdateRunParams{
			ID: run.ID, Was: string(was), Saw: saw, State: string(run.State), Node: run.Node, EndedAt: micros.Of(run.EndedAt), Body: text(string(body)),
		})
		if err == nil && n == 0 {
			err = fmt.Errorf("it is no longer %s at revision %d: %w", was, saw, registry.ErrConflict)
		}
		if err != nil {
			return err
		}
		if results != nil {
			if err := keepResults(ctx, q, run, results); err != nil {
				return err
			}
		}
		if run.State.Ended() {
			if err := q.ExpireRunQuestions(ctx, dbgen.ExpireRunQuestionsParams{Run: run.ID, At: micros.Of(run.EndedAt)}); err != nil {
				return err
			}
		}
		return record(ctx, q, entries, notices)
	})
	if err != nil {
		run.Rev = saw
		return run, s.wrap(ctx, err, "run %s", run.ID)
	}
	s.told()
	return run, nil
}

func keepResults(ctx context.Context, q *dbgen.Queries, run certification.Run, results []*suite.Result) error {
	body, err := json.Marshal(results)
	if err != nil {
		return err
	}
	return q.KeepRunResult(ctx, dbgen.KeepRunResultParams{Run: run.ID, At: micros.Of(run.EndedAt), Body: text(string(body))})
}

// RunResults implements rig.Store.
func (s Programme) RunResults(ctx context.Context, run string) (out []*suite.Result, err error) {
	body, err := s.read.RunResult(ctx, run)
	if err == nil {
		err = json.Unmarshal([]byte(body), &out)
	}
	return out, s.wrap(ctx, err, "results of run %s", run)
}

// CountRuns implements rig.Store.
func (s Programme) CountRuns(ctx context.Context) (map[certification.RunState]int64, error) {
	rows, err := s.read.CountRuns(ctx)
	out := make(map[certification.RunState]int64, len(rows))
	for _, row := range rows {
		out[certification.RunState(row.State)] = row.Runs
	}
	return out, s.wrap(ctx, err, "count runs")
}

// TakeRun implements rig.Store.
func (s Programme) TakeRun(ctx context.Context, node string, perOrg int, until time.Time) (taken certification.Run, ok bool, err error) {
	// Most of the time there is none, and nobody has to write.
	waiting := dbgen.WaitingRunParams{Node: node, PerOrg: perOrg}
	if ids, err := s.read.WaitingRun(ctx, waiting); err != nil || len(ids) == 0 {
		return taken, false, s.wrap(ctx, err, "queued run")
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		if err := q.TakeRunTurn(ctx); err != nil {
			return err
		}
		ids, err := q.WaitingRun(ctx, waiting)
		if err != nil || len(ids) == 0 {
			return err
		}
		rows, err := q.TakeRun(ctx, dbgen.TakeRunParams{ID: ids[0], Node: node, Until: micros.Of(until)})
		if err != nil || len(rows) == 0 {
			return err
		}
		ok = true
		taken, err = run(rows[0])
		return err
	})
	return taken, ok && err == nil, s.wrap(ctx, err, "take a queued run")
}

// KeepRuns implements rig.Store.
func (s Programme) KeepRuns(ctx context.Context, node string, until time.Time) (map[string]string, error) {
	held := make(map[string]string)
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		rows, err := q.KeepRuns(ctx, dbgen.KeepRunsParams{Node: node, Until: micros.Of(until)})
		for _, row := range rows {
			held[row.ID] = row.CancelBy
		}
		return err
	})
	return held, s.wrap(ctx, err, "keep the runs of node %s", node)
}

// RunsHeld implements rig.Store.
func (s Programme) RunsHeld(ctx context.Context, node string) ([]certification.Run, error) {
	out, err := runs(s.read.RunsHeld(ctx, node))
	return out, s.wrap(ctx, err, "runs held by node %s", node)
}

// LostRuns implements rig.Store.
func (s Programme) LostRuns(ctx context.Context, now time.Time) ([]certification.Run, error) {
	out, err := runs(s.read.LoseRuns(ctx, micros.Of(now)))
	return out, s.wrap(ctx, err, "runs whose lease ended by %s", now.Format(time.RFC3339))
}

// CancelRun implements rig.Store.
func (s Programme) CancelRun(ctx context.Context, run, by string, entries []audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		n, err := q.CancelRun(ctx, dbgen.CancelRunParams{ID: run, CancelBy: by})
		if err == nil && n == 0 {
			err = fmt.Errorf("it does not run any more, or was cancelled before: %w", registry.ErrConflict)
		}
		if err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	return s.wrap(ctx, err, "cancel run %s", run)
}

// SecretVersion implements rig.Store.
func (s Programme) SecretVersion(ctx context.Context, submission string) (int, error) {
	version, err := s.read.BenchSecretVersion(ctx, submission)
	if errors.Is(err, sql.ErrNoRows) {
		return 1, nil
	}
	return version, s.wrap(ctx, err, "secret of submission %s", submission)
}

// RotateSecret implements rig.Store.
func (s Programme) RotateSecret(ctx context.Context, submission, by string, at time.Time, entries []audit.Entry) (version int, err error) {
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		version, err = q.RotateBenchSecret(ctx, dbgen.RotateBenchSecretParams{Submission: submission, RotatedBy: by, RotatedAt: micros.Of(at)})
		if err != nil {
			return err
		}
		return record(ctx, q, entries, nil)
	})
	return version, s.wrap(ctx, err, "rotate the secret of submission %s", submission)
}

// KeepBenchKey implements rig.Store.
func (s Programme) KeepBenchKey(ctx context.Context, kind, name string, at time.Time) ([]string, error) {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.KeepBenchKey(ctx, dbgen.KeepBenchKeyParams{Kind: kind, Name: name, SeenAt: micros.Of(at)})
	})
	if err != nil {
		return nil, s.wrap(ctx, err, "keep %s key %s", kind, name)
	}
	return s.BenchKeys(ctx, kind)
}

// BenchKeys implements rig.Store.
func (s Programme) BenchKeys(ctx context.Context, kind string) ([]string, error) {
	names, err := s.read.BenchKeys(ctx, kind)
	return names, s.wrap(ctx, err, "%s keys", kind)
}
