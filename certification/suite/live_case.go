package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// cases runs what is due, one case after the other.
func (l *live) cases(ctx context.Context) error {
	ids := l.run.Header.Cases
	ready := l.Ready
	if ready == 0 {
		ready = DefaultReady
	}
	before := "" // the last case that had the device
	for i, id := range ids {
		if !l.due(id) {
			continue
		}
		c, err := Lookup(id)
		if err != nil {
			return err
		}
		for attempt := l.attempts(id) + 1; ; attempt++ {
			if !c.Needs.Offline {
				if err := l.restore(ctx, ready, before); err != nil {
					return l.unreachable(ctx, err)
				}
				ready, before = returnLimit, id
			}
			l.teller.at(i+1, len(ids))
			results, err := l.attempt(ctx, c, attempt)
			if err != nil {
				return err
			}
			l.results = append(l.results, results...)
			outcomes := Conclude(slices.DeleteFunc(slices.Clone(l.results), func(r *Result) bool { return r.Case != id }))
			l.teller.change(func(p *Progress) { p.Phase, p.Outcomes, p.Text = Ended, outcomes, "" })
			if !again(outcomes, l.Repeat-attempt+1) {
				break
			}
		}
	}
	return nil
}

// due says whether a case is still to be run: not a monitor, not one that lacks
// something, not one that has ended before. One that was only skipped for want of
// an operator is run when there is one now.
func (l *live) due(id string) bool {
	c, err := Lookup(id)
	if err != nil || c.Monitor != nil || l.run.unmet(c) != nil {
		return false
	}
	return !slices.ContainsFunc(l.results, func(r *Result) bool {
		skipped := r.Verdict == Skipped && c.byHand() && l.Operator != "" && r.Segment < len(l.earlier)
		return r.Case == id && r.First > 0 && !skipped
	})
}

// attempts is how often a case was run to its end.
func (l *live) attempts(id string) int {
	n := 0
	for _, r := range l.results {
		if r.Case == id && r.First > 0 {
			n = max(n, r.Attempt)
		}
	}
	return n
}

// again says whether another attempt can change what stands: it failed, or came
// to nothing, and enough attempts are left.
func again(outcomes []*Outcome, left int) bool {
	if left <= 0 || slices.ContainsFunc(outcomes, func(o *Outcome) bool { return o.hopeless(left) }) {
		return false
	}
	return slices.ContainsFunc(outcomes, func(o *Outcome) bool { return o.Verdict == Fail || o.Verdict == Inconclusive })
}

// attempt runs a case once. An attempt that ctx ended leaves no end record: it is
// as if it had not been made.
func (l *live) attempt(ctx context.Context, c *Case, attempt int) ([]*Result, error) {
	begin := l.w.Append(transcript.Record{Kind: transcript.KindBegin, Case: c.ID, Attempt: attempt})
	l.teller.wait(0)
	l.teller.change(func(p *Progress) { p.Phase, p.Case, p.Attempt, p.Text, p.Outcomes = Running, c, attempt, "", nil })
	l.fold(begin.Seq)
	tp := &shownTape{
		tape: &liveTape{ctx: ctx, w: l.w, actor: l.bench, cursor: begin.Seq + 1, name: c.ID},
		show: l.teller.wait,
	}
	t := l.run.newT(c, begin, l.wire, tp, func(text string) {
		l.w.Append(transcript.Record{Kind: transcript.KindNote, Case: c.ID, Text: text})
		l.teller.change(func(p *Progress) { p.Text = text })
	})
	results := t.run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("interrupted in %s: %w", c.ID, context.Cause(ctx))
	}
	l.w.Append(transcript.Record{Kind: transcript.KindEnd, Case: c.ID, Attempt: attempt})
	for _, r := range results {
		r.Segment = len(l.earlier)
	}
	return results, nil
}

// fold brings what is known of the wire up to a record.
func (l *live) fold(last int) {
	for ; l.folded <= last; l.folded++ {
		r, _ := l.w.At(l.folded)
		if r == nil {
			return
		}
		l.wire.fold(l.run.topics.read(r), l.run.topics)
		if r.Kind == transcript.KindDo && r.Case != "" && !asks(r) {
			l.acted = r.At
		}
	}
}

