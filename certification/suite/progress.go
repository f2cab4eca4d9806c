package suite

import (
	"sync"
	"time"
)

// Phase is where a live run is.
type Phase string

// The phases of a run.
const (
	WaitingForDevice Phase = "waiting for the device"
	Running          Phase = "running"
	Ended            Phase = "ended" // a case
)

// Progress is what a live run tells while it goes: at every change, and every
// second in between.
type Progress struct {
	Phase    Phase
	Case     *Case // nil before the first
	Number   int   // of the case, from 1
	Of       int
	Attempt  int
	Text     string        // the step that the case is at, or what is waited for
	Elapsed  time.Duration // in this phase
	Left     time.Duration // until the present wait is over at the latest
	Outcomes []*Outcome    // of the case, once it has ended
	Tick     bool          // nothing has changed but the time
}

// teller holds the present state of a run and tells it.
type teller struct {
	tell func(Progress) // may be nil
	now  func() time.Duration

	mu    sync.Mutex
	p     Progress
	since time.Duration
	until time.Duration
}

// change tells a new state.
func (t *teller) change(edit func(*Progress)) {
	t.mu.Lock()
	phase, c, attempt := t.p.Phase, t.p.Case, t.p.Attempt
	edit(&t.p)
	if t.p.Phase == Ended {
		t.p.Elapsed = t.now() - t.since
	} else if t.p.Phase != phase || t.p.Case != c || t.p.Attempt != attempt {
		t.since = t.now()
	}
	t.mu.Unlock()
	t.say(false)
}

// at notes which case is next; it is told with its begin.
func (t *teller) at(number, of int) {
	t.mu.Lock()
	t.p.Number, t.p.Of = number, of
	t.mu.Unlock()
}

// wait notes how long the present wait may last; it is shown at the next tick.
func (t *teller) wait(until time.Duration) {
	t.mu.Lock()
	t.until = until
	t.mu.Unlock()
}

func (t *teller) say(tick bool) {
	if t.tell == nil {
		return
	}
	t.mu.Lock()
	p := t.p
	now := t.now()
	if p.Phase != Ended {
		p.Elapsed = now - t.since
		p.Left = max(0, t.until-now)
	}
	p.Tick = tick
	t.mu.Unlock()
	t.tell(p)
}
