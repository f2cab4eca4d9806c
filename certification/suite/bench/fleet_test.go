package bench_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// A day with a request every ten seconds, as SOAK-01 has it.
func TestADayUnderVirtualTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, stop := r.device()
		r.within(10*time.Second, packet(transcript.Out, "SUBACK"))
		for i := range 24 * 360 {
			id := fmt.Sprint(1_000_000 + i)
			r.act(bench.ActRequest, ask(id))
			r.within(4*time.Second, payload(`"id":`+id+`,"result"`))
			time.Sleep(10 * time.Second)
		}
		if n := r.count(kind(transcript.KindClose)); n != 0 {
			t.Errorf("%d connections ended", n)
		}
		t.Logf("%d records, %d bytes", r.w.Len(), r.file.Len())
		stop()
		r.close()
	})
}

// Hundreds of benches in one process, each with its device.
func TestAHallOfBenches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const benches = 300
		before := runtime.NumGoroutine()
		hall := make([]*rig, benches)
		clients := make([]*client, benches)
		for i := range hall {
			hall[i] = newRig(t)
		}
		if idle := runtime.NumGoroutine() - before; idle > 0 {
			t.Errorf("%d idle benches run %d goroutines, needs none", benches, idle)
		}
		for i, r := range hall {
			clients[i] = r.connected()
		}
		for i, r := range hall {
			r.act(bench.ActRequest, bench.Request{Payload: "hello", QoS: 1})
			<-clients[i].got
		}
		for i, r := range hall {
			clients[i].Disconnect(10)
			r.close()
			if bytes.Count(r.file.Bytes(), []byte("\n")) != r.w.Len() {
				t.Errorf("bench %d: the file and the records differ", i)
			}
		}
	})
}
