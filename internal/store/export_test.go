package store

import (
	"context"
	"database/sql"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/registry"
)

// Pool lets tests look at rows.
func (db *DB) Pool() *sql.DB { return db.pool }

// CommitReportsPortably commits by the statements that both engines share.
func (db *DB) CommitReportsPortably(ctx context.Context, b registry.Batch) error {
	return registryStore{db}.commitReports(ctx, prepareBatch(b))
}

// Write runs a statement on the writing connection.
func (db *DB) Write(ctx context.Context, statement string, args ...any) error {
	pool, err := db.migrations()
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	_, err = pool.ExecContext(ctx, statement, args...)
	return err
}

// AppendEvents appends to the log as the transactions of facts do.
func (db *DB) AppendEvents(ctx context.Context, events ...translog.Event) (first int64, err error) {
	err = db.transact(ctx, func(q *dbgen.Queries) error {
		first, err = appendEvents(ctx, q, events...)
		return err
	})
	if err == nil {
		db.logged()
	}
	return first, err
}
