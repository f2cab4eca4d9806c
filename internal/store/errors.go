package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/proofmark/proofmark/registry"
)

// wrap says what was attempted, and puts the engine's error into the words of
// the registry: ErrNotFound, ErrExists, ErrUnavailable. The original stays in.
func (db *DB) wrap(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, classify(ctx, err))...)
}

func classify(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return registry.ErrNotFound
	}
	for _, known := range []error{registry.ErrNotFound, registry.ErrExists, registry.ErrConflict, registry.ErrInUse, registry.ErrUnavailable} {
		if errors.Is(err, known) {
			return err
		}
	}
	if ended := ctx.Err(); ended != nil { // the caller gave up: the engine's words about that are noise
		return fmt.Errorf("%w (%w)", ended, err)
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%w (%w)", kind, err)
	}
	return err
}

func kindOf(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return kindOfPostgres(pg.Code)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return kindOfSQLite(lite.Code())
	}
	var network net.Error
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.As(err, &network), errors.As(err, &connect), pgconn.SafeToRetry(err), pgconn.Timeout(err),
		// These errors of pgx and database/sql are not exported.
		strings.Contains(err.Error(), "conn closed"), strings.Contains(err.Error(), "sql: database is closed"):
		return registry.ErrUnavailable
	}
	return nil
}

// kindOfPostgres goes by https://www.postgresql.org/docs/current/errcodes-appendix.html.
func kindOfPostgres(code string) error {
	switch code {
	case "23505": // unique_violation
		return registry.ErrExists
	case "23503": // foreign_key_violation
		return registry.ErrNotFound
	case "40001", "40P01", "55P03", // serialization_failure, deadlock_detected, lock_not_available
		"25006",                            // read_only_sql_transaction: we reached a standby
		"57P01", "57P02", "57P03", "57P05": // shutdown, crash, starting up, idle timeout
		return registry.ErrUnavailable
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "58": // connection, resources (too many connections, disk full), system (I/O)
		return registry.ErrUnavailable
	}
	return nil
}

// kindOfSQLite goes by https://www.sqlite.org/rescode.html.
func kindOfSQLite(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return registry.ErrExists
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return registry.ErrNotFound
	}
	switch code & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
		return registry.ErrUnavailable
	}
	return nil
}
