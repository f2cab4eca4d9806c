package bus_test

import (
	"fmt"
	"testing"

	"github.com/proofmark/proofmark/internal/bus"
)

// busy is a bus as a gateway has it: ten thousand exact subjects, four patterns,
// none of them wanting what the benchmark publishes.
func busy(b *testing.B) *bus.Local {
	l := bus.NewLocal()
	b.Cleanup(func() { _ = l.Close() })
	for i := range 10_000 {
		if _, err := l.Subscribe(fmt.Sprintf("ask.lumi/%d", i), func(bus.Message) {}); err != nil {
			b.Fatal(err)
		}
	}
	for _, p := range []string{"audit.>", "order.*.paid", "node.*", "certificate.>"} {
		if _, err := l.Subscribe(p, func(bus.Message) {}); err != nil {
			b.Fatal(err)
		}
	}
	return l
}

func BenchmarkWantedByNobody(b *testing.B) {
	l := busy(b)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			l.Wanted("report.lumi/158d0001a2b3c4")
		}
	})
}

func BenchmarkPublishToNobody(b *testing.B) {
	l := busy(b)
	data := []byte("{}")
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			_ = l.Publish("report.lumi/158d0001a2b3c4", data)
		}
	})
}

func BenchmarkPublishToOne(b *testing.B) {
	l := busy(b)
	got := make(chan struct{}, 1)
	if _, err := l.Subscribe("report.x", func(bus.Message) { got <- struct{}{} }); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Publish("report.x", nil)
		<-got
	}
}

func BenchmarkAsk(b *testing.B) {
	l := busy(b)
	if _, err := l.Subscribe("q.x", func(m bus.Message) { _ = m.Reply(nil) }); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Ask(b.Context(), "q.x", nil); err != nil {
			b.Fatal(err)
		}
	}
}
