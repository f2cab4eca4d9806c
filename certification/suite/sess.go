package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// The keep-alive SHALL be 10 s to 300 s and as declared.
		&Case{
			ID: "SESS-01", Version: 1, Requirement: "SESS-01", Title: "Keep-alive as declared", Level: Mandatory,
			Hint: "The keep-alive in CONNECT is 10 to 300 s, and the one in the declaration.",
			Run:  sess01,
		},
		// The gap between two control packets SHALL NOT exceed the keep-alive by more than 1 s.
		&Case{
			ID: "SESS-02", Version: 1, Requirement: "SESS-02", Title: "An idle device pings in time", Level: Mandatory,
			Hint: "Send PINGREQ well before the keep-alive is over; a timer that is looked at every few seconds comes too late.",
			Run:  sess02,
		},
		// A mute broker SHALL be noticed, even while the device publishes.
		&Case{
			ID: "SESS-03", Version: 1, Requirement: "SESS-03", Title: "A mute broker is noticed", Level: Mandatory,
			Hint: "Send PINGREQ also while there is other traffic, and close when PINGRESP does not come: what TCP takes proves nothing.",
			Run:  sess03,
		},
		// It SHALL back off, growing, with jitter: CONNECT is not answered.
		&Case{
			ID: "SESS-04", Version: 1, Requirement: "SESS-04", Title: "Backs off when CONNECT is not answered", Level: Mandatory,
			Hint: hintLadder,
			Run:  func(t *T) { t.twice(bench.Fault{WithholdConnack: true}) },
		},
		// It SHALL back off, growing, with jitter: TCP is refused.
		&Case{
			ID: "SESS-05", Version: 1, Requirement: "SESS-05", Title: "Backs off when TCP is refused", Level: Mandatory,
			Hint: hintLadder,
			Run:  func(t *T) { t.twice(bench.Fault{Down: bench.DownReset}) },
		},
		// A session that lasted only a second SHALL NOT reset the backoff.
		&Case{
			ID: "SESS-06", Version: 1, Requirement: "SESS-06", Title: "A short session does not reset the backoff", Level: Mandatory,
			Hint: "Reset the backoff when a session has lasted a minute or two, not at CONNACK.",
			Run:  func(t *T) { t.twice(bench.Fault{Drop: &bench.DropAfter{After: time.Second}}) },
		},
		// A stable session SHALL reset the backoff.
		&Case{
			ID: "SESS-07", Version: 1, Requirement: "SESS-07", Title: "A stable session resets the backoff", Level: Mandatory,
			Hint: "After 120 s of one session, the first retry comes within 10 s.",
			Run:  sess07,
		},
		// The device SHALL come back after a long outage.
		&Case{
			ID: "SESS-08", Version: 1, Requirement: "SESS-08", Title: "Comes back after a long outage", Level: Mandatory,
			Hint: "Never give up, and never wait longer than 300 s between two attempts.",
			Run:  sess08,
		},
		// With session-present 0 it SHALL subscribe anew.
		&Case{
			ID: "SESS-09", Version: 1, Requirement: "SESS-09", Title: "Subscribes anew after each connect", Level: Mandatory,
			Hint: "Send SUBSCRIBE after every CONNACK: the gateway keeps no session.",
			Run:  sess09,
		},
		// It SHALL NOT rely on a stored session.
		&Case{
			ID: "SESS-10", Version: 1, Requirement: "SESS-10", Title: "Relies on no stored session", Level: Mandatory,
			Hint: "Whatever clean start the device asks for, it subscribes anew, and a retained request is old: ignore it.",
			Run:  sess10,
		},
		// A take-over SHALL NOT become a fight.
		&Case{
			ID: "SESS-11", Version: 1, Requirement: "SESS-11", Title: "A take-over is no fight", Level: Mandatory,
			Hint: "A connection that was closed soon after CONNACK is a failure like any other: back off.",
			Run:  sess11,
		},
		// After a power cut it SHALL be online within its boot time.
		&Case{
			ID: "SESS-12", Version: 1, Requirement: "SESS-12", Title: "Power cycles", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "From power to SUBSCRIBE within the declared boot time, five times of five.",
			Run:   sess12,
		},
		// A device that the server disconnects SHALL back off.
		&Case{
			ID: "SESS-13", Version: 1, Requirement: "SESS-13", Title: "Backs off when the server disconnects it", Level: Mandatory,
			Hint: hintLadder,
			Run: func(t *T) {
				const shuttingDown = 0x8B
				t.twice(bench.Fault{Drop: &bench.DropAfter{After: time.Second, Drop: bench.Drop{How: bench.DropDisconnect, Reason: shuttingDown}}})
			},
		},
	)
}

