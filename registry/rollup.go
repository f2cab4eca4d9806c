package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"time"
)

// RawHistory is how long history is kept raw; hourly and daily summaries of numbers stay.
const RawHistory = 30 * 24 * time.Hour

const day = 24 * time.Hour

// History calls yield for each point of a device, in the order in which they
// were stored, until it returns false.
func (r *Registry) History(ctx context.Context, q HistoryQuery, yield func(Point) bool) error {
	if _, err := r.roster.get(ctx, q.DID); err != nil {
		return err
	}
	if !q.From.Before(q.To) {
		return fmt.Errorf("%w: from %s is not before to %s", ErrBadRequest, q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	return r.store.History(ctx, q, yield)
}

// Summary returns hourly or daily buckets of one numeric property. Days that
// are closed come from the roll-up, younger ones from the raw history, so that
// the answer does not depend on whether the roll-up ran.
func (r *Registry) Summary(ctx context.Context, did string, siid, piid int, res Resolution, from, to time.Time) ([]Bucket, error) {
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return nil, err
	}
	if res != Hourly && res != Daily {
		return nil, fmt.Errorf("%w: resolution %q is neither %q nor %q", ErrBadRequest, res, Hourly, Daily)
	}
	rule, ok := k.validator.Property(siid, piid)
	if !ok {
		return nil, fmt.Errorf("property %d.%d of %s: %w", siid, piid, did, ErrNotFound)
	}
	if !rule.Format.Numeric() {
		return nil, fmt.Errorf("%w: property %d.%d is no number, so it has no summary", ErrBadRequest, siid, piid)
	}
	width := bucketWidth(res)
	from, to = from.UTC().Truncate(width), ceil(to.UTC(), width)
	closed, err := r.store.RolledUpTo(ctx, did)
	if err != nil {
		return nil, err
	}
	stored, err := r.store.Buckets(ctx, did, siid, piid, res, from, to)
	if err != nil {
		return nil, err
	}
	if from.Before(closed) {
		from = closed
	}
	if !from.Before(to) {
		return stored, nil
	}
	s := newSummary(did)
	q := HistoryQuery{DID: did, SIID: siid, IID: piid, Method: MethodProperties, From: from, To: to}
	if err := r.store.History(ctx, q, func(p Point) bool { s.add(p, res); return true }); err != nil {
		return nil, err
	}
	return append(stored, s.buckets()...), nil
}

func ceil(t time.Time, width time.Duration) time.Time {
	if c := t.Truncate(width); c.Before(t) {
		return c.Add(width)
	}
	return t
}

func bucketWidth(res Resolution) time.Duration {
	if res == Daily {
		return day
	}
	return time.Hour
}

// RollUp summarises every day that can no longer change: a report may carry a
// time up to 24 h in the past, so a day closes one day after its end. It is safe
// to run again: a day is replaced, never added to.
func (r *Registry) RollUp(ctx context.Context, now time.Time) error {
	closed := now.UTC().Add(-tsPast - time.Hour).Truncate(day) // first day that is still open
	dids, err := r.store.DevicesReportedBetween(ctx, now.Add(-RawHistory), now)
	if err != nil {
		return err
	}
	var errs []error
	for _, did := range dids {
		err := r.rollUpDevice(ctx, did, closed)
		switch {
		case err == nil, errors.Is(err, ErrNotFound): // removed meanwhile
		case isUnavailable(err), ctx.Err() != nil:
			return fmt.Errorf("roll up %s: %w", did, err)
		case len(errs) < 10: // one device's must not keep the others from it
			errs = append(errs, fmt.Errorf("roll up %s: %w", did, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Registry) rollUpDevice(ctx context.Context, did string, closed time.Time) error {
	next, err := r.store.RolledUpTo(ctx, did)
	if err != nil {
		return err
	}
	if oldest := closed.Add(-RawHistory); next.Before(oldest) {
		next = oldest
	}
	if !next.Before(closed) {
		return nil
	}
	q := HistoryQuery{DID: did, Method: MethodProperties, From: next, To: closed}
	byDay := make(map[time.Time]*summary)
	err = r.store.History(ctx, q, func(p Point) bool {
		d := p.At.UTC().Truncate(day)
		if byDay[d] == nil {
			byDay[d] = newSummary(did)
		}
		byDay[d].add(p, Hourly)
		byDay[d].add(p, Daily)
		return true
	})
	if err != nil {
		return err
	}
	for d := next; d.Before(closed); d = d.Add(day) {
		s, ok := byDay[d]
		if !ok && !d.Add(day).Equal(closed) {
			continue // an empty day needs no row; the last one marks how far it is done
		}
		if !ok {
			s = newSummary(did)
		}
		buckets := s.buckets()
		if err := r.store.RollUp(ctx, did, d, buckets); err != nil {
			return err
		}
		r.field.rolledUp(ctx, did, d, buckets)
	}
	return nil
}

// Forget removes raw history older than RawHistory.
func (r *Registry) Forget(ctx context.Context, now time.Time) error {
	if err := r.store.ForgetSightings(ctx, now.Add(-CloneWindow)); err != nil {
		return err
	}
	for {
		more, err := r.store.ForgetReports(ctx, now.Add(-RawHistory))
		if err != nil || !more {
			return err
		}
	}
}

// summary gathers buckets of one device.
type summary struct {
	did string
	by  map[bucketKey]*Bucket
}

type bucketKey struct {
	siid, piid int
	res        Resolution
	start      time.Time
}

func newSummary(did string) *summary {
	return &summary{did: did, by: make(map[bucketKey]*Bucket)}
}

// add counts a point; values that are no numbers do not count.
func (s *summary) add(p Point, res Resolution) {
	var n json.Number
	if json.Unmarshal(p.Value, &n) != nil || len(p.Value) == 0 || p.Value[0] == '"' {
		return
	}
	v, err := strconv.ParseFloat(n.String(), 64)
	if err != nil {
		return
	}
	k := bucketKey{p.SIID, p.IID, res, p.At.UTC().Truncate(bucketWidth(res))}
	b, ok := s.by[k]
	if !ok {
		s.by[k] = &Bucket{
			DID: s.did, SIID: p.SIID, PIID: p.IID, Resolution: res, Start: k.start,
			Count: 1, Min: v, Max: v, Mean: v,
		}
		return
	}
	b.Count++
	b.Min, b.Max = min(b.Min, v), max(b.Max, v)
	b.Mean += (v - b.Mean) / float64(b.Count)
}

func (s *summary) buckets() []Bucket {
	out := make([]Bucket, 0, len(s.by))
	for _, b := range s.by {
		out = append(out, *b)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if !a.Start.Equal(b.Start) {
			return a.Start.Before(b.Start)
		}
		if a.SIID != b.SIID {
			return a.SIID < b.SIID
		}
		if a.PIID != b.PIID {
			return a.PIID < b.PIID
		}
		return a.Resolution < b.Resolution
	})
	return out
}
