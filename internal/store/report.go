package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// CommitReports stores the batch in one transaction. What belongs to a device
// that is gone is left out. A batch may be sent again after ErrUnavailable: if
// the first attempt was committed after all, the key of its chunks is taken and
// nothing is counted twice.
func (s registryStore) CommitReports(ctx context.Context, b registry.Batch) error {
	p := prepareBatch(b)
	var err error
	if s.engine == Postgres {
		err = s.commitReportsPostgres(ctx, p)
	} else {
		err = s.commitReports(ctx, p)
	}
	if err != nil && len(p.chunks) > 0 && errors.Is(classify(ctx, err), registry.ErrExists) {
		return nil
	}
	return s.wrap(ctx, err, "commit %d chunks, %d twin values, %d violations", len(b.Chunks), len(b.Twin), len(b.Violations))
}

// batch is a registry.Batch as both engines store it: encoded, cleaned, each
// table's rows in the order of its key (pages are touched one after the other,
// and two nodes never wait for each other's rows in a circle), no key twice.
type batch struct {
	chunks     []chunkRow
	twin       []registry.TwinValue
	violations []registry.Violation
	ended      []registry.DesiredEnd
}

type chunkRow struct {
	did       string
	at, batch int64
	body      string
}

func prepareBatch(b registry.Batch) batch {
	p := batch{chunks: make([]chunkRow, len(b.Chunks)), ended: slices.Clone(b.Ended)}
	var body []byte
	for i := range b.Chunks {
		c := &b.Chunks[i]
		body = appendChunk(body[:0], c)
		p.chunks[i] = chunkRow{c.DID, int64(micros.Of(c.At)), c.Batch, text(string(body))}
	}
	slices.SortFunc(p.chunks, func(a, b chunkRow) int { return cmp.Compare(a.did, b.did) })
	slices.SortFunc(p.ended, func(a, b registry.DesiredEnd) int { return cmp.Compare(a.ID, b.ID) })
	p.twin = latest(b.Twin)
	p.violations = added(b.Violations)
	return p
}

// latest sorts by key and keeps the newest value of each.
func latest(values []registry.TwinValue) []registry.TwinValue {
	values = slices.Clone(values)
	key := func(a, b *registry.TwinValue) int {
		return cmp.Or(cmp.Compare(a.DID, b.DID), cmp.Compare(a.SIID, b.SIID), cmp.Compare(a.PIID, b.PIID))
	}
	slices.SortStableFunc(values, func(a, b registry.TwinValue) int { return cmp.Or(key(&a, &b), a.At.Compare(b.At)) })
	kept := values[:0]
	for i := range values {
		if i+1 < len(values) && key(&values[i], &values[i+1]) == 0 {
			continue
		}
		kept = append(kept, values[i])
	}
	return kept
}

// added sorts by key and adds the counts of each.
func added(violations []registry.Violation) []registry.Violation {
	violations = slices.Clone(violations)
	for i := range violations {
		v := &violations[i]
		v.Rule, v.Firmware = text(v.Rule), text(v.Firmware)
	}
	key := func(a, b *registry.Violation) int {
		return cmp.Or(cmp.Compare(a.DID, b.DID), a.Day.Compare(b.Day), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.SIID, b.SIID), cmp.Compare(a.IID, b.IID), cmp.Compare(a.Firmware, b.Firmware))
	}
	slices.SortStableFunc(violations, func(a, b registry.Violation) int { return cmp.Or(key(&a, &b), a.LastAt.Compare(b.LastAt)) })
	kept := violations[:0]
	for _, v := range violations {
		if n := len(kept); n > 0 && key(&kept[n-1], &v) == 0 {
			v.Count += kept[n-1].Count
			kept[n-1] = v // the later one
			continue
		}
		kept = append(kept, v)
	}
	return kept
}