const hintLadder = "Wait a random time between nothing and 2, 4, 8 … 120 s after each failure in a row (full jitter). " +
	"The same waits on every device bring a whole fleet back in one moment."

func sess01(t *T) {
	t.Ready(returnLimit)
	got, want := t.Wire.Connect.KeepAlive, t.Declaration.KeepAlive
	t.Check(got >= 10 && got <= 300, "a keep-alive of 10 to 300 s in CONNECT", fmt.Sprintf("%d s", got))
	t.Check(got == want, fmt.Sprintf("the declared keep-alive of %d s in CONNECT", want), fmt.Sprintf("%d s", got))
}

func sess02(t *T) {
	t.Ready(returnLimit)
	limit := t.keepAlive() + KeepAliveGrace
	idle := IdleKeepAlives * t.keepAlive()
	if Plan(t.Header.Plan) == Quick {
		idle = min(QuickKeepAlives*t.keepAlive(), QuickIdle)
		if idle <= limit {
			t.Skip("the quick plan listens for %v, too short for a keep-alive of %v; the full plan judges it", idle, t.keepAlive())
		}
	}
	t.Step("listen for %v", idle)
	var last, longest *Event
	gap := time.Duration(0)
	began, conn := t.now, t.Wire.Conn
	took := func(at time.Duration, e *Event) {
		if d := at - began; d > gap {
			gap, longest = d, e
		}
		began = at
	}
	t.Idle(idle, func(e *Event) {
		if e.Kind == transcript.KindPacket && e.Dir == transcript.In {
			if conn != e.Conn { // a reconnect is no gap
				conn, began = e.Conn, e.At
			}
			last = e
			took(e.At, e)
		}
	})
	took(t.now, last)
	t.Check(gap <= limit, fmt.Sprintf("a packet every %v at least", limit), fmt.Sprintf("a gap of %v", gap.Round(time.Millisecond)), longest)
}

func sess03(t *T) {
	t.Ready(returnLimit)
	conn, limit := t.Wire.Conn, t.goneLimit()
	t.Step("the bench answers nothing any more")
	t.Fault(bench.Fault{Mute: true})
	from := t.now
	e := t.Await(limit, closed(conn))
	what := fmt.Sprintf("the device to close within %v (1.5 keep-alives + %v) when nothing is answered", limit, MuteGrace)
	if e == nil {
		t.Check(false, what, "the connection is still open")
	} else {
		t.Check(bench.ByDevice(e.Record), what, fmt.Sprintf("%s after %v", e.Name, (e.At-from).Round(time.Millisecond)), e)
	}
	t.Back()
}

// sess07 needs a backoff that has grown, or there is nothing to reset; and as
// full jitter may draw a short pause by luck, it looks three times.
func sess07(t *T) {
	const failures, rounds = 8, 3
	t.Ready(returnLimit)
	t.Step("%d failures in a row", failures)
	t.Fault(bench.Fault{Down: bench.DownReset})
	for n := range failures {
		if t.Await(RetryLimit+time.Second, opened) == nil {
			t.Check(false, "another attempt within "+RetryLimit.String(), "none after "+plural(n, "attempt"))
			break
		}
	}
	t.Back()
	for n := range rounds {
		t.Stable()
		t.Step("drop %d of %d", n+1, rounds)
		t.Drop(bench.DropClose)
		from := t.now
		if e := t.Await(FirstRetry, opened); !t.Check(e != nil, fmt.Sprintf("the first retry within %v after a session of %v", FirstRetry, StableSession), "none") {
			e = t.Await(RetryLimit, opened)
			if e != nil {
				t.Step("it came after %v", e.At-from)
			}
		}
	}
	t.Ready(returnLimit)
}

func sess08(t *T) {
	t.Ready(returnLimit)
	mark := t.Wire
	t.Step("the broker is down for %v", LongOutage)
	t.Fault(bench.Fault{Down: bench.DownReset})
	t.Idle(LongOutage, nil)
	t.Heal()
	t.Step("it is back")
	from := t.now
	e := t.Await(RetryLimit, func(e *Event) bool { return e.Is(transcript.In, "CONNECT") })
	if !t.Check(e != nil, fmt.Sprintf("CONNECT within %v after the outage", RetryLimit), t.absence(mark)) {
		return
	}
	t.Step("CONNECT after %v", e.At-from)
	t.Ready(returnLimit)
}

