package suite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// Run is what all cases of a transcript share: record 0, read and compiled.
type Run struct {
	Header      transcript.Header
	Spec        *miot.Spec
	Previous    *miot.Spec // the certified version before; nil if there is none
	Rules       *miot.Validator
	Fault       error // why the spec has no rules: only offline cases judge such a device
	Declaration *Declaration
	Submission  Submission

	topics topics
}

// T is a case's only way to the device and to the clock. Its methods must be
// called from the case's own goroutine. Time is the transcript's: it moves only
// when a record or a time-out is taken in.
type T struct {
	*Run
	Case *Case
	Wire Wire       // as of the last record taken in
	Rand *rand.Rand // seeded by the run, the case and the attempt

	tape    tape
	now     time.Duration
	first   int // sequence number of the begin record: request ids grow from it
	asked   int64
	last    *Event
	result  *Result   // of the case, or of the member under test
	results []*Result // finished members
	note    func(text string)
	seeing  []*func(*Event) // see Observe
}

// stopped ends a case early; the panics of T carry it.
type stopped struct{}

// Now is the time of the last record or time-out.
func (t *T) Now() time.Duration { return t.now }

// take folds a record into what is known.
func (t *T) take(r *transcript.Record) *Event {
	e := t.topics.read(r)
	t.now = max(t.now, r.At)
	t.Wire.fold(e, t.topics)
	t.last = e
	for _, see := range t.seeing {
		(*see)(e)
	}
	if r.Kind == transcript.KindLag {
		t.result.Lags++
	}
	return e
}

// Observe shows every event to see, also those that pass while the case waits
// for something else, until stop is called.
func (t *T) Observe(see func(*Event)) (stop func()) {
	t.seeing = append(t.seeing, &see)
	return func() { t.seeing = slices.DeleteFunc(t.seeing, func(s *func(*Event)) bool { return s == &see }) }
}

// next returns the next event until the time given, or nil.
func (t *T) next(until time.Duration) *Event {
	for {
		r, err := t.tape.next(until)
		if err != nil {
			t.abort(err)
		}
		if r == nil {
			t.now = max(t.now, until)
			return nil
		}
		e := t.take(r)
		if r.Kind != transcript.KindNote && r.Kind != transcript.KindLag {
			return e
		}
	}
}

// abort ends the case because the evidence ends.
func (t *T) abort(err error) {
	why := "the run was interrupted"
	if errors.Is(err, errDiverged) || errors.Is(err, errEnded) {
		why = err.Error()
	} else if err != nil {
		why = "the run was interrupted: " + err.Error()
	}
	t.add(Finding{Verdict: Inconclusive, Message: why})
	panic(stopped{})
}

// Do lets the bench act; action is one of those of bench/action.go. Records that
// came before it count as seen.
func (t *T) Do(action any) {
	passed, err := t.tape.do(actionName(action), bench.Data(action))
	for _, r := range passed {
		t.take(r)
	}
	if err != nil {
		t.abort(err)
	}
}

func actionName(action any) string {
	switch action.(type) {
	case bench.Request:
		return bench.ActRequest
	case bench.Publish:
		return bench.ActPublish
	case bench.RawPacket:
		return bench.ActPacket
	case bench.Raw:
		return bench.ActRaw
	case bench.Fault:
		return bench.ActFault
	case bench.Drop:
		return bench.ActDrop
	case bench.Restart:
		return bench.ActRestart
	case bench.Question:
		return bench.ActOperator
	}
	panic(fmt.Sprintf("suite: %T is no action of the bench", action))
}

// Step says in the transcript what the case is about to do.
func (t *T) Step(format string, args ...any) { t.note(fmt.Sprintf(format, args...)) }

// Match says whether an event is what is waited for.
type Match func(*Event) bool

// Await returns the first event that matches within the time, or nil. It judges
// nothing.
func (t *T) Await(within time.Duration, match Match) *Event {
	until := t.now + within
	for {
		e := t.next(until)
		if e == nil || match(e) {
			return e
		}
	}
}

// Expect is Await as a check: when nothing matches, the case fails with what was
// expected. It returns nil then.
func (t *T) Expect(within time.Duration, what string, match Match) *Event {
	t.result.Checks++
	e := t.Await(within, match)
	if e == nil {
		t.add(Finding{
			Verdict: Fail, Message: what + " did not come", Expected: fmt.Sprintf("%s within %v", what, within),
			Actual: "nothing of the kind", Records: t.evidence(nil),
		})
	}
	return e
}

// Never is the check that nothing matches for a time. It returns what did, after
// failing the case, or nil.
func (t *T) Never(during time.Duration, what string, match Match) *Event {
	t.result.Checks++
	e := t.Await(during, match)
	if e != nil {
		t.add(Finding{
			Verdict: Fail, Message: what + " came", Expected: fmt.Sprintf("no %s for %v", what, during),
			Actual: e.describe(), Records: []int{e.Seq},
		})
	}
	return e
}

// Idle lets time pass and shows each event to see, which may be nil.
func (t *T) Idle(d time.Duration, see func(*Event)) {
	for until := t.now + d; ; {
		e := t.next(until)
		if e == nil {
			return
		}
		if see != nil {
			see(e)
		}
	}
}

// describe says in a line what an event is.
func (e *Event) describe() string {
	switch {
	case e.P == nil:
		return string(e.Kind) + " " + e.Name
	case e.P.Topic != "":
		return fmt.Sprintf("%s %s %s", e.Name, e.P.Topic, clip(e.P.Payload, 200))
	}
	return e.Name
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