// commitReports is the portable way, with a shortcut on SQLite;
// commitReportsPostgres must do the same.
func (s registryStore) commitReports(ctx context.Context, b batch) error {
	return s.transact(ctx, func(q *dbgen.Queries) error {
		for i := range b.chunks {
			c := &b.chunks[i]
			if err := q.InsertReport(ctx, dbgen.InsertReportParams{DID: c.did, At: c.at, Batch: c.batch, Body: c.body}); err != nil {
				return err
			}
		}
		twin := b.twin
		if w, ok := s.writer.(*sqliteWriter); ok {
			var err error
			if twin, err = upsertTwinSQLite(ctx, w.stmt, twin); err != nil {
				return err
			}
		}
		for i := range twin {
			v := &twin[i]
			err := q.UpsertTwin(ctx, dbgen.UpsertTwinParams{
				DID: v.DID, SIID: v.SIID, PIID: v.PIID, Value: text(string(v.Value)),
				At: int64(micros.Of(v.At)), ReceivedAt: int64(micros.Of(v.ReceivedAt)), Quality: string(v.Quality),
			})
			if err != nil {
				return err
			}
		}
		for i := range b.violations {
			v := &b.violations[i]
			err := q.AddViolation(ctx, dbgen.AddViolationParams{
				DID: v.DID, Day: int64(micros.Of(v.Day)), Rule: v.Rule, SIID: v.SIID, IID: v.IID, Firmware: v.Firmware,
				Count: v.Count, LastAt: int64(micros.Of(v.LastAt)), Last: []byte(v.Last),
			})
			if err != nil {
				return err
			}
		}
		for _, e := range b.ended { // one that is no longer open stays as it is
			if _, err := q.EndDesired(ctx, endDesired(e)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s registryStore) Fingerprints(ctx context.Context, did string, since time.Time) ([]registry.Seen, error) {
	rows, err := s.read.ReportsSince(ctx, dbgen.ReportsSinceParams{DID: did, Since: micros.Of(since)})
	if err != nil {
		return nil, s.wrap(ctx, err, "fingerprints of device %s", did)
	}
	var seen []registry.Seen
	for _, row := range rows {
		reports, err := parseChunk(did, row.Body)
		if err != nil {
			return nil, err
		}
		for _, r := range reports {
			if r.Fingerprint != 0 {
				seen = append(seen, registry.Seen{Fingerprint: r.Fingerprint, At: row.At.Time()})
			}
		}
	}
	return seen, nil
}

func (s registryStore) TwinValues(ctx context.Context, did string) ([]registry.TwinValue, error) {
	rows, err := s.read.TwinValues(ctx, did)
	return list(rows, twinValue), s.wrap(ctx, err, "twin of device %s", did)
}

func twinValue(v dbgen.Twin) registry.TwinValue {
	return registry.TwinValue{
		DID: v.DID, SIID: v.SIID, PIID: v.PIID, Value: raw(v.Value),
		At: v.At.Time(), ReceivedAt: v.ReceivedAt.Time(), Quality: registry.Quality(v.Quality),
	}
}

func (s registryStore) Violations(ctx context.Context, did string, from, to time.Time) ([]registry.Violation, error) {
	since, until := span(from, to)
	rows, err := s.read.Violations(ctx, dbgen.ViolationsParams{DID: did, Since: since, Until: until})
	return list(rows, violation), s.wrap(ctx, err, "violations of device %s", did)
}

func violation(v dbgen.Violation) registry.Violation {
	return registry.Violation{
		DID: v.DID, Day: v.Day.Time(), Rule: v.Rule, SIID: v.SIID, IID: v.IID, Firmware: v.Firmware,
		Count: v.Count, LastAt: v.LastAt.Time(), Last: string(v.Last),
	}
}

func (s registryStore) DevicesReportedBetween(ctx context.Context, from, to time.Time) ([]string, error) {
	since, until := span(from, to)
	dids, err := s.read.DevicesReportedBetween(ctx, dbgen.DevicesReportedBetweenParams{Since: since, Until: until})
	return dids, s.wrap(ctx, err, "devices that reported between %s and %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
}

// ForgetReports counts in whole UTC days on both engines: PostgreSQL drops the
// partitions that end at or before the last midnight up to the time given.
func (s registryStore) ForgetReports(ctx context.Context, before time.Time) (more bool, err error) {
	day := before.UTC().Truncate(24 * time.Hour)
	if s.engine == Postgres {
		more, err = s.forgetPartitions(ctx, day)
	} else {
		more, err = s.forgetSlices(ctx, day)
	}
	return more, s.wrap(ctx, err, "forget reports before %s", day.Format(time.DateOnly))
}

// What one call of forgetSlices does at most: the writer is not held for longer
// than a few milliseconds per device, and other commits get their turn between.
const (
	forgetDevices = 256
	forgetRows    = 64
)

// forgetSlices goes through the devices, since the key of report begins with
// them, and goes on in the next call where this one ended.
func (s registryStore) forgetSlices(ctx context.Context, before time.Time) (more bool, err error) {
	after, _ := s.forgotten.Load().(string)
	dids, err := s.read.DevicesAfter(ctx, dbgen.DevicesAfterParams{After: after, Most: forgetDevices})
	if err != nil {
		return false, err
	}
	for _, did := range dids {
		var n int64 = 1
		for n > 0 {
			err := s.writer.statement(ctx, func(q *dbgen.Queries) (err error) {
				n, err = q.ForgetSlice(ctx, dbgen.ForgetSliceParams{DID: did, Before: micros.Of(before), Skip: forgetRows - 1})
				return err
			})
			if err != nil {
				return true, fmt.Errorf("device %s: %w", did, err)
			}
		}
	}
	if len(dids) < forgetDevices {
		s.forgotten.Store("")
		return false, nil
	}
	s.forgotten.Store(dids[len(dids)-1])
	return true, nil
}
