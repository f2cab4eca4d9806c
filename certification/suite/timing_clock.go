package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func time04(t *T) {
	t.Ready(ConnectLimit)
	if !t.Declaration.Timestamps {
		t.NotApplicable("its reports carry no timestamps, as declared")
	}
	t.quiet()
	c := &clockWatch{t: t, last: make(map[string]time.Duration)}
	stop := t.Observe(c.take)
	defer stop()
	found := t.settings()
	p := t.tunable()
	t.Step("looking at the timestamps of %v", ClockFor)
	for end := t.now + ClockFor; t.now < end; {
		if p != nil {
			_, now := t.present(p)
			if raw, ok := t.another(p, now); ok {
				t.accepts(p, raw)
			}
		}
		t.Idle(min(ClockEach, end-t.now), nil)
	}
	t.restore(found)
	if c.seen == 0 {
		t.Skip("no report came in %v, and the spec has nothing that the bench can change", ClockFor)
	}
}

// clockWatch judges timestamps as they come.
type clockWatch struct {
	t    *T
	last map[string]time.Duration // by method: a queue of events may be older than a report
	seen int
	bad  int
}

func (c *clockWatch) take(e *Event) {
	if e.Report == nil || e.P.Dup || c.bad > maxFindings {
		return
	}
	c.seen++
	ts, ok := c.t.stamp(e)
	if !c.t.Check(ok, "a report with ts, as declared", "none", e) {
		c.bad++
		return
	}
	if off := ts - e.At; !c.t.Check(off.Abs() <= ClockLimit, fmt.Sprintf("ts within %v of the bench's clock", ClockLimit), fmt.Sprintf("%v off", off.Round(time.Millisecond)), e) {
		c.bad++
	}
	if before, again := c.last[e.Report.Method]; again && !c.t.Check(ts >= before, "ts not before that of the report before", fmt.Sprintf("%v earlier", before-ts), e) {
		c.bad++
	}
	c.last[e.Report.Method] = ts
}

func time05(t *T) {
	t.Ready(ConnectLimit)
	t.Step("a certificate of an unknown authority, a cold boot, no time source")
	t.Fault(bench.Fault{Certificate: "unknown-ca"})
	spoken := t.plaintextAndLogins()
	t.Operator(bench.Question{
		Kind: bench.PowerCycle, For: ColdOff,
		Text: fmt.Sprintf("Block every time source of the device (NTP, and whatever else it asks), cut its power for %v and restore it. Leave the time sources blocked.", ColdOff),
	})
	t.Idle(ColdWatch, nil)
	t.result.Checks++
	for _, e := range spoken() {
		t.Check(false, "nothing but TLS, and no login to a server that it cannot validate, without a time source", e.describe(), e)
	}
	t.Heal()
	how := "is back online"
	if !t.AwaitReady(ReturnLimit) {
		how = fmt.Sprintf("is not back online after %v", ReturnLimit)
	}
	a := t.Operator(bench.Question{
		Kind: bench.Confirm,
		Text: fmt.Sprintf("The declaration says of the device without a time source: %s. The bench sees that it %s. Does it behave as declared? Answer yes or no, then unblock the time sources.",
			quoted(t.Declaration.NoTime), how),
	})
	t.Check(a.Answer == "yes", "without a time source: "+t.Declaration.NoTime, "the operator says "+quoted(a.Answer)+" "+a.Note)
}

// plaintextAndLogins collects what must not be said over a connection that is not
// validated: bytes that are no TLS, and MQTT.
func (t *T) plaintextAndLogins() func() []*Event {
	var said []*Event
	stop := t.Observe(func(e *Event) {
		if e.Dir == transcript.In && (e.Kind == transcript.KindBytes || e.Kind == transcript.KindPacket) && e.Conn != t.Wire.Conn {
			said = append(said, e)
		}
	})
	return func() []*Event { stop(); return said }
}