// asks says whether an action is a question, which changes nothing.
func asks(r *transcript.Record) bool {
	var sent bench.Request
	if r.Name != bench.ActRequest || json.Unmarshal(r.Data, &sent) != nil {
		return false
	}
	request, err := miot.ParseRequest([]byte(sent.Payload))
	return err == nil && (request.Method == miot.MethodGetProperties || request.Method == miot.MethodInfo)
}

// calm is when the device has said all that the case before, or its connecting,
// makes it say. Without the pause a change that is undone and done again within
// the report interval is, rightly, not reported at all.
func (l *live) calm() time.Duration {
	at := l.wire.ReadyAt + afterReady
	if l.acted > 0 {
		at = max(at, l.acted+min(time.Duration(l.run.Declaration.MinReport), longestPause)+afterReport)
	}
	return at
}

// restore ends the faults of the case before and waits until the device is ready
// for the next one.
func (l *live) restore(ctx context.Context, within time.Duration, before string) error {
	if before != "" {
		if err := l.bench.Act(ctx, bench.ActFault, bench.Data(bench.Fault{})); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	until := l.w.Now() + within
	l.teller.wait(until)
	told := false
	for {
		l.fold(l.w.Len() - 1)
		calm := l.calm()
		if l.wire.Ready && l.w.Now() >= calm {
			return nil
		}
		if !told && !l.wire.Ready {
			l.teller.change(func(p *Progress) {
				p.Phase, p.Outcomes, p.Text = WaitingForDevice, nil, l.DID+" is to connect and subscribe"
			})
			told = true
		}
		left := until - l.w.Now()
		if l.wire.Ready {
			left = calm - l.w.Now()
		}
		_, grown := l.w.At(l.folded)
		if grown == nil || left <= 0 && l.wire.Ready {
			continue // a record came meanwhile, or it is calm by now
		}
		if left <= 0 {
			return l.absent(within, before)
		}
		timer := time.NewTimer(left)
		select {
		case <-grown:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("interrupted while waiting for the device: %w", context.Cause(ctx))
		}
		timer.Stop()
	}
}

// absent says what was seen of a device that is not there.
func (l *live) absent(within time.Duration, before string) error {
	seen := "no connection was made"
	switch w := &l.wire; {
	case w.Conn != 0:
		seen = "it is connected but has not subscribed to " + l.run.topics.request
	case w.Connects > 0:
		seen = fmt.Sprintf("%s, %d CONNECT, the last with client id %q", plural(w.Attempts, "connection"), w.Connects, w.Connect.ClientID)
	case w.Attempts > 0:
		seen = plural(w.Attempts, "connection") + " without a CONNECT"
	}
	if before == "" {
		return fmt.Errorf("%w: %s was not ready within %v; %s", ErrNoDevice, l.DID, within, seen)
	}
	return fmt.Errorf("%w: %s was not ready within %v after %s; %s", ErrDeviceGone, l.DID, within, before, seen)
}

// firstCases are what a device fails at that connects but never gets ready.
var firstCases = []string{"CONN-01", "LIFE-02"}

// unreachable gives a device that connects, but is never ready, the verdict that
// it has earned before the run ends.
func (l *live) unreachable(ctx context.Context, cause error) error {
	if !errors.Is(cause, ErrNoDevice) || l.wire.Attempts == 0 {
		return cause
	}
	for _, id := range firstCases {
		c, err := Lookup(id)
		if err != nil || !slices.Contains(l.run.Header.Cases, id) || !l.due(id) {
			continue
		}
		results, err := l.attempt(ctx, c, 1)
		if err != nil {
			return errors.Join(cause, err)
		}
		l.results = append(l.results, results...)
	}
	return cause
}

// shownTape tells how long each wait may last.
type shownTape struct {
	tape
	show func(until time.Duration)
}

func (s *shownTape) next(until time.Duration) (*transcript.Record, error) {
	s.show(until)
	return s.tape.next(until)
}
