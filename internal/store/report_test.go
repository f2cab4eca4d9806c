package store_test

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

var midnight = now.Truncate(24 * time.Hour)

func (db *storeDB) sql(testing.TB) *sql.DB { return db.Pool() }

// hardValues are JSON values that a careless store changes.
var hardValues = []string{
	`9223372036854775807`, `-9223372036854775808`, `18446744073709551615`, `22.299999`, `1e400`, `1.0`, `-0.0`, `1E+2`,
	`"\u0000"`, `"\ud83c\udf2c"`, `"🌬 Küche"`, `"</script>"`, `{"b":1,"a":[ 1, 2 ]}`, `true`, `null`, `""`,
}

var reportCases = []conformanceCase{
	{"a batch is stored with everything in it", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		wish := newDesired(did)
		must(t, r.SetDesired(ctx, wish))
		value := registry.TwinValue{DID: did, SIID: 2, PIID: 1, Value: json.RawMessage("7"), At: now, ReceivedAt: now.Add(time.Second), Quality: registry.QualityLate}
		v := registry.Violation{DID: did, Day: midnight, Rule: "value-range", SIID: 2, IID: 1, Firmware: "1.0", Count: 3, LastAt: now, Last: "\x00\xff101"}
		report := registry.Report{
			ID: 5, Fingerprint: 1<<64 - 1, Method: registry.MethodProperties, At: now, Quality: registry.QualityGood,
			Items: []registry.Item{{DID: did, SIID: 2, IID: 1, Value: json.RawMessage("7")}},
		}
		must(t, r.CommitReports(ctx, registry.Batch{
			Chunks: []registry.Chunk{{DID: did, At: now, Batch: -4, Reports: []registry.Report{report}}},
			Twin:   []registry.TwinValue{value}, Violations: []registry.Violation{v},
			Ended: []registry.DesiredEnd{{ID: wish.ID, State: registry.DesiredMet, At: now}},
		}))
		same(t, get(r.TwinValues(ctx, did))(t), []registry.TwinValue{value})
		same(t, get(r.Violations(ctx, did, time.Time{}, time.Time{}))(t), []registry.Violation{v})
		same(t, get(r.Fingerprints(ctx, did, now))(t), []registry.Seen{{Fingerprint: 1<<64 - 1, At: now}})
		same(t, get(r.OpenDesired(ctx, did))(t), []registry.Desired{})
	}},
	{"values survive to the letter", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		b := registry.Batch{Chunks: []registry.Chunk{{DID: did, At: now, Batch: 1}}}
		for i, v := range hardValues {
			b.Chunks[0].Reports = append(b.Chunks[0].Reports, registry.Report{
				Method: registry.MethodProperties, At: now, Quality: registry.QualityGood,
				Items: []registry.Item{{DID: did, SIID: 2, IID: i + 1, Value: json.RawMessage(v)}},
			})
			b.Twin = append(b.Twin, registry.TwinValue{DID: did, SIID: 2, PIID: i + 1, Value: json.RawMessage(v), At: now, Quality: registry.QualityGood})
		}
		must(t, r.CommitReports(ctx, b))
		for i, v := range get(r.TwinValues(ctx, did))(t) {
			same(t, string(v.Value), hardValues[i])
		}
		for i, p := range db.history(t, registry.HistoryQuery{DID: did}) {
			same(t, string(p.Value), hardValues[i])
		}
	}},
	{"an older value never replaces a newer one, one of the same time does", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		put := func(value string, at time.Time) {
			must(t, r.CommitReports(ctx, registry.Batch{Twin: []registry.TwinValue{{DID: did, SIID: 2, PIID: 1, Value: json.RawMessage(value), At: at}}}))
		}
		for _, step := range []struct {
			value string
			at    time.Time
			want  string
		}{{"1", now, "1"}, {"2", now.Add(-time.Microsecond), "1"}, {"3", now, "3"}, {"4", now.Add(time.Microsecond), "4"}} {
			put(step.value, step.at)
			same(t, string(get(r.TwinValues(ctx, did))(t)[0].Value), step.want)
		}
	}},
	{"a batch that names a property or violation twice is taken as meant", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		old := registry.TwinValue{DID: did, SIID: 2, PIID: 1, Value: json.RawMessage("1"), At: now}
		newer := registry.TwinValue{DID: did, SIID: 2, PIID: 1, Value: json.RawMessage("2"), At: now.Add(time.Second)}
		v := registry.Violation{DID: did, Day: midnight, Rule: "json", Count: 2, LastAt: now.Add(time.Second), Last: "later"}
		earlier := v
		earlier.Count, earlier.LastAt, earlier.Last = 5, now, "earlier"
		must(t, r.CommitReports(ctx, registry.Batch{Twin: []registry.TwinValue{newer, old}, Violations: []registry.Violation{v, earlier}}))
		same(t, get(r.TwinValues(ctx, did))(t), []registry.TwinValue{newer})
		v.Count = 7
		same(t, get(r.Violations(ctx, did, midnight, midnight.AddDate(0, 0, 1)))(t), []registry.Violation{v})
	}},
	{"violations add up per day, rule, member and firmware; the last one is kept", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		v := registry.Violation{DID: did, Day: midnight, Rule: "value-range", SIID: 2, IID: 1, Firmware: "1", Count: 2, LastAt: now, Last: "a"}
		other, tomorrow, earlier := v, v, v
		other.Firmware, tomorrow.Day = "2", midnight.AddDate(0, 0, 1)
		earlier.LastAt, earlier.Last = now.Add(-time.Hour), "b"
		for _, v := range []registry.Violation{v, other, tomorrow, earlier} {
			must(t, r.CommitReports(ctx, registry.Batch{Violations: []registry.Violation{v}}))
		}
		v.Count = 4
		same(t, get(r.Violations(ctx, did, midnight, tomorrow.Day))(t), []registry.Violation{v, other})
		same(t, get(r.Violations(ctx, did, tomorrow.Day, time.Time{}))(t), []registry.Violation{tomorrow})
	}},
	{"a batch that is sent again counts once", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		b := reportBatch([]string{did}, 3, now)
		b.Violations = []registry.Violation{{DID: did, Day: midnight, Rule: "json", Count: 1, LastAt: now}}
		must(t, r.CommitReports(ctx, b))
		must(t, r.CommitReports(ctx, b))
		same(t, len(db.history(t, registry.HistoryQuery{DID: did})), 3)
		same(t, get(r.Violations(ctx, did, time.Time{}, time.Time{}))(t)[0].Count, int64(1))
	}},
	{"what belongs to a deleted device is left out, the rest is stored", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		b := reportBatch([]string{did, "gone"}, 5, now)
		b.Violations = []registry.Violation{
			{DID: "gone", Day: midnight, Rule: "json", Count: 1, LastAt: now},
			{DID: did, Day: midnight, Rule: "json", Count: 1, LastAt: now},
		}
		must(t, r.CommitReports(ctx, b))
		same(t, db.rowsOf(t, "gone"), map[string]int{})
		same(t, db.rowsOf(t, did), map[string]int{"device": 1, "report": 1, "twin": 5, "violation": 1})
	}},
	{"a wish that ended before stays as it ended", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		wish := newDesired(did)
		must(t, r.SetDesired(ctx, wish))
		must(t, r.EndDesired(ctx, registry.DesiredEnd{ID: wish.ID, State: registry.DesiredRefused, Reason: "-4005", At: now}))
		must(t, r.CommitReports(ctx, registry.Batch{Ended: []registry.DesiredEnd{{ID: wish.ID, State: registry.DesiredMet, At: now}}}))
		var state, reason string
		must(t, db.sql(t).QueryRowContext(ctx, "SELECT state, reason FROM desired WHERE id = $1", wish.ID).Scan(&state, &reason))
		same(t, []string{state, reason}, []string{"refused", "-4005"})
	}},
	{"broken text of one device does not fail the batch", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		b := reportBatch([]string{did}, 1, now)
		b.Chunks[0].Reports[0].Items[0].Value = json.RawMessage("\"\xff\"")
		b.Twin[0].Value = json.RawMessage("\"\xff\"")
		b.Violations = []registry.Violation{{DID: did, Day: midnight, Rule: "json", Firmware: "1\x00", Count: 1, LastAt: now, Last: strings.Repeat("🌬", 64)[:255]}}
		must(t, r.CommitReports(ctx, b))
		same(t, string(get(r.TwinValues(ctx, did))(t)[0].Value), "\"\uFFFD\"")
		same(t, string(db.history(t, registry.HistoryQuery{DID: did})[0].Value), "\"\uFFFD\"")
	}},
	{"fingerprints are remembered from then on", func(t *testing.T, db *storeDB) {
		r, did := db.Registry(), db.device(t)
		for i, at := range []time.Time{now.Add(-11 * time.Minute), now.Add(-9 * time.Minute), now} {
			must(t, r.CommitReports(ctx, registry.Batch{Chunks: []registry.Chunk{{DID: did, At: at, Batch: 9, Reports: []registry.Report{
				{Fingerprint: uint64(i + 1), At: at}, {Fingerprint: 0, At: at}, // of a sub-device: not told by this one
			}}}}))
		}
		same(t, get(r.Fingerprints(ctx, did, now.Add(-10*time.Minute)))(t),
			[]registry.Seen{{Fingerprint: 2, At: now.Add(-9 * time.Minute)}, {Fingerprint: 3, At: now}})
	}},
	{"commits of many at once all hold, in whatever order they name the devices", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 8)
		back := []string{dids[7], dids[6], dids[5], dids[4], dids[3], dids[2], dids[1], dids[0]}
		for _, err := range together(12, func(i int) error {
			b := reportBatch([][]string{dids, back}[i%2], 2, now.Add(time.Duration(i)*time.Second))
			for _, did := range dids {
				b.Violations = append(b.Violations, registry.Violation{DID: did, Day: midnight, Rule: "json", Count: 1, LastAt: now})
			}
			return r.CommitReports(ctx, b)
		}) {
			must(t, err)
		}
		for _, did := range dids {
			same(t, len(db.history(t, registry.HistoryQuery{DID: did})), 24)
			same(t, get(r.Violations(ctx, did, time.Time{}, time.Time{}))(t)[0].Count, int64(12))
			same(t, get(r.TwinValues(ctx, did))(t)[0].At, now.Add(11*time.Second))
		}
	}},
	{"the fast way and the portable way store the same", func(t *testing.T, db *storeDB) {
		did, other := db.device(t), db.device(t)
		b := reportBatch([]string{did}, 7, now)
		b.Violations = []registry.Violation{{DID: did, Day: midnight, Rule: "json", SIID: 1, IID: 2, Firmware: "1", Count: 4, LastAt: now, Last: "x"}}
		must(t, db.Registry().CommitReports(ctx, b))
		moved := registry.Batch{Chunks: b.Chunks, Twin: b.Twin, Violations: b.Violations}
		moved.Chunks[0].DID = other
		for i := range moved.Chunks[0].Reports {
			moved.Chunks[0].Reports[i].Items[0].DID = other
		}
		for i := range moved.Twin {
			moved.Twin[i].DID = other
		}
		moved.Violations[0].DID = other
		must(t, db.CommitReportsPortably(ctx, moved))
		all := func(did string) []string {
			var rows []string
			for _, q := range []string{
				"SELECT CAST(at AS TEXT) || body FROM report WHERE did = $1",
				"SELECT CAST(siid AS TEXT) || '.' || CAST(piid AS TEXT) || value || CAST(at AS TEXT) || CAST(received_at AS TEXT) || quality FROM twin WHERE did = $1 ORDER BY 1",
				"SELECT CAST(day AS TEXT) || rule || CAST(siid AS TEXT) || CAST(iid AS TEXT) || firmware || CAST(count AS TEXT) || CAST(last_at AS TEXT) FROM violation WHERE did = $1",
			} {
				found := get(db.sql(t).QueryContext(ctx, q, did))(t)
				for found.Next() {
					var row string
					must(t, found.Scan(&row))
					rows = append(rows, row)
				}
				must(t, found.Err())
			}
			return rows
		}
		same(t, all(other), all(did))
		same(t, len(all(did)), 1+5+1)
	}},
	{"devices that reported in a span are found by the time of the commit", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 3)
		far := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) // no other case reports then
		for i, did := range dids {
			must(t, r.CommitReports(ctx, reportBatch([]string{did}, 1, far.Add(time.Duration(i)*time.Hour))))
		}
		same(t, get(r.DevicesReportedBetween(ctx, far, far.Add(2*time.Hour)))(t), dids[:2])
		same(t, get(r.DevicesReportedBetween(ctx, far.Add(3*time.Hour), time.Time{}))(t), []string{})
	}},
	{"old reports are forgotten by whole days, in bounded steps", func(t *testing.T, db *storeDB) {
		r, dids := db.Registry(), db.devices(t, 3)
		long := time.Date(2020, 5, 3, 12, 0, 0, 0, time.UTC)
		for day := range 3 {
			for n := range 70 { // more than one slice
				must(t, r.CommitReports(ctx, reportBatch(dids, 1, long.AddDate(0, 0, day).Add(time.Duration(n)*time.Second))))
			}
		}
		left := func() (n int) {
			must(t, db.sql(t).QueryRowContext(ctx, "SELECT count(*) FROM report WHERE did = $1", dids[1]).Scan(&n))
			return n
		}
		forget := func(before time.Time) {
			for more := true; more; {
				more = get(r.ForgetReports(ctx, before))(t)
			}
		}
		forget(long.Add(-24 * time.Hour))
		same(t, left(), 210)
		forget(long.AddDate(0, 0, 2)) // noon of the third day: the third day stays
		same(t, left(), 70)
		forget(long.AddDate(0, 0, 3))
		same(t, left(), 0)
	}},
}

func TestForgettingGoesThroughAllDevices(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		dids := db.devices(t, 300) // more than one call's worth
		must(t, db.Registry().CommitReports(ctx, reportBatch(dids, 1, now)))
		calls := 1
		for get(db.Registry().ForgetReports(ctx, now.AddDate(0, 0, 1)))(t) {
			calls++
		}
		if db.Engine() == store.SQLite && calls < 2 {
			t.Errorf("%d call for 300 devices, want several", calls)
		}
		var n int
		must(t, db.sql(t).QueryRowContext(ctx, "SELECT count(*) FROM report").Scan(&n))
		same(t, n, 0)
	})
}

func (db *storeDB) history(t testing.TB, q registry.HistoryQuery) (points []registry.Point) {
	t.Helper()
	must(t, db.Registry().History(ctx, q, func(p registry.Point) bool { points = append(points, p); return true }))
	return points
}

func newDesired(did string) registry.Desired {
	return registry.Desired{
		ID: id.New("des"), DID: did, Account: "acc_1", SIID: 2, PIID: 1, Value: json.RawMessage("true"), State: registry.DesiredOpen,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}
