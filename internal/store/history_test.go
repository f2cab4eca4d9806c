package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// seedHistory stores 250 chunks, a minute apart: a property, and an event in every tenth.
func seedHistory(t *testing.T, db *storeDB) (did string) {
	did = db.device(t)
	for n := range 250 {
		at := now.Add(time.Duration(n) * time.Minute)
		c := registry.Chunk{DID: did, At: at, Batch: int64(n), Reports: []registry.Report{{
			ID: int64(n), Method: registry.MethodProperties, At: at, Quality: registry.QualityGood,
			Items: []registry.Item{{DID: did, SIID: 3, IID: 6, Value: json.RawMessage(fmt.Sprint(n))}, {DID: did, SIID: 3, IID: 7, Value: json.RawMessage("true")}},
		}}}
		if n%10 == 0 {
			c.Reports = append(c.Reports, registry.Report{
				ID: int64(n), Method: registry.MethodEvent, At: at, Quality: registry.QualityLate,
				Items: []registry.Item{{DID: did, SIID: 8, IID: 1, Arguments: json.RawMessage(`[{"piid":1,"value":3}]`)}},
			})
		}
		must(t, db.Registry().CommitReports(ctx, registry.Batch{Chunks: []registry.Chunk{c}}))
	}
	return did
}

var historyCases = []conformanceCase{
	{"history is selected by member, method, time and limit, oldest first", func(t *testing.T, db *storeDB) {
		did := seedHistory(t, db)
		for _, c := range []struct {
			name        string
			query       registry.HistoryQuery
			count       int
			first, last string
		}{
			{"all", registry.HistoryQuery{DID: did}, 525, "0", "true"},
			{"a property", registry.HistoryQuery{DID: did, SIID: 3, IID: 6}, 250, "0", "249"},
			{"a service", registry.HistoryQuery{DID: did, SIID: 8}, 25, `[{"piid":1,"value":3}]`, `[{"piid":1,"value":3}]`},
			{"events", registry.HistoryQuery{DID: did, Method: registry.MethodEvent}, 25, `[{"piid":1,"value":3}]`, `[{"piid":1,"value":3}]`},
			{"a span, its end exclusive", registry.HistoryQuery{DID: did, SIID: 3, IID: 6, From: now.Add(time.Minute), To: now.Add(5 * time.Minute)}, 4, "1", "4"},
			{"a limit beyond one page", registry.HistoryQuery{DID: did, SIID: 3, IID: 6, Limit: 220}, 220, "0", "219"},
			{"another device", registry.HistoryQuery{DID: "none"}, 0, "", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				points := db.history(t, c.query)
				same(t, len(points), c.count)
				if c.count > 0 {
					same(t, []string{string(points[0].Value), string(points[len(points)-1].Value)}, []string{c.first, c.last})
				}
			})
		}
	}},
	{"a point has its report's time and quality, and the reader may stop and use the store", func(t *testing.T, db *storeDB) {
		did := seedHistory(t, db)
		var got []registry.Point
		must(t, db.Registry().History(ctx, registry.HistoryQuery{DID: did, Method: registry.MethodEvent}, func(p registry.Point) bool {
			get(db.Registry().Device(ctx, did))(t)
			must(t, db.Registry().SetDeviceOwner(ctx, did, "", "read"))
			got = append(got, p)
			return len(got) < 2
		}))
		want := registry.Point{At: now, Method: registry.MethodEvent, SIID: 8, IID: 1, Value: json.RawMessage(`[{"piid":1,"value":3}]`), Quality: registry.QualityLate}
		second := want
		second.At = now.Add(10 * time.Minute)
		same(t, got, []registry.Point{want, second})
	}},
	{"a value that came a day late is found by its own time", func(t *testing.T, db *storeDB) {
		did := db.device(t)
		own := now.Add(-24 * time.Hour)
		b := reportBatch([]string{did}, 1, now)
		b.Chunks[0].Reports[0].At = own
		must(t, db.Registry().CommitReports(ctx, b))
		same(t, len(db.history(t, registry.HistoryQuery{DID: did, From: own, To: own.Add(time.Second)})), 1)
		same(t, len(db.history(t, registry.HistoryQuery{DID: did, From: own.Add(time.Second)})), 0)
	}},
	{"a roll-up replaces its day and nothing else, and moves the mark forward", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		bucket := func(res registry.Resolution, start time.Time, count int64) registry.Bucket {
			return registry.Bucket{DID: did, SIID: 3, PIID: 6, Resolution: res, Start: start, Count: count, Min: -0.1, Max: 1e300, Mean: 22.299999}
		}
		yesterday := midnight.AddDate(0, 0, -1)
		same(t, get(r.RolledUpTo(ctx, did))(t), time.Time{})
		must(t, r.RollUp(ctx, did, yesterday, []registry.Bucket{bucket(registry.Hourly, yesterday.Add(23*time.Hour), 1), bucket(registry.Daily, yesterday, 1)}))
		same(t, get(r.RolledUpTo(ctx, did))(t), midnight)
		must(t, r.RollUp(ctx, did, midnight, []registry.Bucket{bucket(registry.Hourly, midnight, 2), bucket(registry.Hourly, midnight.Add(time.Hour), 3)}))
		must(t, r.RollUp(ctx, did, midnight, []registry.Bucket{bucket(registry.Hourly, midnight, 4)}))
		must(t, r.RollUp(ctx, did, yesterday.AddDate(0, 0, -5), nil)) // late: the mark stays
		same(t, get(r.RolledUpTo(ctx, did))(t), midnight.AddDate(0, 0, 1))
		same(t, get(r.Buckets(ctx, did, 3, 6, registry.Hourly, time.Time{}, time.Time{}))(t),
			[]registry.Bucket{bucket(registry.Hourly, yesterday.Add(23*time.Hour), 1), bucket(registry.Hourly, midnight, 4)})
		same(t, get(r.Buckets(ctx, did, 3, 6, registry.Daily, yesterday, midnight))(t), []registry.Bucket{bucket(registry.Daily, yesterday, 1)})
		same(t, get(r.Buckets(ctx, did, 3, 7, registry.Daily, yesterday, midnight))(t), []registry.Bucket{})
		wantError(t, r.RollUp(ctx, "none", midnight, nil), registry.ErrNotFound)
	}},
}
