package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// committed tells the relay of this process that the outbox has something. Who
// wrote an event calls it after the commit.
func (db *DB) committed() { signal(db.outbox) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it was told and has not looked yet
	}
}

func (s jobStore) Committed() <-chan struct{} { return s.outbox }

func (s jobStore) Events(ctx context.Context, limit int) ([]jobs.Event, error) {
	rows, err := s.read.Events(ctx, most(limit))
	return list(rows, event), s.wrap(ctx, err, "outbox")
}

func event(e dbgen.Outbox) jobs.Event {
	return jobs.Event{ID: e.ID, Subject: e.Subject, Data: e.Data, CreatedAt: e.CreatedAt.Time()}
}

// Published deletes one by one: a range would take with it an event of a smaller
// number whose transaction was committed only after the events were read.
func (s jobStore) Published(ctx context.Context, events []jobs.Event) error {
	if len(events) == 0 {
		return nil
	}
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		for _, e := range events {
			if err := q.DeleteEvent(ctx, e.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap(ctx, err, "forget %d published events", len(events))
}

func (s jobStore) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (got bool, err error) {
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		n, err := q.TakeLease(ctx, dbgen.TakeLeaseParams{Name: name, Holder: holder, At: micros.Of(now), Until: micros.Of(until)})
		got = n > 0
		return err
	})
	return got, s.wrap(ctx, err, "take lease %s", name)
}

func (s jobStore) DropLease(ctx context.Context, name, holder string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.DropLease(ctx, dbgen.DropLeaseParams{Name: name, Holder: holder})
	})
	return s.wrap(ctx, err, "drop lease %s", name)
}
