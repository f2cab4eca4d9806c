package registry_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// nowhere stores nothing and knows any device: what is left is our own work.
type nowhere struct{ registry.Store }

func (nowhere) Device(_ context.Context, did string) (registry.Device, error) {
	return registry.Device{DID: did, ProductID: "prd", SpecID: "spv"}, nil
}

func (nowhere) Credentials(context.Context, string) ([]registry.Credential, error) { return nil, nil }

func (nowhere) Children(context.Context, string) ([]registry.Device, error) { return nil, nil }

func (nowhere) Product(context.Context, string) (registry.Product, error) {
	return registry.Product{Model: "aurora-pure1"}, nil
}

func (nowhere) Spec(context.Context, string) (registry.SpecVersion, error) {
	return registry.SpecVersion{Document: miot.Sample("air-purifier")}, nil
}
func (nowhere) CommitReports(context.Context, registry.Batch) error { return nil }
func (nowhere) Fingerprints(context.Context, string, time.Time) ([]registry.Seen, error) {
	return nil, nil
}
func (nowhere) KeepNode(context.Context, registry.Node) error { return nil }
func (nowhere) LoseNodes(context.Context, time.Time) ([]registry.Presence, error) {
	return nil, nil
}

func (nowhere) Connect(_ context.Context, _ string, _ time.Time, dids []string) ([]int64, error) {
	return make([]int64, len(dids)), nil
}

type noLink struct{}

func (noLink) Request([]byte) error  { return registry.ErrOffline }
func (noLink) Close(registry.Reason) {}

// BenchmarkIngest is the path of a report without broker and database: parse,
// judge, fingerprint, plan, finish. With -cpu 1 its time is our CPU time.
func BenchmarkIngest(b *testing.B) {
	for _, c := range []struct {
		name    string
		devices int
		items   int
	}{{"one item", 1000, 1}, {"one item, one device", 1, 1}, {"ten items", 1000, 10}} {
		b.Run(c.name, func(b *testing.B) {
			r := registry.New(registry.Options{Store: nowhere{}, Bus: bus.NewLocal()})
			if err := r.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			lives := make([]*registry.Live, c.devices)
			for i := range lives {
				lives[i] = r.Attach(fmt.Sprintf("device-%d", i), noLink{})
			}
			payloads := make([][]byte, b.N+c.devices)
			for i := range payloads {
				did := fmt.Sprintf("device-%d", i%c.devices)
				items := prop(did, 3, 1, i%1000)
				for range c.items - 1 {
					items += "," + prop(did, 3, 2, 21.5)
				}
				payloads[i] = fmt.Appendf(nil, `{"id":%d,"method":"properties_changed","params":[%s]}`, i, items)
			}
			var done sync.WaitGroup
			settled := func(registry.Outcome) { done.Done() }
			report := func(i int) {
				done.Add(1)
				err := lives[i%c.devices].Report(context.Background(), registry.Arrival{Method: registry.MethodProperties, Payload: payloads[i]}, settled)
				if err != nil {
					b.Error(err)
					done.Done()
				}
			}
			for i := range c.devices {
				report(i)
			}
			done.Wait()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				report(c.devices + i)
			}
			done.Wait()
			b.StopTimer()
			if err := r.Stop(context.Background()); err != nil {
				b.Fatal(err)
			}
		})
	}
}
