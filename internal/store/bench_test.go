package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// reportBatch is what one commit of a busy node holds: `per` reports of each
// device, one value each, five properties in turn.
func reportBatch(dids []string, per int, at time.Time) registry.Batch {
	var b registry.Batch
	number := rand.Int64()
	for _, did := range dids {
		c := registry.Chunk{DID: did, At: at, Batch: number}
		for n := range per {
			value := json.RawMessage(fmt.Sprint(rand.IntN(1000)))
			c.Reports = append(c.Reports, registry.Report{
				ID: int64(n), Fingerprint: rand.Uint64(), Method: registry.MethodProperties, At: at, Quality: registry.QualityGood,
				Items: []registry.Item{{DID: did, SIID: 3, IID: 1 + n%5, Value: value}},
			})
		}
		b.Chunks = append(b.Chunks, c)
		for piid := range min(per, 5) {
			b.Twin = append(b.Twin, registry.TwinValue{
				DID: did, SIID: 3, PIID: 1 + piid, Value: json.RawMessage(fmt.Sprint(rand.IntN(1000))),
				At: at, ReceivedAt: at, Quality: registry.QualityGood,
			})
		}
	}
	return b
}

func BenchmarkCommitReports(b *testing.B) {
	for _, size := range []struct{ devices, per int }{{1, 1}, {200, 1}, {200, 10}, {1000, 10}} {
		eachEngine(b, func(b *testing.B, db *storeDB) {
			dids := db.devices(b, size.devices)
			b.Run(fmt.Sprintf("devices=%d/reports=%d", size.devices, size.devices*size.per), func(b *testing.B) {
				at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
				batches := make([]registry.Batch, 16)
				for i := range batches {
					batches[i] = reportBatch(dids, size.per, at)
				}
				n := 0
				b.ResetTimer()
				for b.Loop() {
					batch := batches[n%len(batches)]
					n++
					number := rand.Int64()
					for i := range batch.Chunks {
						batch.Chunks[i].At = at.Add(time.Duration(n) * time.Millisecond)
						batch.Chunks[i].Batch = number
					}
					if err := db.Registry().CommitReports(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n*size.devices*size.per)/b.Elapsed().Seconds(), "reports/s")
			})
		})
	}
}

// BenchmarkConnect is a node's worth of devices that come back at once, and leave.
func BenchmarkConnect(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *storeDB) {
		const n = 5000
		dids := db.devices(b, n)
		leaves := make([]registry.Presence, n)
		for b.Loop() {
			epochs := get(db.Registry().Connect(ctx, "nod_1", now, dids))(b)
			for i := range leaves {
				leaves[i] = registry.Presence{DID: dids[i], Epoch: epochs[i], Reason: registry.ReasonLost, Since: now}
			}
			if left := get(db.Registry().Disconnect(ctx, leaves))(b); len(left) != n {
				b.Fatalf("%d left, want %d", len(left), n)
			}
		}
		b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "devices/s")
	})
}

// BenchmarkSync is what a commit cannot do without: a page written and synced.
func BenchmarkSync(b *testing.B) {
	f := get(os.Create(filepath.Join(b.TempDir(), "page")))(b)
	defer func() { _ = f.Close() }()
	page := make([]byte, 8192)
	for b.Loop() {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		must(b, f.Sync())
	}
}

func BenchmarkHistory(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *storeDB) {
		dids := db.devices(b, 50)
		for n := range 200 {
			must(b, db.Registry().CommitReports(ctx, reportBatch(dids, 10, now.Add(time.Duration(n)*time.Second))))
		}
		for b.Loop() {
			if n := len(db.history(b, registry.HistoryQuery{DID: dids[7]})); n != 2000 {
				b.Fatalf("%d points, want 2000", n)
			}
		}
		b.ReportMetric(float64(b.N*2000)/b.Elapsed().Seconds(), "points/s")
	})
}
