package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// record writes what a transaction decided and what it has to tell, beside the
// fact itself. Who calls it calls told after the commit.
func record(ctx context.Context, q *dbgen.Queries, entries []audit.Entry, notices []notice.Notice) error {
	for _, e := range entries {
		if err := q.InsertAuditEntry(ctx, dbgen.InsertAuditEntryParams{
			ID: e.ID, At: micros.Of(e.At), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Org: e.Org, Detail: text(string(e.Detail)),
		}); err != nil {
			return fmt.Errorf("audit %s of %s: %w", e.Action, e.Subject, err)
		}
	}
	for _, n := range notices {
		if err := notify(ctx, q, n); err != nil {
			return fmt.Errorf("notice %s of %s: %w", n.Kind, n.Subject, err)
		}
	}
	return nil
}

// notify stores a notice, an event for the bus, and the job that carries it out.
func notify(ctx context.Context, q *dbgen.Queries, n notice.Notice) error {
	if err := q.InsertNotice(ctx, dbgen.InsertNoticeParams{
		ID: n.ID, Kind: n.Kind, Org: n.Org, Subject: n.Subject, At: micros.Of(n.At), Data: text(string(n.Data)),
	}); err != nil {
		return err
	}
	event, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := q.InsertEvent(ctx, dbgen.InsertEventParams{Subject: notice.Topic(n.Kind), Data: event, CreatedAt: micros.Of(n.At)}); err != nil {
		return err
	}
	_, err = enqueue(ctx, q, jobs.Job{Kind: notice.JobKind, Key: n.ID, Payload: []byte(n.ID), DueAt: n.At, CreatedAt: n.At})
	return err
}

// told wakes the relay and the job runner of this process after a commit.
func (db *DB) told() {
	db.committed()
	signal(db.queued)
}
