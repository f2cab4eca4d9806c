package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// Requests SHALL be answered within 1 s (95th percentile) and 4 s (all), none
		// lost.
		&Case{
			ID: "TIME-01", Version: 1, Requirement: "TIME-01", Title: "Requests are answered promptly", Level: Mandatory,
			Hint: "Answer from what is known; do not ask the microcontroller or a sensor first.",
			Run:  time01,
		},
		// A change SHALL be reported within 2 s of its request (95th percentile).
		&Case{
			ID: "TIME-02", Version: 1, Requirement: "TIME-02", Title: "Changes are reported promptly", Level: Mandatory,
			Hint: "Report on the change, not on the next poll of the state.",
			Run:  time02,
		},
		// Concurrent requests SHALL each be answered once, by id.
		&Case{
			ID: "TIME-03", Version: 1, Requirement: "TIME-03", Title: "Ten requests at once", Level: Mandatory,
			Hint: "Queue what comes while a request is worked on; several homes' apps do not wait for each other.",
			Run:  time03,
		},
		// Timestamps SHALL be UTC within 2 s and never run backwards.
		&Case{
			ID: "TIME-04", Version: 1, Requirement: "TIME-04", Title: "Timestamps are right", Level: Conditional,
			Hint: "ts is Unix time in milliseconds, UTC, of the moment that is reported; slew the clock, do not set it back.",
			Run:  time04,
		},
		// Without a time source the device SHALL behave as declared, without plaintext
		// and without unvalidated TLS.
		&Case{
			ID: "TIME-05", Version: 1, Requirement: "TIME-05", Title: "Without a time source", Level: Mandatory,
			Needs: Needs{Operator: true, TLS: true},
			Hint:  "Where the time is not known, judge a certificate by its chain and name, and its dates against the build time of the firmware.",
			Run:   time05,
		},
	)
}

// usual is the time that Usual percent of all do not exceed.
func usual(all []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(all))
	return s[max(0, (len(s)*Usual+99)/100-1)]
}

func time01(t *T) {
	t.Ready(ConnectLimit)
	ask := t.question()
	t.Step("%d requests, one every %v, over %v there and back", RPCTimes, RPCEvery, 2*RPCDelay)
	t.Fault(bench.Fault{Latency: RPCDelay})
	var took []time.Duration
	lost := 0
	for range RPCTimes {
		begun := t.now
		if r := ask(); r.R == nil {
			lost++
		} else {
			took = append(took, r.Took)
		}
		t.Idle(max(0, begun+RPCEvery-t.now), nil)
	}
	t.Heal()
	t.Check(lost == 0, fmt.Sprintf("each of %d requests answered within %v", RPCTimes, AnswerLimit), plural(lost, "request")+" lost")
	if len(took) > 0 {
		t.Check(usual(took) <= RPCUsual, fmt.Sprintf("%d of 100 answers within %v", Usual, RPCUsual),
			fmt.Sprintf("within %v (the slowest took %v)", usual(took), slices.Max(took)))
	}
}

// question is a request that asks for little and changes nothing.
func (t *T) question() func() Reply {
	ref, ok := t.AliveProperty()
	if !ok {
		return func() Reply { return t.Ask(miot.MethodInfo, nil) }
	}
	return func() Reply {
		return t.Ask(miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params)
	}
}

func time02(t *T) {
	t.Ready(ConnectLimit)
	p := t.tunable()
	if p == nil {
		t.NotApplicable("the spec has no notify property that can be written and read and takes two values")
	}
	found := t.settings()
	h := t.hear()
	defer h.stop()
	_, now := t.present(p)
	var took []time.Duration
	lost := 0
	t.Step("%d writes to %s", SetTimes, label(p))
	for range SetTimes {
		t.Idle(t.rested(), nil)
		raw, _ := t.another(p, now)
		begun := t.now
		if !t.accepts(p, raw) {
			break
		}
		now, _ = p.Check(raw)
		if t.until(begun+SetLatest, func() bool { last, ok := h.last(p); return ok && last.At >= begun && last.Value.Equal(now) }) {
			last, _ := h.last(p)
			took = append(took, last.At-begun)
		} else {
			lost++
			took = append(took, SetLatest)
		}
	}
	t.Check(lost == 0, fmt.Sprintf("each of %d writes to %s reported", SetTimes, label(p)), fmt.Sprintf("%d not within %v", lost, SetLatest))
	limit := t.reportWithin(SetUsual)
	if len(took) > 0 {
		t.Check(usual(took) <= limit, fmt.Sprintf("%d of 100 writes reported within %v", Usual, limit),
			fmt.Sprintf("within %v (the slowest took %v)", usual(took), slices.Max(took)))
	}
	t.restore(found)
}

func time03(t *T) {
	t.Ready(ConnectLimit)
	mark := t.Wire
	method, params := miot.MethodInfo, rawValue(nil)
	if ref, ok := t.AliveProperty(); ok {
		method, params = miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params
	}
	answers := make(map[int64][]*Event)
	stop := t.Observe(func(e *Event) {
		if e.Response != nil {
			answers[e.Response.ID] = append(answers[e.Response.ID], e)
		}
	})
	defer stop()
	var ids []int64
	for range AtOnce {
		ids = append(ids, t.Request(method, params))
	}
	t.until(t.now+AnswerLimit, func() bool { return len(answers) >= AtOnce })
	t.Idle(time.Second, nil) // for second answers
	for i, id := range ids {
		t.Check(len(answers[id]) == 1, fmt.Sprintf("one answer to request %d of %d (id %d) within %v", i+1, AtOnce, id, AnswerLimit),
			plural(len(answers[id]), "answer"), answers[id]...)
		for _, e := range answers[id] {
			r := Reply{ID: id, Event: e, R: e.Response}
			t.Check(e.Response.Error == nil, fmt.Sprintf("a result for request %d of %d", i+1, AtOnce), r.describe(), e)
		}
	}
	t.Alive(mark, 0)
}
