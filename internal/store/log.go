package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

// Log is what the transparency log keeps.
func (db *DB) Log() translog.Store { return logStore{db} }

type logStore struct{ *DB }

// appendEvents adds leaves in the transaction of the facts that they tell of, and
// returns the index of the first. It is the last statement but the commit: until
// that, nobody else can append. Who calls it calls logged after the commit.
func appendEvents(ctx context.Context, q *dbgen.Queries, events ...translog.Event) (first int64, err error) {
	grown, err := q.GrowLog(ctx, int64(len(events)))
	if err != nil {
		return 0, fmt.Errorf("place in the log: %w", err)
	}
	first = grown.Size - int64(len(events))
	head, err := translog.ParseHead(first, grown.Edge)
	if err != nil {
		return 0, err
	}
	for _, e := range events {
		if head, err = appendEvent(ctx, q, head, e); err != nil {
			return 0, err
		}
	}
	return first, q.SetLogEdge(ctx, head.MarshalEdge())
}

func appendEvent(ctx context.Context, q *dbgen.Queries, head translog.Head, e translog.Event) (next translog.Head, err error) {
	leaf, err := e.Leaf()
	if err != nil {
		return next, err
	}
	next, added, err := head.Append(leaf)
	if err != nil {
		return next, err
	}
	if err := q.InsertLogLeaf(ctx, dbgen.InsertLogLeafParams{Idx: head.Size, Data: leaf, Hash: added[0].Hash[:]}); err != nil {
		return next, fmt.Errorf("leaf %d of the log: %w", head.Size, err)
	}
	at, err := translog.ParseInstant(e.At)
	if err != nil {
		return next, err
	}
	if err := q.InsertCertificateEvent(ctx, dbgen.InsertCertificateEventParams{
		Idx: head.Size, Serial: e.Serial, Kind: string(e.Kind), At: micros.Of(at), Reason: text(e.Reason), Region: e.Region,
	}); err != nil {
		return next, fmt.Errorf("leaf %d of the log, by certificate: %w", head.Size, err)
	}
	for _, n := range added[1:] {
		if err := q.InsertLogNode(ctx, dbgen.InsertLogNodeParams{Level: n.Level, N: n.N, Hash: n.Hash[:]}); err != nil {
			return next, fmt.Errorf("hash %d of level %d of the log: %w", n.N, n.Level, err)
		}
	}
	return next, nil
}

// logged tells the signer of this process that the log has a new leaf.
func (db *DB) logged() { signal(db.appended) }

func (s logStore) Appended() <-chan struct{} { return s.appended }

func (s logStore) Origin(ctx context.Context, propose string) (string, error) {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return q.NameLog(ctx, propose) })
	if err != nil {
		return "", s.wrap(ctx, err, "name the log %s", propose)
	}
	origin, err := s.read.LogOrigin(ctx)
	return origin, s.wrap(ctx, err, "origin of the log")
}

func (s logStore) Head(ctx context.Context) (translog.Head, error) {
	row, err := s.read.LogHead(ctx)
	if err != nil {
		return translog.Head{}, s.wrap(ctx, err, "head of the log")
	}
	return translog.ParseHead(row.Size, row.Edge)
}

func (s logStore) Hashes(ctx context.Context, level int, from int64, n int) (hashes []tlog.Hash, err error) {
	var rows [][]byte
	if past := from + int64(n); level == 0 {
		rows, err = s.read.LogLeafHashes(ctx, dbgen.LogLeafHashesParams{First: from, Past: past})
	} else {
		rows, err = s.read.LogNodes(ctx, dbgen.LogNodesParams{Level: level, First: from, Past: past})
	}
	if err != nil {
		return nil, s.wrap(ctx, err, "%d hashes of level %d of the log from %d", n, level, from)
	}
	hashes = make([]tlog.Hash, len(rows))
	for i, row := range rows {
		if copy(hashes[i][:], row) != len(row) || len(row) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d of level %d of the log has %d bytes: %w", from+int64(i), level, len(row), translog.ErrCorrupt)
		}
	}
	return hashes, nil
}

func (s logStore) Leaves(ctx context.Context, from int64, n int) ([][]byte, error) {
	leaves, err := s.read.LogLeaves(ctx, dbgen.LogLeavesParams{First: from, Past: from + int64(n)})
	return leaves, s.wrap(ctx, err, "%d leaves of the log from %d", n, from)
}

func (s logStore) Checkpoint(ctx context.Context) (translog.Checkpoint, error) {
	row, err := s.read.LogCheckpoint(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return translog.Checkpoint{}, nil
	}
	c := translog.Checkpoint{Note: []byte(row.Note), KeyID: row.KeyID, SignedAt: row.SignedAt.Time()}
	c.Size = row.Size
	copy(c.Root[:], row.Root)
	return c, s.wrap(ctx, err, "newest checkpoint of the log")
}

func (s logStore) SaveCheckpoint(ctx context.Context, c translog.Checkpoint) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := changed(q.RaiseSigned(ctx, c.Size)); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return translog.ErrLate
			}
			return err
		}
		return q.InsertLogCheckpoint(ctx, dbgen.InsertLogCheckpointParams{
			Size: c.Size, KeyID: c.KeyID, Root: c.Root[:], Note: string(c.Note), SignedAt: micros.Of(c.SignedAt),
		})
	})
	return s.wrap(ctx, err, "checkpoint of %d leaves", c.Size)
}
