package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/registry"
)

// Audit is the audit log and its chain.
func (db *DB) Audit() AuditLog { return AuditLog{db} }

// AuditLog implements audit.Store, and shows entries.
type AuditLog struct{ *DB }

var _ audit.Store = AuditLog{}

// Head implements audit.Store.
func (s AuditLog) Head(ctx context.Context) (audit.Head, error) {
	row, err := s.read.AuditHead(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Head{}, nil
	}
	return head(row.Seq, row.Hash), s.wrap(ctx, err, "head of the audit chain")
}

// Unchained implements audit.Store.
func (s AuditLog) Unchained(ctx context.Context, floor string, limit int) ([]audit.Entry, error) {
	rows, err := s.read.Unchained(ctx, dbgen.UnchainedParams{Floor: floor, Most: most(limit)})
	return list(rows, entry), s.wrap(ctx, err, "audit entries without a place")
}

// Append implements audit.Store.
func (s AuditLog) Append(ctx context.Context, links []audit.Chained) error {
	if len(links) == 0 {
		return nil
	}
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		for _, l := range links {
			if err := q.InsertLink(ctx, dbgen.InsertLinkParams{Seq: l.Seq, Entry: l.ID, Hash: l.Hash[:]}); err != nil {
				return err
			}
		}
		return nil
	})
	err = s.wrap(ctx, err, "add %d entries to the audit chain after %d", len(links), links[0].Seq-1)
	if errors.Is(err, registry.ErrExists) {
		return fmt.Errorf("%w (%w)", audit.ErrBehind, err)
	}
	return err
}

// Chain implements audit.Store.
func (s AuditLog) Chain(ctx context.Context, after int64, limit int) ([]audit.Chained, error) {
	rows, err := s.read.Chain(ctx, dbgen.ChainParams{After: after, Most: most(limit)})
	return list(rows, func(r dbgen.ChainRow) audit.Chained {
		return audit.Chained{Entry: entry(r.AuditEntry), Head: head(r.Seq, r.Hash)}
	}), s.wrap(ctx, err, "audit chain after %d", after)
}

// Entries returns what a query asks for, oldest first.
func (s AuditLog) Entries(ctx context.Context, w audit.Query) (found []audit.Chained, err error) {
	switch {
	case w.Subject != "":
		var rows []dbgen.AuditOfSubjectRow
		rows, err = s.read.AuditOfSubject(ctx, dbgen.AuditOfSubjectParams{Subject: w.Subject, Actor: w.Actor, Org: w.Org, After: w.After, Most: most(w.Limit)})
		found = list(rows, func(r dbgen.AuditOfSubjectRow) audit.Chained { return chained(dbgen.AuditEntriesRow(r)) })
	case w.Actor != "":
		var rows []dbgen.AuditOfActorRow
		rows, err = s.read.AuditOfActor(ctx, dbgen.AuditOfActorParams{Actor: w.Actor, Org: w.Org, After: w.After, Most: most(w.Limit)})
		found = list(rows, func(r dbgen.AuditOfActorRow) audit.Chained { return chained(dbgen.AuditEntriesRow(r)) })
	case w.Org != "":
		var rows []dbgen.AuditOfOrgRow
		rows, err = s.read.AuditOfOrg(ctx, dbgen.AuditOfOrgParams{Org: w.Org, After: w.After, Most: most(w.Limit)})
		found = list(rows, func(r dbgen.AuditOfOrgRow) audit.Chained { return chained(dbgen.AuditEntriesRow(r)) })
	default:
		var rows []dbgen.AuditEntriesRow
		rows, err = s.read.AuditEntries(ctx, dbgen.AuditEntriesParams{After: w.After, Most: most(w.Limit)})
		found = list(rows, chained)
	}
	return found, s.wrap(ctx, err, "audit entries after %q", w.After)
}

func chained(r dbgen.AuditEntriesRow) audit.Chained {
	return audit.Chained{Entry: entry(r.AuditEntry), Head: head(r.Seq, r.Hash)}
}

// head leaves the hash zero, which matches nothing, if it has not its length.
func head(seq int64, hash []byte) audit.Head {
	h := audit.Head{Seq: seq}
	if len(hash) == len(h.Hash) {
		copy(h.Hash[:], hash)
	}
	return h
}

func entry(e dbgen.AuditEntry) audit.Entry {
	return audit.Entry{
		ID: e.ID, At: e.At.Time(), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Org: e.Org, Detail: raw(e.Detail),
	}
}
