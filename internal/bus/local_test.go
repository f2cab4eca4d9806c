package bus_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/bus/bustest"
)

func TestLocal(t *testing.T) {
	bustest.Run(t, func(t *testing.T) (bus.Bus, bus.Bus) {
		b := bus.NewLocal()
		t.Cleanup(func() { _ = b.Close() })
		return b, b
	})
}

func TestLocalKnowsThatNobodyListens(t *testing.T) {
	b := bus.NewLocal()
	defer b.Close()
	if b.Wanted("a.b") {
		t.Error("wanted before anyone subscribed")
	}
	for _, pattern := range []string{"a.b", "a.*"} {
		s, err := b.Subscribe(pattern, func(bus.Message) {})
		if err != nil {
			t.Fatal(err)
		}
		if b.Wanted("a.c.d") {
			t.Errorf("%s makes a.c.d wanted", pattern)
		}
		if err := s.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
		if b.Wanted("a.b") {
			t.Errorf("a.b still wanted after %s unsubscribed", pattern)
		}
	}
}

func TestLocalCountsWhatItDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late []string
		b := bus.NewLocal(bus.Options{Queue: 3, OnDrop: func(pattern string) { late = append(late, pattern) }})
		release := make(chan struct{})
		var got []string
		if _, err := b.Subscribe("slow.*", func(m bus.Message) {
			<-release
			got = append(got, string(m.Data))
		}); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := b.Publish("slow.x", fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the first one is in hand, three wait
		}
		close(release)
		synctest.Wait()
		if fmt.Sprint(got) != "[0 1 2 3]" || b.Dropped() != 6 || len(late) != 6 || late[0] != "slow.*" {
			t.Errorf("got %v, Dropped %d, OnDrop %v; want 0 to 3, 6 and six times slow.*", got, b.Dropped(), late)
		}
	})
}

// A question that waits is over exactly when its context says so.
func TestLocalAskEndsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.NewLocal()
		if _, err := b.Subscribe("q", func(bus.Message) {}); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		_, err := b.Ask(ctx, "q", nil)
		if took := time.Since(started); took != 4*time.Second {
			t.Errorf("Ask gave %v after %v, want 4s", err, took)
		}
	})
}

// A gateway has one subscription for each device it serves.
func TestManySubscriptionsAreSmall(t *testing.T) {
	const n, most = 50_000, 300
	subjects := make([]string, n)
	for i := range subjects {
		subjects[i] = "ask.lumi/" + fmt.Sprint(i)
	}
	b := bus.NewLocal()
	defer b.Close()
	h := func(bus.Message) {}
	goroutines, before := runtime.NumGoroutine(), heap()
	for _, s := range subjects {
		if _, err := b.Subscribe(s, h); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range subjects { // having been used, it is small again
		if err := b.Publish(s, nil); err != nil {
			t.Fatal(err)
		}
	}
	for runtime.NumGoroutine() > goroutines {
		runtime.Gosched()
	}
	each := (int64(heap()) - int64(before)) / n
	t.Logf("%d B each", each)
	if each > most {
		t.Errorf("a subscription takes %d B, want at most %d", each, most)
	}
	runtime.KeepAlive(subjects)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestNothingIsAllocatedForNobody(t *testing.T) {
	b := bus.NewLocal()
	defer b.Close()
	for _, pattern := range []string{"other.>", "*.other"} {
		if _, err := b.Subscribe(pattern, func(bus.Message) {}); err != nil {
			t.Fatal(err)
		}
	}
	data := []byte("{}")
	if n := testing.AllocsPerRun(1000, func() {
		if b.Wanted("report.lumi/158d0001a2b3c4") {
			t.Error("wanted")
		}
		if err := b.Publish("report.lumi/158d0001a2b3c4", data); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
