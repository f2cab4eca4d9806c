package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/store/storetest"
)

func TestReportsArePartitionedByDay(t *testing.T) {
	db := open(t, storetest.Postgres(t))
	did := db.device(t)
	partitions := func() (names []string) {
		rows := get(db.sql(t).QueryContext(ctx, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'report'::regclass"))(t)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			must(t, rows.Scan(&name))
			names = append(names, name)
		}
		must(t, rows.Err())
		slices.Sort(names)
		return names
	}
	in := func(partition string) (n int) {
		must(t, db.sql(t).QueryRowContext(ctx, "SELECT count(*) FROM "+partition).Scan(&n))
		return n
	}
	commit := func(at time.Time) { must(t, db.Registry().CommitReports(ctx, reportBatch([]string{did}, 1, at))) }

	// Rows that were there before their partition stay in the default one, …
	must(t, db.Write(ctx, "INSERT INTO report VALUES ($1, $2, 1, '[]')", did, midnight.AddDate(0, 0, 1).UnixMicro()))
	commit(midnight)
	same(t, partitions(), []string{"report_20261121", "report_20261123", "report_20261124", "report_default"})
	same(t, in("report_20261121"), 1)
	commit(midnight.AddDate(0, 0, 1).Add(time.Hour))
	same(t, in("report_default"), 2)
	// … and a clock that leapt and came back does not send everything there.
	commit(midnight.AddDate(10, 0, 0))
	commit(midnight.AddDate(0, 0, 4).Add(-time.Microsecond))
	commit(midnight.AddDate(0, 0, 4))
	same(t, []int{in("report_20261124"), in("report_20261125"), in("report_default")}, []int{1, 1, 2})

	more := get(db.Registry().ForgetReports(ctx, midnight.AddDate(0, 0, 4).Add(time.Hour)))(t)
	same(t, more, false)
	same(t, in("report_default"), 0)
	same(t, slices.ContainsFunc(partitions(), func(name string) bool { return name < "report_20261125" }), false)
	same(t, in("report"), 2)
}
