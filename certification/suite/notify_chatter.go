package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func notify04(t *T) {
	t.Ready(ConnectLimit)
	t.quiet()
	c := &chatter{t: t, last: make(map[[2]int]told)}
	stop := t.Observe(c.take)
	defer stop()
	t.Step("nothing is asked and nothing done for %v", ChatterFor)
	t.Idle(ChatterFor, nil)
	mean := float64(len(c.times)) / ChatterFor.Seconds()
	t.Check(mean <= ChatterMean, fmt.Sprintf("at most %d message a second on average in %v of idleness", ChatterMean, ChatterFor),
		fmt.Sprintf("%d messages, %.2f a second", len(c.times), mean), c.newest)
	most, at := c.densest()
	t.Check(most <= ChatterBurst, fmt.Sprintf("at most %d messages in any second", ChatterBurst), fmt.Sprintf("%d", most), at)
}

// chatter is what a device says while nothing happens.
type chatter struct {
	t      *T
	times  []*Event
	newest *Event
	last   map[[2]int]told
	found  int
}

func (c *chatter) take(e *Event) {
	if e.Is(transcript.In, "CONNECT") {
		clear(c.last) // the full state follows
	}
	if e.Report == nil || e.P.Dup {
		return
	}
	c.times, c.newest = append(c.times, e), e
	interval := time.Duration(c.t.Declaration.MinReport) - IntervalSlack
	for _, it := range e.reportedOf(c.t.Header.DID) {
		key := [2]int{it.SIID, it.IID}
		v, _ := miot.DecodeValue(it.Value)
		before, again := c.last[key]
		c.last[key] = told{Event: e, Value: v}
		if !again || c.found > maxFindings {
			continue
		}
		gap := e.At - before.At
		name := MemberName(it.SIID, it.IID)
		if !c.t.Check(gap >= interval, fmt.Sprintf("%v at least between two reports of %s, as declared", time.Duration(c.t.Declaration.MinReport), name),
			gap.Round(time.Millisecond).String(), before.Event, e) ||
			!c.t.Check(gap > ChatterRepeat || !v.Equal(before.Value), fmt.Sprintf("no second report of %s with the same value within %v", name, ChatterRepeat),
				fmt.Sprintf("%s again after %v", shown(it.Value), gap.Round(time.Millisecond)), before.Event, e) {
			c.found++
		}
	}
}

// densest is the largest number of messages in any second, with the last of them.
func (c *chatter) densest() (most int, at *Event) {
	from := 0
	for i, e := range c.times {
		for e.At-c.times[from].At >= time.Second {
			from++
		}
		if n := i - from + 1; n > most {
			most, at = n, e
		}
	}
	return most, at
}
