package store_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/jobs"
)

// lease takes a job of the kind, or fails the test.
func (db *storeDB) lease(t *testing.T, kind string, at time.Time) jobs.Job {
	t.Helper()
	j, ok, err := db.Jobs().Lease(ctx, []string{"other", kind}, "run_1", at, at.Add(time.Minute))
	must(t, err)
	if !ok {
		t.Fatalf("no job of kind %s is due at %s", kind, at)
	}
	return j
}

func (db *storeDB) noLease(t *testing.T, kind string, at time.Time) {
	t.Helper()
	if j, ok, err := db.Jobs().Lease(ctx, []string{kind}, "run_2", at, at.Add(time.Minute)); err != nil || ok {
		t.Fatalf("leased %v (error %v), want none", j, err)
	}
}

func newJob() jobs.Job {
	return jobs.Job{ID: id.New("job"), Kind: id.New("kind"), Payload: []byte{0, 255}, DueAt: now, MaxAttempts: 3, CreatedAt: now}
}

var jobCases = []conformanceCase{
	{"a job is leased when due, as it was given, by one at a time", func(t *testing.T, db *storeDB) {
		j := newJob()
		same(t, get(db.Jobs().Enqueue(ctx, j))(t), true)
		db.noLease(t, j.Kind, now.Add(-time.Microsecond))
		db.noLease(t, "other", now)
		got := db.lease(t, j.Kind, now)
		j.Attempt, j.Holder = 1, "run_1"
		same(t, got, j)
		db.noLease(t, j.Kind, now.Add(59*time.Second))
		must(t, db.Jobs().Extend(ctx, got, now.Add(time.Hour)))
		db.noLease(t, j.Kind, now.Add(time.Minute))
		must(t, db.Jobs().Complete(ctx, got, nil))
		db.noLease(t, j.Kind, now.Add(24*time.Hour))
	}},
	{"a lease that ran out goes to another, and the first one can do nothing more", func(t *testing.T, db *storeDB) {
		j := newJob()
		get(db.Jobs().Enqueue(ctx, j))(t)
		first := db.lease(t, j.Kind, now)
		second := db.lease(t, j.Kind, now.Add(time.Minute)) // even of the same holder: the attempt tells them apart
		same(t, second.Attempt, 2)
		wantError(t, db.Jobs().Extend(ctx, first, now.Add(time.Hour)), jobs.ErrLost)
		wantError(t, db.Jobs().Complete(ctx, first, &jobs.Job{Kind: j.Kind, DueAt: now}), jobs.ErrLost)
		wantError(t, db.Jobs().Fail(ctx, first, jobs.Failure{At: now}), jobs.ErrLost)
		must(t, db.Jobs().Complete(ctx, second, nil))
		db.noLease(t, j.Kind, now.Add(time.Hour)) // the next one of the loser was not written
	}},
	{"16 who lease at once share the jobs without one twice", func(t *testing.T, db *storeDB) {
		kind := id.New("kind")
		for range 40 {
			get(db.Jobs().Enqueue(ctx, jobs.Job{Kind: kind, DueAt: now, CreatedAt: now}))(t)
		}
		taken := make([][]string, 16)
		for _, err := range together(16, func(i int) error {
			for empty := 0; empty < 3; { // a race for the same row may leave one without, though there are more
				j, ok, err := db.Jobs().Lease(ctx, []string{kind}, "run", now, now.Add(time.Hour))
				if err != nil {
					return err
				}
				if !ok {
					empty++
					continue
				}
				taken[i] = append(taken[i], j.ID)
			}
			return nil
		}) {
			must(t, err)
		}
		all := slices.Concat(taken...)
		slices.Sort(all)
		same(t, len(slices.Compact(all)), len(all))
		for left := 40 - len(all); left > 0; left-- {
			db.lease(t, kind, now)
		}
		db.noLease(t, kind, now)
	}},
	{"one live job per kind and key", func(t *testing.T, db *storeDB) {
		j := newJob()
		j.Key = "certificate 7"
		again := func() bool {
			return get(db.Jobs().Enqueue(ctx, jobs.Job{Kind: j.Kind, Key: j.Key, DueAt: now, CreatedAt: now}))(t)
		}
		same(t, get(db.Jobs().Enqueue(ctx, j))(t), true)
		same(t, again(), false)
		running := db.lease(t, j.Kind, now)
		same(t, again(), false)
		must(t, db.Jobs().Complete(ctx, running, nil))
		same(t, again(), true)
		var added atomic.Int32
		j.Key = "at once"
		for _, err := range together(8, func(int) error {
			ok, err := db.Jobs().Enqueue(ctx, jobs.Job{Kind: j.Kind, Key: j.Key, DueAt: now, CreatedAt: now})
			if ok {
				added.Add(1)
			}
			return err
		}) {
			must(t, err)
		}
		same(t, added.Load(), int32(1))
	}},
	{"a failed job waits for its next attempt and is dead at the end", func(t *testing.T, db *storeDB) {
		j := newJob()
		j.Key = "k"
		get(db.Jobs().Enqueue(ctx, j))(t)
		must(t, db.Jobs().Fail(ctx, db.lease(t, j.Kind, now), jobs.Failure{Error: "no\x00pe", At: now, RetryAt: now.Add(time.Hour)}))
		db.noLease(t, j.Kind, now.Add(59*time.Minute))
		second := db.lease(t, j.Kind, now.Add(time.Hour))
		same(t, []any{second.Attempt, second.LastError, second.DueAt}, []any{2, "no\uFFFDpe", now})
		next := jobs.Job{Kind: j.Kind, Key: j.Key, DueAt: now.Add(2 * time.Hour), CreatedAt: now}
		must(t, db.Jobs().Fail(ctx, second, jobs.Failure{Error: "never", At: now.Add(time.Hour), Next: &next}))
		third := db.lease(t, j.Kind, now.Add(2*time.Hour)) // the next run, under the same key
		same(t, []any{third.ID != j.ID, third.Attempt, third.MaxAttempts}, []any{true, 1, jobs.DefaultAttempts})
		for _, dead := range get(db.Jobs().Dead(ctx, 0))(t) {
			if dead.ID == j.ID {
				same(t, []any{dead.LastError, dead.EndedAt}, []any{"never", now.Add(time.Hour)})
				return
			}
		}
		t.Error("the dead job is not listed")
	}},
	{"a dead job is counted, and lives again when a person wants it", func(t *testing.T, db *storeDB) {
		j := newJob()
		j.ID, j.Key = id.New("job"), "k"
		get(db.Jobs().Enqueue(ctx, j))(t)
		entry := func() audit.Entry { return get(audit.New(now, "acc_1", "job.retried", j.ID, "", nil))(t) }
		wantError(t, db.Jobs().Retry(ctx, j.ID, now, entry()), jobs.ErrAlive) // it has not died
		must(t, db.Jobs().Fail(ctx, db.lease(t, j.Kind, now), jobs.Failure{Error: "never", At: now}))
		counts := slices.DeleteFunc(get(db.Jobs().Counts(ctx))(t), func(c jobs.Count) bool { return c.Kind != j.Kind })
		same(t, counts, []jobs.Count{{Kind: j.Kind, State: jobs.StateDead, N: 1, Next: now}})
		later := now.Add(time.Hour)
		must(t, db.Jobs().Retry(ctx, j.ID, later, entry()))
		db.noLease(t, j.Kind, now)
		again := db.lease(t, j.Kind, later)
		same(t, []any{again.ID, again.Attempt, again.LastError}, []any{j.ID, 1, "never"})
		same(t, len(get(db.Audit().Entries(ctx, audit.Query{Subject: j.ID, Limit: 10}))(t)), 1)
		// Another one took its place meanwhile.
		must(t, db.Jobs().Fail(ctx, again, jobs.Failure{Error: "never", At: later, Next: &jobs.Job{Kind: j.Kind, Key: j.Key, DueAt: later, CreatedAt: later}}))
		wantError(t, db.Jobs().Retry(ctx, j.ID, later, entry()), jobs.ErrAlive)
		wantError(t, db.Jobs().Retry(ctx, "job_none", later, entry()), jobs.ErrAlive)
		same(t, len(get(db.Audit().Entries(ctx, audit.Query{Subject: j.ID, Limit: 10}))(t)), 1)
	}},
	{"completing a recurring job writes the next one with it", func(t *testing.T, db *storeDB) {
		j := newJob()
		j.Key = "nightly"
		get(db.Jobs().Enqueue(ctx, j))(t)
		must(t, db.Jobs().Complete(ctx, db.lease(t, j.Kind, now), &jobs.Job{Kind: j.Kind, Key: j.Key, DueAt: now.Add(time.Hour), CreatedAt: now}))
		db.noLease(t, j.Kind, now.Add(time.Minute))
		db.lease(t, j.Kind, now.Add(time.Hour))
	}},
	{"whoever waits is told of a new job", func(t *testing.T, db *storeDB) {
		select {
		case <-db.Jobs().Queued():
		default:
		}
		get(db.Jobs().Enqueue(ctx, newJob()))(t)
		<-db.Jobs().Queued()
	}},
}
