package suite

import (
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// keepAlive is the one that the device asked for in its last CONNECT.
func (t *T) keepAlive() time.Duration {
	if t.Wire.Connect != nil && t.Wire.Connect.KeepAlive > 0 {
		return time.Duration(t.Wire.Connect.KeepAlive) * time.Second
	}
	return time.Duration(t.Declaration.KeepAlive) * time.Second
}

// goneLimit is how long a device may hold a connection that is dead.
func (t *T) goneLimit() time.Duration { return t.keepAlive()*3/2 + MuteGrace }

// Back ends all faults and waits for the device, which a case must leave as
// reachable as it found it.
func (t *T) Back() {
	t.Heal()
	t.Ready(returnLimit)
}

// Stable waits until the session has lasted so long that the device has to forget
// its failures, whatever happened before.
func (t *T) Stable() {
	t.Ready(returnLimit)
	t.Step("wait until the session has lasted %v", StableSession)
	for range 3 {
		conn := t.Wire.Conn
		t.Idle(max(0, t.Wire.AcceptedAt+StableSession-t.now), nil)
		if t.Wire.Conn == conn {
			return
		}
		t.Ready(returnLimit)
	}
	t.Failf("the device does not keep a session for %v: %s", StableSession, plural(t.Wire.Connects, "CONNECT"))
	t.Stop()
}

// AwaitReturn waits until the device is connected anew since mark, and
// subscribed; false if it is not in time.
func (t *T) AwaitReturn(mark Wire, within time.Duration) bool {
	for until := t.now + within; t.Wire.Connects == mark.Connects || !t.Wire.Ready; {
		if t.next(until) == nil {
			return t.Wire.Connects > mark.Connects && t.Wire.Ready
		}
	}
	return true
}

// absence says what was seen of a device that did not return.
func (t *T) absence(mark Wire) string {
	switch {
	case t.Wire.Attempts == mark.Attempts:
		return "no connection"
	case t.Wire.Connects == mark.Connects:
		return plural(t.Wire.Attempts-mark.Attempts, "connection") + " without a CONNECT"
	case t.Wire.Conn == 0:
		return plural(t.Wire.Connects-mark.Connects, "CONNECT") + ", not connected"
	}
	return "connected, but not subscribed to " + t.topics.request
}

func opened(e *Event) bool { return e.Kind == transcript.KindOpen }

// closed is the end of one connection.
func closed(conn int) Match {
	return func(e *Event) bool { return e.Kind == transcript.KindClose && e.Conn == conn }
}

// accepted is a CONNACK that lets the device in.
func accepted(e *Event) bool { return e.Is(transcript.Out, "CONNACK") && e.P.Reason == 0 }

// confirmed asks an operator for something that only a person can say, with a
// file that shows it. Without the file a reviewer has to decide.
func (t *T) confirmed(q bench.Question, expected string) {
	a := t.Operator(q)
	if !t.Check(a.Answer != "no", expected, "the operator says no: "+a.Note) {
		return
	}
	if a.File == "" && q.Evidence != "" {
		t.Reviewf("the operator says %s, without the %s that was asked for", a.Answer, q.Evidence)
	}
}
