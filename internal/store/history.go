package store

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// A chunk is stored when its batch is committed; its values may lie before that
// by the 24 h that protocol §2 allows, or after it by 2 s. The rest is room for
// reports that waited for a database that was away.
const (
	valueBefore = 25 * time.Hour
	valueAfter  = time.Minute
)

// historyPage is how many rows are read at once: no connection is held while
// yield runs, so that it may use the store and may be slow.
const historyPage = 200

func (s registryStore) History(ctx context.Context, hq registry.HistoryQuery, yield func(registry.Point) bool) error {
	from, until := span(hq.From, hq.To)
	page := dbgen.ReportPageParams{
		DID: hq.DID, Until: until, AfterAt: int64(from), AfterBatch: math.MinInt64, Most: historyPage,
	}
	if !hq.From.IsZero() {
		page.AfterAt = int64(micros.Of(hq.From.Add(-valueAfter)))
	}
	if !hq.To.IsZero() {
		page.Until = micros.Of(hq.To.Add(valueBefore))
	}
	for left := most(hq.Limit); ; {
		rows, err := s.read.ReportPage(ctx, page)
		if err != nil {
			return s.wrap(ctx, err, "history of device %s", hq.DID)
		}
		for _, row := range rows {
			reports, err := parseChunk(hq.DID, row.Body)
			if err != nil {
				return err
			}
			for p := range points(reports, hq) {
				if !yield(p) {
					return nil
				}
				if left--; left == 0 {
					return nil
				}
			}
			page.AfterAt, page.AfterBatch = int64(row.At), row.Batch
		}
		if len(rows) < historyPage {
			return nil
		}
	}
}

// points are the items of the reports that the query wants.
func points(reports []registry.Report, q registry.HistoryQuery) func(func(registry.Point) bool) {
	return func(yield func(registry.Point) bool) {
		for _, r := range reports {
			if q.Method != "" && r.Method != q.Method ||
				!q.From.IsZero() && r.At.Before(q.From) || !q.To.IsZero() && !r.At.Before(q.To) {
				continue
			}
			for _, it := range r.Items {
				if q.SIID != 0 && it.SIID != q.SIID || q.IID != 0 && it.IID != q.IID {
					continue
				}
				value := it.Value
				if r.Method == registry.MethodEvent {
					value = it.Arguments
				}
				p := registry.Point{At: r.At, Method: r.Method, SIID: it.SIID, IID: it.IID, Value: value, Quality: r.Quality}
				if !yield(p) {
					return
				}
			}
		}
	}
}

func (s registryStore) Buckets(ctx context.Context, did string, siid, piid int, r registry.Resolution, from, to time.Time) ([]registry.Bucket, error) {
	since, until := span(from, to)
	rows, err := s.read.Buckets(ctx, dbgen.BucketsParams{
		DID: did, Resolution: string(r), Since: since, Until: until, SIID: siid, PIID: piid,
	})
	return list(rows, bucket), s.wrap(ctx, err, "%s buckets of device %s", r, did)
}

func bucket(b dbgen.Bucket) registry.Bucket {
	return registry.Bucket{
		DID: b.DID, SIID: b.SIID, PIID: b.PIID, Resolution: registry.Resolution(b.Resolution), Start: b.StartAt.Time(),
		Count: b.Count, Min: b.Min, Max: b.Max, Mean: b.Mean,
	}
}

func (s registryStore) RollUp(ctx context.Context, did string, day time.Time, buckets []registry.Bucket) error {
	day = day.UTC().Truncate(24 * time.Hour)
	next := day.AddDate(0, 0, 1)
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		// First: it finds out whether the device exists, and two who roll up the
		// same day wait for each other.
		if err := changed(q.LockDevice(ctx, did)); err != nil {
			return err
		}
		err := q.DeleteBuckets(ctx, dbgen.DeleteBucketsParams{DID: did, Since: micros.Of(day), Until: micros.Of(next)})
		if err != nil {
			return err
		}
		for _, b := range buckets {
			err := q.InsertBucket(ctx, dbgen.InsertBucketParams{
				DID: did, Resolution: string(b.Resolution), StartAt: micros.Of(b.Start), SIID: b.SIID, PIID: b.PIID,
				Count: b.Count, Min: b.Min, Max: b.Max, Mean: b.Mean,
			})
			if err != nil {
				return err
			}
		}
		return q.SetRolledUp(ctx, dbgen.SetRolledUpParams{DID: did, Upto: micros.Of(next)})
	})
	return s.wrap(ctx, err, "roll up device %s on %s", did, day.Format(time.DateOnly))
}

func (s registryStore) RolledUpTo(ctx context.Context, did string) (time.Time, error) {
	upto, err := s.read.RolledUpTo(ctx, did)
	err = s.wrap(ctx, err, "rolled-up days of device %s", did)
	if errors.Is(err, registry.ErrNotFound) {
		return time.Time{}, nil
	}
	return upto.Time(), err
}

// span is [from, to) in microseconds; a zero end is open.
func span(from, to time.Time) (since, until micros.Time) {
	since, until = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		since = micros.Of(from)
	}
	if !to.IsZero() {
		until = micros.Of(to)
	}
	return since, until
}
