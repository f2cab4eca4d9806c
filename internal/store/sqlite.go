package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/proofmark/proofmark/internal/store/dbgen"
)

// sqlitePragmas hold for every connection. FULL: an acknowledged report must
// survive a power loss, and in WAL mode NORMAL would not sync at commit.
var sqlitePragmas = []string{
	"busy_timeout(10000)",
	"page_size(8192)", // only a new file takes it
	"journal_mode(WAL)",
	"synchronous(FULL)",
	"foreign_keys(ON)",
	"recursive_triggers(ON)", // else INSERT OR REPLACE would go around what keeps the audit log
	"temp_store(MEMORY)",
	"cache_size(-65536)",
	// A page that many commits changed is copied into the file once per
	// checkpoint: 64 MB of log instead of 4 make checkpoints rarer.
	"wal_autocheckpoint(8192)",
	"journal_size_limit(134217728)",
}

func sqliteDSN(path string, extra ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append(append([]string(nil), sqlitePragmas...), extra...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (db *DB) openSQLite(ctx context.Context, path string, o options) error {
	if path == "" || strings.Contains(path, ":memory:") {
		return fmt.Errorf("%w: sqlite path %q; want a file (readers and the writer are different connections)", ErrURL, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("folder of the database: %w", err)
	}
	if o.conns <= 0 {
		o.conns = 4
	}
	db.engine = SQLite
	w, err := openSQLiteWriter(ctx, path)
	if err != nil {
		return db.wrap(ctx, err, "open %s", path)
	}
	db.writer = w
	if db.pool, err = sql.Open("sqlite", sqliteDSN(path, "query_only(ON)")); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	db.pool.SetMaxOpenConns(o.conns)
	db.pool.SetMaxIdleConns(o.conns)
	db.read = dbgen.New(&prepared{from: db.pool})
	db.migrations = func() (*sql.DB, error) {
		pool, err := sql.Open("sqlite", sqliteDSN(path))
		if err == nil {
			pool.SetMaxOpenConns(1)
		}
		return pool, err
	}
	db.lock = func(ctx context.Context) (func(), error) { return lockSQLite(ctx, path) }
	return nil
}

// sqliteWriter is the one connection that writes, with its statements prepared.
type sqliteWriter struct {
	turn chan struct{} // holds one token: whoever has it writes
	done chan struct{} // closed by close
	pool *sql.DB
	conn *sql.Conn
	stmt *prepared
}

func openSQLiteWriter(ctx context.Context, path string) (*sqliteWriter, error) {
	pool, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		_ = pool.Close()
		return nil, err
	}
	w := &sqliteWriter{turn: make(chan struct{}, 1), done: make(chan struct{}), pool: pool, conn: conn, stmt: &prepared{from: conn}}
	w.turn <- struct{}{}
	return w, nil
}

// within speaks BEGIN and COMMIT itself: statements prepared on the connection
// stay usable inside, which sql.Tx would prepare anew each time.
func (w *sqliteWriter) within(ctx context.Context, fn func(tx dbgen.DBTX) error) error {
	return w.statement(ctx, func(*dbgen.Queries) (err error) {
		whole := context.WithoutCancel(ctx)
		if _, err := w.stmt.ExecContext(whole, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		committed := false
		defer func() { // also when fn panics
			if !committed {
				_, _ = w.stmt.ExecContext(whole, "ROLLBACK")
			}
		}()
		if err := fn(w.stmt); err != nil {
			return err
		}
		if _, err := w.stmt.ExecContext(whole, "COMMIT"); err != nil {
			return err
		}
		committed = true
		return nil
	})
}

func (w *sqliteWriter) statement(ctx context.Context, fn func(q *dbgen.Queries) error) error {
	select {
	case <-w.turn:
	case <-w.done:
		return sql.ErrConnDone
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { w.turn <- struct{}{} }()
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn(dbgen.New(w.stmt))
}

func (w *sqliteWriter) close() error {
	<-w.turn // for good
	close(w.done)
	w.stmt.close()
	_ = w.conn.Close()
	return w.pool.Close()
}

// lockSQLite keeps other processes from migrating the same file: it holds the
// lock of an empty database beside it.
func lockSQLite(ctx context.Context, path string) (func(), error) {
	q := url.Values{"_txlock": {"exclusive"}, "_pragma": {"busy_timeout(60000)"}}
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path + ".migrate"}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		_ = pool.Close()
		return nil, err
	}
	return func() { _ = tx.Rollback(); _ = pool.Close() }, nil
}
