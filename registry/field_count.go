package registry

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	fieldEvery = 10 * time.Second // between two writes of what was counted
	fieldGroup = 100              // marks in one transaction: reports wait behind it
	fieldMost  = 100_000          // marks that wait for a store that is away; later ones are lost, and counted
)

// field counts what devices do, in memory, and writes it every fieldEvery. A
// crash loses ten seconds of it and no more than that: a device that breaks a
// rule does it again, and that it was there is told by its next report.
type field struct {
	reg *Registry

	mu       sync.Mutex
	marks    map[fieldKey]*numbered
	made     int64             // marks so far
	visits   map[string]visits // connections of this hour, by did
	failures map[fieldKey]int  // replies that were missing or late today
	sets     []pendingSet
	sweptAt  time.Time
}

type fieldKey struct {
	did, rule, firmware string
	day                 int64
}

// numbered is a mark in the order of the marks: which firmware came last decides
// even within one instant.
type numbered struct {
	FieldMark
	n int64
}

type visits struct {
	since time.Time
	n     int
}

func newField(r *Registry) *field {
	return &field{reg: r, marks: map[fieldKey]*numbered{}, visits: map[string]visits{}, failures: map[fieldKey]int{}}
}

// attention is what is counted of one connection. Only the ingest goroutine
// touches it.
type attention struct {
	day      int64 // on which it was noted that the device is there, and
	firmware string
	since    time.Time // of the messages that are counted
	messages int
}

// saw counts a stored report: a few comparisons where nothing is new. What a
// gateway reports of its sub-devices is the gateway's own doing, since only its
// firmware is known.
func (f *field) saw(in *arrived) {
	l, now := in.live, in.at
	a := &l.attention
	if now.Sub(a.since) >= FieldReportsIn || now.Before(a.since) {
		a.since, a.messages = now, 0
	}
	if a.messages++; a.messages == FieldReports+1 {
		f.mark(in.known, FieldMark{Rule: FieldOften, LastAt: now, Last: "more than 600 reports in 10 min"})
	}
	if today, firmware := dayNumber(now), in.known.device.Info.Firmware; a.day != today || a.firmware != firmware {
		a.day, a.firmware = today, firmware
		f.mark(in.known, FieldMark{LastAt: now})
	}
	l.alive()
	for i := range in.refused {
		if b := &in.refused[i]; b.rule != ruleStorage {
			f.mark(in.known, FieldMark{Rule: FieldSpec + b.rule, SIID: b.siid, IID: b.iid, LastAt: now, Last: clip(b.value, lastOffence)})
		}
	}
}

