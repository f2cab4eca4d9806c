package bench

import (
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

const (
	// tolerance is by how much a bench may be late before what it observed means nothing (catalogue, rule 4).
	tolerance = 50 * time.Millisecond
	watchEach = 20 * time.Millisecond
)

// lagMeter notes when the bench was late.
type lagMeter struct {
	w *transcript.Writer

	mu   sync.Mutex
	last time.Time // a stall is noted once, not by everybody who suffered it
}

// late takes by how much something was later than it was due. It takes no lock but its own and the writer's.
func (m *lagMeter) late(by time.Duration) {
	if by <= tolerance {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if began := now.Add(-by); !m.last.IsZero() && began.Before(m.last) && by < 2*tolerance {
		return // part of the stall that was noted
	}
	m.last = now
	m.w.Append(transcript.Record{
		Kind: transcript.KindLag, Text: by.String(), Data: json.RawMessage(strconv.FormatInt(int64(by), 10)),
	})
}

// watch looks for stalls of the whole process, such as a machine that is overloaded: they would make a bench blame the device
// although no timer of its own was due. There is one for all benches, and none while there is no bench to watch.
var watch watcher

type watcher struct {
	mu      sync.Mutex
	benches map[*Bench]struct{}
	running bool
}

func (w *watcher) add(b *Bench) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.benches == nil {
		w.benches = map[*Bench]struct{}{}
	}
	w.benches[b] = struct{}{}
	if !w.running {
		w.running = true
		go w.run()
	}
}

func (w *watcher) remove(b *Bench) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.benches, b)
}

func (w *watcher) run() {
	tick := time.NewTicker(watchEach)
	defer tick.Stop()
	last := time.Now()
	for range tick.C {
		now := time.Now()
		if !w.tell(now.Sub(last) - watchEach) {
			return
		}
		last = now
	}
}

// tell lets every bench know of a delay; false ends the watch.
func (w *watcher) tell(by time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.benches) == 0 {
		w.running = false
		return false
	}
	for b := range w.benches {
		b.lag.late(by)
	}
	return true
}
