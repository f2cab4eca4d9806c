package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/proofmark/proofmark/internal/store/dbgen"
)

// Engine names the database behind a DB.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// ErrURL is wrapped by the errors of Open about its url.
var ErrURL = errors.New("bad database URL")

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	engine Engine
	pool   *sql.DB // PostgreSQL: everything; SQLite: reads
	read   *dbgen.Queries
	writer writer

	migrations func() (*sql.DB, error) // a pool of its own for schema changes
	lock       func(context.Context) (unlock func(), err error)

	closing   sync.Once
	closed    error         // what the one Close gave
	outbox    chan struct{} // signalled after an event was committed
	queued    chan struct{} // signalled after a job was
	appended  chan struct{} // signalled after a leaf of the log was
	webhooks  chan struct{} // signalled after a delivery became due
	inbox     chan struct{} // signalled after an event of a payment provider was kept
	refunds   chan struct{} // signalled after a refund was queued
	partition atomic.Int64  // PostgreSQL: the day for which ensurePartitions was done
	forgotten atomic.Value  // SQLite: the did at which ForgetReports goes on
	looking   atomic.Int64  // how many batches of orders are not to be decided blindly
}

// writer runs fn within one transaction, or without one for a single statement.
type writer interface {
	within(ctx context.Context, fn func(tx dbgen.DBTX) error) error
	statement(ctx context.Context, fn func(q *dbgen.Queries) error) error
	close() error
}

type options struct{ conns int }

// Option changes how Open opens.
type Option func(*options)

// WithConns limits how many connections the pool holds: to PostgreSQL in all, to
// SQLite for reading. The default is 16 and 4.
func WithConns(n int) Option { return func(o *options) { o.conns = n } }

// Open opens the database that url names: "sqlite:PATH" or a bare path for a
// SQLite file, which is made if it is missing, or "postgres://…". It changes no
// schema (see Migrate), but refuses one that is newer than this program with
// ErrNewerSchema. A database that cannot be reached gives
// registry.ErrUnavailable.
func Open(ctx context.Context, url string, opts ...Option) (*DB, error) {
	var o options
	for _, set := range opts {
		set(&o)
	}
	db := &DB{
		outbox: make(chan struct{}, 1), queued: make(chan struct{}, 1),
		appended: make(chan struct{}, 1), webhooks: make(chan struct{}, 1),
		inbox: make(chan struct{}, 1), refunds: make(chan struct{}, 1),
	}
	var err error
	scheme, rest, found := strings.Cut(url, ":")
	switch {
	case url == "":
		return nil, fmt.Errorf("%w: it is empty; want sqlite:PATH, a path, or postgres://…", ErrURL)
	case found && (scheme == "postgres" || scheme == "postgresql"):
		err = db.openPostgres(ctx, url, o)
	case found && scheme == "sqlite":
		err = db.openSQLite(ctx, strings.TrimPrefix(rest, "//"), o)
	case found && strings.HasPrefix(rest, "//"):
		return nil, fmt.Errorf("%w: scheme %q; want sqlite or postgres", ErrURL, scheme)
	default:
		err = db.openSQLite(ctx, url, o)
	}
	if err != nil {
		return nil, err
	}
	if err := db.checkSchema(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Engine says which database this is.
func (db *DB) Engine() Engine { return db.engine }

// Ping says whether the database answers; registry.ErrUnavailable if not.
func (db *DB) Ping(ctx context.Context) error {
	return db.wrap(ctx, db.pool.PingContext(ctx), "ping %s", db.engine)
}

// Close waits for what is under way and closes all connections. A second Close
// does nothing.
func (db *DB) Close() error {
	db.closing.Do(func() {
		if db.writer != nil {
			db.closed = db.writer.close()
		}
		db.closed = errors.Join(db.closed, db.pool.Close())
	})
	return db.closed
}

// transact runs fn in one transaction.
func (db *DB) transact(ctx context.Context, fn func(q *dbgen.Queries) error) error {
	return db.writer.within(ctx, func(tx dbgen.DBTX) error { return fn(dbgen.New(tx)) })
}

// exec runs a single writing statement; none changed gives sql.ErrNoRows.
func (db *DB) exec(ctx context.Context, fn func(q *dbgen.Queries) (int64, error)) error {
	return db.writer.statement(ctx, func(q *dbgen.Queries) error {
		return changed(fn(q))
	})
}

// changed turns "no row was changed" into sql.ErrNoRows.
func changed(n int64, err error) error {
	if err == nil && n == 0 {
		return sql.ErrNoRows
	}
	return err
}
