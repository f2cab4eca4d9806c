package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// Jobs is what the job runner and the relay keep.
func (db *DB) Jobs() jobs.Store { return jobStore{db} }

type jobStore struct{ *DB }

func (s jobStore) Enqueue(ctx context.Context, j jobs.Job) (added bool, err error) {
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		added, err = enqueue(ctx, q, j)
		return err
	})
	if added {
		signal(s.queued)
	}
	return added, s.wrap(ctx, err, "enqueue job %s with key %q", j.Kind, j.Key)
}

// enqueue is for the transactions of others too; they signal s.queued after it.
func enqueue(ctx context.Context, q *dbgen.Queries, j jobs.Job) (added bool, err error) {
	if j.ID == "" {
		j.ID = id.New("job")
	}
	if j.MaxAttempts <= 0 {
		j.MaxAttempts = jobs.DefaultAttempts
	}
	n, err := q.EnqueueJob(ctx, dbgen.EnqueueJobParams{
		ID: j.ID, Kind: j.Kind, Key: j.Key, Payload: blob(j.Payload), DueAt: micros.Of(j.DueAt),
		MaxAttempts: j.MaxAttempts, CreatedAt: micros.Of(j.CreatedAt),
	})
	return n > 0, err
}

func (s jobStore) Lease(ctx context.Context, kinds []string, holder string, now, until time.Time) (jobs.Job, bool, error) {
	due, err := s.read.DueKinds(ctx, micros.Of(now))
	if err != nil {
		return jobs.Job{}, false, s.wrap(ctx, err, "due jobs")
	}
	for _, kind := range due {
		if !slices.Contains(kinds, kind) {
			continue
		}
		var rows []dbgen.Job
		err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
			rows, err = q.LeaseJob(ctx, dbgen.LeaseJobParams{Kind: kind, Holder: holder, At: micros.Of(now), Until: micros.Of(until)})
			return err
		})
		if err != nil {
			return jobs.Job{}, false, s.wrap(ctx, err, "lease a job of kind %s", kind)
		}
		if len(rows) > 0 {
			return job(rows[0]), true, nil
		}
	}
	return jobs.Job{}, false, nil
}

func (s jobStore) Extend(ctx context.Context, j jobs.Job, until time.Time) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return ours(q.ExtendJob(ctx, dbgen.ExtendJobParams{ID: j.ID, Holder: j.Holder, Attempt: j.Attempt, Until: micros.Of(until)}))
	})
	return s.wrap(ctx, err, "extend the lease of job %s", j.ID)
}

func (s jobStore) Complete(ctx context.Context, j jobs.Job, next *jobs.Job) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		err := ours(q.CompleteJob(ctx, dbgen.CompleteJobParams{ID: j.ID, Holder: j.Holder, Attempt: j.Attempt}))
		return andNext(ctx, q, err, next)
	})
	return s.wrap(ctx, err, "complete job %s", j.ID)
}

func (s jobStore) Fail(ctx context.Context, j jobs.Job, f jobs.Failure) error {
	p := dbgen.FailJobParams{
		ID: j.ID, Holder: j.Holder, Attempt: j.Attempt,
		State: "queued", WakeAt: micros.Of(f.RetryAt), LastError: text(f.Error),
	}
	if f.RetryAt.IsZero() {
		p.State, p.WakeAt, p.EndedAt = "dead", micros.Of(f.At), micros.Of(f.At)
	}
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		return andNext(ctx, q, ours(q.FailJob(ctx, p)), f.Next)
	})
	return s.wrap(ctx, err, "fail job %s", j.ID)
}

func (s jobStore) Dead(ctx context.Context, limit int) ([]jobs.Job, error) {
	rows, err := s.read.DeadJobs(ctx, most(limit))
	return list(rows, job), s.wrap(ctx, err, "dead jobs")
}

func (s jobStore) Counts(ctx context.Context) ([]jobs.Count, error) {
	rows, err := s.read.CountJobs(ctx)
	return list(rows, func(r dbgen.CountJobsRow) jobs.Count {
		return jobs.Count{Kind: r.Kind, State: r.State, N: r.N, Next: micros.Time(r.NextAt).Time()}
	}), s.wrap(ctx, err, "count jobs")
}

func (s jobStore) Retry(ctx context.Context, id string, now time.Time, entry audit.Entry) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := changed(q.RetryJob(ctx, dbgen.RetryJobParams{ID: id, WakeAt: micros.Of(now)})); err != nil {
			return err
		}
		return record(ctx, q, []audit.Entry{entry}, nil)
	})
	if err = s.wrap(ctx, err, "retry job %s", id); errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrExists) {
		return fmt.Errorf("%w: job %s", jobs.ErrAlive, id)
	}
	if err == nil {
		signal(s.queued)
	}
	return err
}

func (s jobStore) Queued() <-chan struct{} { return s.queued }

// ours says that the lease, which the statement asked for, was lost.
func ours(n int64, err error) error {
	if err == nil && n == 0 {
		return jobs.ErrLost
	}
	return err
}

func andNext(ctx context.Context, q *dbgen.Queries, err error, next *jobs.Job) error {
	if err != nil || next == nil {
		return err
	}
	if _, err := enqueue(ctx, q, *next); err != nil {
		return fmt.Errorf("its next run: %w", err)
	}
	return nil
}

func job(j dbgen.Job) jobs.Job {
	return jobs.Job{
		ID: j.ID, Kind: j.Kind, Key: j.Key, Payload: j.Payload, DueAt: j.DueAt.Time(), Attempt: j.Attempt,
		MaxAttempts: j.MaxAttempts, Holder: j.Holder, LastError: j.LastError,
		CreatedAt: j.CreatedAt.Time(), EndedAt: j.EndedAt.Time(),
	}
}
