package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/proofmark/proofmark/internal/store/micros"
)

// On PostgreSQL report has a partition per UTC day, report_20060102, made ahead
// of time, and report_default for rows of days that nobody foresaw.

const (
	partitionPrefix = "report_"
	partitionDay    = "20060102"
	partitionsAhead = 3
	dayMicros       = int64(24 * time.Hour / time.Microsecond)
)

// ensurePartitions makes the partitions of the day of at and of the three after
// it, in the first commit of each day.
func (db *DB) ensurePartitions(ctx context.Context, at micros.Time) error {
	today := int64(at) / dayMicros
	if at <= 0 || db.partition.Load() == today {
		return nil
	}
	for day := today; day <= today+partitionsAhead; day++ {
		if err := db.makePartition(ctx, day); err != nil {
			return err
		}
	}
	db.partition.Store(today)
	return nil
}

// makePartition (like the drop below) sends several statements at once, which
// makes them one transaction. It attaches instead of CREATE … PARTITION OF, which would lock
// everybody out of report. Days that report_default holds rows of already stay
// there.
func (db *DB) makePartition(ctx context.Context, day int64) error {
	name := partitionPrefix + time.UnixMicro(day*dayMicros).UTC().Format(partitionDay)
	var exists bool
	if err := db.pool.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&exists); err != nil || exists {
		return err
	}
	_, err := db.pool.ExecContext(ctx, fmt.Sprintf(`
		CREATE TABLE %[1]s (LIKE report INCLUDING ALL);
		ALTER TABLE report ATTACH PARTITION %[1]s FOR VALUES FROM (%[2]d) TO (%[3]d)`, name, day*dayMicros, (day+1)*dayMicros))
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "42P07", "42710", "23505", "23514": // another was first; or report_default holds rows of that day
			return nil
		}
	}
	return err
}

// forgetPartitions drops the partitions that lie wholly before the day given and
// empties the default one of what is older.
func (s registryStore) forgetPartitions(ctx context.Context, before time.Time) (more bool, err error) {
	rows, err := s.pool.QueryContext(ctx, `
		SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'report'::regclass ORDER BY c.relname`)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	var old []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return false, err
		}
		day, err := time.Parse(partitionDay, strings.TrimPrefix(name, partitionPrefix))
		if err == nil && day.Before(before) {
			old = append(old, name)
		}
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	for _, name := range old {
		// The drop needs report to itself for a moment: rather try again later than
		// queue behind a long export and make every commit queue behind this.
		_, err := s.pool.ExecContext(ctx, "SET LOCAL lock_timeout = '2s'; DROP TABLE IF EXISTS "+name)
		if err != nil {
			return true, fmt.Errorf("partition %s: %w", name, err)
		}
	}
	res, err := s.pool.ExecContext(ctx, `
		DELETE FROM report_default WHERE ctid IN (SELECT ctid FROM report_default WHERE at < $1 LIMIT 10000)`, int64(micros.Of(before)))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 10000, err
}
