package store

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"sync"

	"github.com/proofmark/proofmark/internal/store/dbgen"
)

// bulk is a statement over many rows at once. Its body is written once, for both
// engines, and reads its rows from v: a list of VALUES here, arrays in
// bulk_postgres.go.
type bulk struct {
	columns  []string // of v: a name and its type: "text", "bigint" or "bytea"
	body     string
	sized    [len(bulkRows)]func() string // its text for each of bulkRows
	postgres func() string
}

// bulkRows is how many rows one statement takes on SQLite. The engine opens its
// cursors once per statement, which costs as much as a few rows; far beyond the
// largest the statement's text costs more than it saves.
var bulkRows = [...]int{32, 8, 1}

func newBulk(columns, body string) *bulk {
	b := &bulk{columns: strings.Split(columns, ", "), body: body}
	for i, n := range bulkRows {
		b.sized[i] = sync.OnceValue(func() string { return b.values(n) })
	}
	b.postgres = sync.OnceValue(b.arrays)
	return b
}

func (b *bulk) names() string {
	names := make([]string, len(b.columns))
	for i, c := range b.columns {
		names[i], _, _ = strings.Cut(c, " ")
	}
	return strings.Join(names, ", ")
}

func (b *bulk) values(rows int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(b.columns)), ", ") + ")"
	return "WITH v (" + b.names() + ") AS (VALUES " + strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ") + ")\n" + b.body
}

// rows are what a bulk works on: one slice for each of its columns, []string,
// []int64 or [][]byte, all of one length.
type rows []any

func (r rows) len() int {
	if len(r) == 0 {
		return 0
	}
	return reflect.ValueOf(r[0]).Len()
}

func (r rows) row(args []any, i int) []any {
	for _, column := range r {
		switch c := column.(type) {
		case []string:
			args = append(args, c[i])
		case []int64:
			args = append(args, c[i])
		case [][]byte:
			args = append(args, c[i])
		}
	}
	return args
}

// exec runs the statement and says how many rows it changed.
func (b *bulk) exec(ctx context.Context, tx dbgen.DBTX, engine Engine, r rows) (changed int64, err error) {
	err = b.each(ctx, engine, r, func(text string, args []any) error {
		result, err := tx.ExecContext(ctx, text, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		changed += n
		return err
	})
	return changed, err
}

// each gives the statements for all rows: one on PostgreSQL, several on SQLite.
func (b *bulk) each(_ context.Context, engine Engine, r rows, run func(text string, args []any) error) error {
	n := r.len()
	if n == 0 {
		return nil
	}
	if engine == Postgres {
		return run(b.postgres(), r)
	}
	args := make([]any, 0, min(n, bulkRows[0])*len(b.columns))
	i := 0
	for size, step := range bulkRows {
		for n-i >= step {
			args = args[:0]
			for end := i + step; i < end; i++ {
				args = r.row(args, i)
			}
			if err := run(b.sized[size](), args); err != nil {
				return err
			}
		}
	}
	return nil
}

// find runs a SELECT whose columns are the fields of Row, in their order.
func find[Row any](ctx context.Context, tx dbgen.DBTX, engine Engine, b *bulk, r rows) ([]Row, error) {
	var found []Row
	err := b.each(ctx, engine, r, func(text string, args []any) error {
		rows, err := tx.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		found, err = scan(found, rows)
		return err
	})
	return found, err
}

func scan[Row any](found []Row, rows *sql.Rows) ([]Row, error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row Row
		fields := reflect.ValueOf(&row).Elem()
		into := make([]any, fields.NumField())
		for i := range into {
			into[i] = fields.Field(i).Addr().Interface()
		}
		if err := rows.Scan(into...); err != nil {
			return found, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}
