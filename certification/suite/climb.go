package suite

import (
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// climb lets a whole ladder of attempts fail in the way of a fault, after a stable
// session. It is told of each failure, counted from 1, so that it can change the
// fault for the next attempt.
func (t *T) climb(f bench.Fault, failed func(n int)) (Ladder, bool) {
	t.Stable()
	t.Fault(f)
	t.Drop(bench.DropClose)
	var l Ladder
	conn := 0 // of the attempt under way
	for len(l) <= Rungs {
		e := t.Await(RetryLimit+time.Second, func(e *Event) bool { return opened(e) || conn != 0 && closed(conn)(e) })
		switch {
		case e == nil && conn != 0:
			t.Check(false, "a connection that gets nowhere to be given up within "+RetryLimit.String(), "it is still open")
			return l, false
		case e == nil:
			t.Check(false, "another attempt within "+RetryLimit.String(), "none after "+plural(len(l), "attempt"))
			return l, false
		case e.Kind == transcript.KindClose:
			l[len(l)-1].Failed, conn = e.At, 0
			if failed != nil {
				failed(len(l))
			}
		default:
			if conn != 0 {
				l[len(l)-1].Failed = e.At // it did not wait for the one before
			}
			l = append(l, Rung{Began: e.At, Failed: e.At})
			conn = e.Conn
		}
	}
	return l, true
}

// ladders lets two ladders fail and judges them by the criteria of SESS-04. The
// device must come back after each.
func (t *T) ladders(climbs ...func() (Ladder, bool)) {
	var all []Ladder
	for i, climb := range climbs {
		t.Step("ladder %d of %d: %d attempts fail", i+1, len(climbs), Rungs)
		l, whole := climb()
		t.Back()
		if !whole {
			return
		}
		all = append(all, l)
	}
	for _, r := range judgeLadders(all[0], all[1]) {
		if r.Advice {
			t.Advise(r.OK, r.Expected, r.Actual)
		} else {
			t.Check(r.OK, r.Expected, r.Actual)
		}
	}
}

// twice climbs the same ladder two times.
func (t *T) twice(f bench.Fault) {
	climb := func() (Ladder, bool) { return t.climb(f, nil) }
	t.ladders(climb, climb)
}
