package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func init() {
	register(
		// The device SHALL subscribe to its own topics only.
		&Case{
			ID: "TOPIC-01", Version: 1, Requirement: "TOPIC-01", Title: "Subscribes to its own topics", Level: Mandatory,
			Hint:    "One filter does it all: device/{did}/down/#, without a wildcard in place of the did.",
			Monitor: topic01,
		},
		// The device SHALL publish to its own topics only, and to none that begins with $.
		&Case{
			ID: "TOPIC-02", Version: 1, Requirement: "TOPIC-02", Title: "Publishes to its own topics", Level: Mandatory,
			Hint:    "A device has three: device/{did}/up/properties_changed, …/up/event_occured and …/up/response.",
			Monitor: topic02,
		},
		// Every payload SHALL be one UTF-8 JSON object, not too large, that fits the
		// protocol's form of its topic.
		&Case{
			ID: "TOPIC-03", Version: 1, Requirement: "TOPIC-03", Title: "Payloads have the protocol's form", Level: Mandatory,
			Hint:    "Write JSON by a library that escapes strings; reports need id, method and params, answers id and either result or error.",
			Monitor: topic03,
		},
		// The device SHALL NOT publish with RETAIN.
		&Case{
			ID: "TOPIC-04", Version: 1, Requirement: "TOPIC-04", Title: "Publishes nothing retained", Level: Mandatory,
			Hint:    "Clear the RETAIN flag of every PUBLISH; the gateway itself keeps the last value for who subscribes later.",
			Monitor: topic04,
		},
		// A device whose subscription is refused SHALL subscribe again, at most 12 times in 60 s.
		&Case{
			ID: "TOPIC-05", Version: 1, Requirement: "TOPIC-05", Title: "A refused subscription is retried gently", Level: Mandatory,
			Hint: "Read the return code in SUBACK; at 0x80 or above wait (5 s, doubling up to 60 s, with jitter) and send SUBSCRIBE again.",
			Run:  topic05,
		},
	)
}

func topic01(w *Watch) {
	for _, e := range w.Events {
		if !e.Is(transcript.In, "SUBSCRIBE") {
			continue
		}
		for _, f := range e.P.Filters {
			own := strings.HasPrefix(f.Topic, w.topics.own())
			w.Check(own, e, "a filter below "+w.topics.own(), quoted(f.Topic))
			if own {
				w.Advise(strings.HasPrefix(f.Topic, w.topics.down), e, "a filter below "+w.topics.down+", which is all that the gateway grants", quoted(f.Topic))
			}
		}
	}
}

// own is what all topics of the device begin with.
func (tp topics) own() string { return strings.TrimSuffix(tp.up, "up/") }

func topic02(w *Watch) {
	for _, e := range w.Events {
		if !e.Is(transcript.In, "PUBLISH") {
			continue
		}
		w.Check(
			e.P.Topic == w.topics.properties || e.P.Topic == w.topics.event || e.P.Topic == w.topics.response, e,
			"one of the three topics below "+w.topics.up, quoted(e.P.Topic),
		)
	}
}

func topic03(w *Watch) {
	for _, e := range w.Events {
		if !e.Is(transcript.In, "PUBLISH") {
			continue
		}
		size := ReportSize
		if e.P.Topic == w.topics.response {
			size = AnswerSize
		}
		w.Check(e.P.Size <= size, e, fmt.Sprintf("a payload of at most %d bytes on %s", size, e.P.Topic), fmt.Sprintf("%d bytes", e.P.Size))
		bad := e.Bad
		if bad != nil && e.P.Topic == w.topics.response {
			bad = answersOddly(e.P.Bytes())
		}
		w.Check(bad == nil, e, "one UTF-8 JSON object of the form that the protocol gives "+e.P.Topic, fmt.Sprintf("%s (%v)", clip(e.P.Payload, 200), bad))
	}
}

func topic04(w *Watch) {
	for _, e := range w.Events {
		if e.Is(transcript.In, "PUBLISH") {
			w.Check(!e.P.Retain, e, "a PUBLISH without RETAIN", "RETAIN on "+e.P.Topic)
		}
		if e.Is(transcript.In, "CONNECT") && e.P.Will != nil {
			w.Check(!e.P.Will.Retain, e, "a will without RETAIN, for the broker publishes it in the device's name", "a retained will on "+e.P.Will.Topic)
		}
	}
}

func topic05(t *T) {
	t.Ready(ConnectLimit)
	var asked []*Event // SUBSCRIBEs while they are refused
	stop := t.Observe(func(e *Event) {
		if e.Is(transcript.In, "SUBSCRIBE") {
			asked = append(asked, e)
		}
	})
	defer stop()
	t.Fault(bench.Fault{SubackCode: 0x80})
	t.Step("the connection is dropped, and each SUBSCRIBE on the next ones refused")
	t.Drop(bench.DropClose)
	subscribe := func(e *Event) bool { return e.Is(transcript.In, "SUBSCRIBE") }
	if t.Expect(returnLimit, "a SUBSCRIBE on a new connection", subscribe) == nil {
		return
	}
	from := t.now
	for len(asked) < SubscribeRetries || t.now < from+RefuseFor {
		if t.now >= from+RefuseAtMost {
			break
		}
		// What is left of the minute is waited out, whatever comes in it.
		if len(asked) >= SubscribeRetries {
			t.Idle(from+RefuseFor-t.now, nil)
			break
		}
		if t.Expect(SubscribeRetry, "another SUBSCRIBE after one that was refused", subscribe) == nil {
			return
		}
	}
	most, worst := 0, (*Event)(nil)
	for i := range asked {
		if n := within(asked[i:], time.Minute); n > most {
			most, worst = n, asked[i]
		}
	}
	t.Check(most <= SubscribeMost, fmt.Sprintf("at most %d SUBSCRIBEs in 60s while they are refused", SubscribeMost), plural(most, "SUBSCRIBE"), worst)
	t.Heal()
	t.Step("subscriptions are granted again")
	granted := func(e *Event) bool {
		return e.Is(transcript.Out, "SUBACK") && len(e.P.Reasons) > 0 && e.P.Reasons[0] <= 2
	}
	if t.Expect(SubscribeRetry, "a SUBSCRIBE, now granted,", granted) != nil {
		t.Alive(t.Wire, 0)
	}
}

// within counts the events that come in the time after the first of them.
func within(events []*Event, window time.Duration) int {
	n := 0
	for _, e := range events {
		if e.At-events[0].At < window {
			n++
		}
	}
	return n
}
