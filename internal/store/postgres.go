package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/proofmark/proofmark/internal/store/dbgen"
)

func (db *DB) openPostgres(ctx context.Context, url string, o options) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrURL, err) // pgx leaves the password out
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "proofmark"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if o.conns <= 0 {
		o.conns = 16
	}
	db.engine = Postgres
	db.pool = stdlib.OpenDB(*config)
	db.pool.SetMaxOpenConns(o.conns)
	db.pool.SetMaxIdleConns(o.conns)
	db.pool.SetConnMaxLifetime(time.Hour) // so that load spreads after a fail-over
	db.read = dbgen.New(db.pool)
	db.writer = postgresWriter{db.pool}
	db.migrations = func() (*sql.DB, error) { return stdlib.OpenDB(*config), nil }
	db.lock = db.lockPostgres
	if err := db.Ping(ctx); err != nil {
		_ = db.pool.Close()
		return err
	}
	return nil
}

type postgresWriter struct{ pool *sql.DB }

func (w postgresWriter) within(ctx context.Context, fn func(tx dbgen.DBTX) error) error {
	tx, err := w.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (w postgresWriter) statement(_ context.Context, fn func(q *dbgen.Queries) error) error {
	return fn(dbgen.New(w.pool))
}

func (w postgresWriter) close() error { return nil } // the pool is the DB's

// migrationLock is the advisory lock of those who migrate: "proofmrk" in ASCII.
const migrationLock = 0x70726f6f666d726b

func (db *DB) lockPostgres(ctx context.Context) (func(), error) {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
		_ = conn.Close()
	}, nil
}