// mark adds one to what is to be written. A device that has not said yet which
// firmware it runs is not counted: it does the same again once it has.
func (f *field) mark(k *known, m FieldMark) {
	if m.Firmware == "" {
		m.Firmware = k.device.Info.Firmware
	}
	if m.Firmware == "" {
		return
	}
	if m.Day.IsZero() {
		m.Day = m.LastAt.UTC().Truncate(day)
	}
	m.DID, m.ProductID, m.Count = k.device.DID, k.device.ProductID, 1
	key := fieldKey{m.DID, m.Rule, m.Firmware, dayNumber(m.Day)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made++
	if old, ok := f.marks[key]; ok {
		m.Count += old.Count
		*old = numbered{m, f.made}
		return
	}
	if len(f.marks) >= fieldMost {
		f.reg.Counters.FieldLost.Add(1)
		return
	}
	f.marks[key] = &numbered{m, f.made}
}

// alive says that something came over the connection: requests that were not
// answered before cannot be laid to a plug that was pulled.
func (l *Live) alive() {
	if l.unanswered.Load() == 0 {
		return
	}
	l.reg.field.replied(l, FieldMissing, int(l.unanswered.Swap(0)))
}

// replied counts requests without an answer in time, or answers after it.
func (f *field) replied(l *Live, rule string, n int) {
	k := l.known.Load()
	if k == nil || n == 0 {
		return
	}
	now := f.reg.now()
	key := fieldKey{did: l.did, rule: rule, day: dayNumber(now)}
	f.mu.Lock()
	f.failures[key] += n
	n = f.failures[key]
	f.mu.Unlock()
	if n >= FieldReplies {
		f.mark(k, FieldMark{Rule: rule, LastAt: now, Last: strconv.Itoa(n) + " requests today"})
	}
}

// connected counts a connection.
func (f *field) connected(l *Live) {
	now := f.reg.now()
	f.mu.Lock()
	v := f.visits[l.did]
	if now.Sub(v.since) >= time.Hour || now.Before(v.since) {
		v = visits{since: now}
	}
	v.n++
	f.visits[l.did] = v
	f.mu.Unlock()
	if k := l.known.Load(); k != nil && v.n > FieldConnections {
		f.mark(k, FieldMark{Rule: FieldReconnects, LastAt: now, Last: "more than 30 connections in an hour"})
	}
}

// greeted counts what a device said of itself.
func (f *field) greeted(k *known, info Info) {
	f.mark(k, FieldMark{Firmware: info.Firmware, LastAt: info.At})
	if info.Model != k.model {
		f.mark(k, FieldMark{Firmware: info.Firmware, Rule: FieldModel, LastAt: info.At, Last: info.Model})
	}
}

// mustMove are the properties that are never still in a home for a whole day, by
// their names in the spec.
var mustMove = map[string]bool{
	"temperature": true, "relative-humidity": true, "pm2.5-density": true, "pm10-density": true, "co2-density": true,
	"tvoc-density": true, "atmospheric-pressure": true, "illumination": true,
}

// rolledUp looks for sensors that had one value all day.
func (f *field) rolledUp(ctx context.Context, did string, d time.Time, buckets []Bucket) {
	k, err := f.reg.roster.get(ctx, did)
	if err != nil {
		return // removed meanwhile
	}
	teller, err := f.reg.roster.get(ctx, k.speaker())
	if err != nil {
		return
	}
	for _, b := range buckets {
		if b.Resolution != Daily || b.Count < FieldSamples || b.Min != b.Max {
			continue
		}
		if rule, ok := k.validator.Property(b.SIID, b.PIID); ok && rule.Notify && !rule.Writable && mustMove[rule.Name] {
			f.mark(teller, FieldMark{Rule: FieldStuck, SIID: b.SIID, IID: b.PIID, Day: d, LastAt: d.Add(day - time.Second), Last: strconv.FormatFloat(b.Min, 'g', -1, 64)})
		}
	}
}

func dayNumber(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// run writes what was counted until the registry stops.
func (f *field) run() {
	t := time.NewTicker(fieldEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-f.reg.ctx.Done():
			return
		}
		f.reg.FlushField(f.reg.ctx)
	}
}

// FlushField writes what was counted until now. What the store does not take now
// waits for the next time.
func (r *Registry) FlushField(ctx context.Context) {
	f := r.field
	f.judgeSets(ctx)
	marks := f.take()
	for len(marks) > 0 {
		n := min(len(marks), fieldGroup)
		err := r.store.CountField(ctx, marks[:n])
		switch {
		case err == nil:
		case isUnavailable(err), ctx.Err() != nil:
			f.putBack(marks)
			return
		default:
			r.Counters.FieldLost.Add(int64(n))
			r.log.Error("what devices did is not counted", "marks", n, "err", err)
		}
		marks = marks[n:]
	}
}

// take empties the marks, in the order in which every node writes them.
func (f *field) take() []FieldMark {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sweep()
	sorted := slices.Collect(maps.Values(f.marks))
	clear(f.marks)
	slices.SortFunc(sorted, func(a, b *numbered) int {
		return cmp.Or(strings.Compare(a.DID, b.DID), strings.Compare(a.Rule, b.Rule), cmp.Compare(a.n, b.n))
	})
	marks := make([]FieldMark, len(sorted))
	for i, m := range sorted {
		marks[i] = m.FieldMark
	}
	return marks
}

func (f *field) putBack(marks []FieldMark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range marks {
		key := fieldKey{m.DID, m.Rule, m.Firmware, dayNumber(m.Day)}
		if newer, ok := f.marks[key]; ok {
			newer.Count += m.Count
		} else {
			f.marks[key] = &numbered{m, 0} // it was before all that came since
		}
	}
}

// sweep forgets what counts for nothing any more; callers hold mu.
func (f *field) sweep() {
	now := f.reg.now()
	if now.Sub(f.sweptAt) < time.Hour {
		return
	}
	f.sweptAt = now
	maps.DeleteFunc(f.visits, func(_ string, v visits) bool { return now.Sub(v.since) >= time.Hour })
	today := dayNumber(now)
	maps.DeleteFunc(f.failures, func(k fieldKey, _ int) bool { return k.day != today })
}