func sess09(t *T) {
	t.Ready(returnLimit)
	t.Drop(bench.DropClose)
	t.subscribesAnew()
	t.Alive(t.Wire, 0)
}

// subscribesAnew checks that the next connect is followed by a subscription, and
// ends the case if it is not.
func (t *T) subscribesAnew() {
	e := t.Expect(returnLimit, "a connect", accepted)
	if e == nil {
		t.Stop()
	}
	what := fmt.Sprintf("a subscription that covers %s within %v after CONNACK with session-present 0", t.topics.request, ReadyLimit)
	if !t.Check(t.AwaitReady(ReadyLimit), what, "none", e) {
		t.Stop()
	}
}

func sess10(t *T) {
	t.Ready(returnLimit)
	what := "a device that asks for a clean session"
	if !t.Wire.Connect.Clean {
		what = "a device that asks for its stored session"
	}
	t.Step("%s", what)
	before := t.Snapshot()
	old := t.oldCommands(before)
	t.Fault(bench.Fault{Down: bench.DownReset})
	t.Idle(10*time.Second, nil)
	t.Step("what was sent while it was away arrives late, marked as retained")
	t.Fault(bench.Fault{AtSubscribe: old})
	t.subscribesAnew()
	mark := t.Wire
	t.Idle(ReportLimit, nil)
	t.Unchanged(before, "requests of the time before the connect")
	t.Alive(mark, 0)
	t.Heal()
}

// oldCommands are writes that would be seen if the device acted on them.
func (t *T) oldCommands(before Snapshot) []bench.Publish {
	var out []bench.Publish
	for _, p := range t.Rules.Properties() {
		now, ok := before[[2]int{p.SIID, p.PIID}]
		if !ok || !t.settable(p) {
			continue
		}
		v, ok := t.another(p, now)
		if !ok {
			continue
		}
		payload := miot.SetProperties(t.nextID(), []miot.PropertyValue{t.Val(p.SIID, p.PIID, v)}).Payload()
		out = append(out, bench.Publish{Topic: t.topics.request, Request: bench.Request{Payload: string(payload), QoS: 1}})
		if len(out) == 3 {
			break
		}
	}
	return out
}

func sess11(t *T) {
	const window = 60 * time.Second
	t.Ready(returnLimit)
	mark := t.Wire
	t.Step("a second client with the same id takes over a second after each connect")
	t.Fault(bench.Fault{Rival: &bench.Rival{Every: time.Second}})
	if t.Await(time.Minute, closed(t.Wire.Conn)) == nil && t.Wire.Conn == mark.Conn {
		t.Inconclusivef("the take-over did not happen")
		t.Stop()
	}
	t.Idle(window, nil)
	n := t.Wire.Connects - mark.Connects
	t.Check(n <= TakeoverReconnects, fmt.Sprintf("at most %d reconnects in %v", TakeoverReconnects, window), fmt.Sprintf("%d", n))
	t.Back()
}

func sess12(t *T) {
	const rounds = 5
	t.powered()
	limit := min(time.Duration(t.Declaration.BootTime), OnlineLimit)
	for n := range rounds {
		t.Ready(returnLimit)
		t.powerCycle(PowerOffTime, fmt.Sprintf("round %d of %d", n+1, rounds), limit)
	}
}

// powered ends the case for a device whose power nobody can cut.
func (t *T) powered() {
	if t.Declaration.Power == "none" {
		t.NotApplicable("the device has a battery, as declared: its power cannot be cut")
	}
}

// powerCycle has the power cut for a while, and checks that the device is online
// in time once it is back.
func (t *T) powerCycle(off time.Duration, round string, limit time.Duration) bool {
	mark := t.Wire
	_, at := t.AskOperator(bench.Question{
		Kind: bench.PowerCycle, For: off, Timeout: OperatorLimit + off,
		Text: fmt.Sprintf("Cut the power of the device for %v, %s. Switch it on again and answer in that moment.", off, round),
	})
	back := t.AwaitReturn(mark, limit-(t.now-at))
	return t.Check(back, fmt.Sprintf("the device online within %v of power, %s", limit, round), t.absence(mark))
}
