package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// provoke makes an event happen as declared. It returns the moment from which it
// is waited for: of the write or call, or when the operator said that it was done.
func (t *T) provoke(e *miot.EventRule, recipe Recipe, h *hearing) time.Duration {
	switch {
	case recipe.Do != "":
		_, at := t.AskOperator(provocation(e, recipe))
		return at
	case recipe.Call != "":
		return t.provokeByCall(recipe)
	}
	t.undo(recipe)
	h.events = nil // what that caused is no answer to the recipe
	var values []miot.PropertyValue
	for _, name := range inOrder(recipe.Set) {
		if p, ok := t.member(name); ok {
			values = append(values, t.Val(p.SIID, p.PIID, rawOf(recipe.Set[name])))
		}
	}
	at := t.now
	for i, res := range t.Set(values...) {
		t.Check(res.Code.OK(), fmt.Sprintf("%s := %s, which provokes the event, taken", MemberName(values[i].SIID, values[i].PIID), shown(values[i].Value)), describeItem(res), t.last)
	}
	return at
}

// provocation asks an operator for an event.
func provocation(e *miot.EventRule, recipe Recipe) bench.Question {
	return bench.Question{
		Kind: bench.Provoke, SIID: e.SIID, EIID: e.EIID,
		Text: fmt.Sprintf("Provoke event %s: %s. Answer at once when it is done.", eventLabel(e), recipe.Do),
	}
}

func (t *T) provokeByCall(recipe Recipe) time.Duration {
	siid, aiid, _ := splitMember(recipe.Call)
	a, ok := t.Rules.Action(siid, aiid)
	if !ok || t.Declaration.UnsafeAction(siid, aiid) {
		t.Skip("%s, which provokes the event, is no action that the bench may invoke", recipe.Call)
	}
	in, bad := a.Arguments(rawOf(recipe.In))
	if bad != nil {
		t.Skip("the declaration's arguments for %s: %s", actionLabel(a), bad.Message)
	}
	at := t.now
	r := t.Invoke(siid, aiid, in...)
	t.Check(r.accepted(), "action "+actionLabel(a)+", which provokes the event, to run", r.saying(), r.Event)
	return at
}

// undo brings the properties of a recipe to other values, so that the recipe is a
// change whenever it is followed.
func (t *T) undo(recipe Recipe) {
	for _, name := range inOrder(recipe.Set) {
		p, ok := t.member(name)
		if !ok || !t.settable(p) {
			t.Skip("%s, which provokes the event, is no property that the bench may write", name)
		}
		want, _ := miot.DecodeValue(rawOf(recipe.Set[name]))
		if _, now := t.present(p); p.Readable && !now.Equal(want) {
			continue
		}
		if raw, ok := t.another(p, want); ok {
			t.accepts(p, raw)
			t.Idle(time.Second, nil)
		}
	}
}

func evt03(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	t.eachEvent("event that is declared an alarm", func(r Recipe) bool { return r.Alarm }, func(e *miot.EventRule, recipe Recipe) {
		for n := range AlarmTimes {
			t.Idle(time.Second, nil) // three events a second are allowed; none of them waits for another
			h := t.hear()
			at := t.provoke(e, recipe, h)
			came := t.until(at+AlarmLimit, func() bool { return len(h.of(e.SIID, e.EIID)) > 0 })
			h.stop()
			if !t.Check(came, fmt.Sprintf("alarm %s within %v, time %d of %d", eventLabel(e), AlarmLimit, n+1, AlarmTimes), "none", t.last) {
				continue
			}
			seen := h.of(e.SIID, e.EIID)[0]
			t.Check(seen.P.QoS == 1, fmt.Sprintf("alarm %s at QoS 1", eventLabel(e)), fmt.Sprintf("QoS %d", seen.P.QoS), seen)
		}
	})
	t.restore(found)
}

// lostEvent is one event that happened in an outage.
type lostEvent struct {
	rule        *miot.EventRule
	asked, done time.Duration
}

func evt04(t *T) {
	t.Ready(ConnectLimit)
	if len(t.Declaration.Events) == 0 {
		t.NotApplicable("the spec has no event")
	}
	rules := t.byHand()
	if len(rules) == 0 {
		t.Skip("no event is declared to be provoked at the device, and the bench cannot do so without a connection")
	}
	t.quiet()
	t.Step("no connection for %v at least, with %d events", SilenceFor, LostEvents)
	over := t.now + SilenceFor
	t.Fault(bench.Fault{Down: bench.DownReset})
	var happened []lostEvent
	for i := range LostEvents {
		t.Idle(SilenceFor/(LostEvents+1), nil)
		e := rules[i%len(rules)]
		asked := t.now
		_, done := t.AskOperator(provocation(e, t.Declaration.Events[MemberName(e.SIID, e.EIID)]))
		happened = append(happened, lostEvent{e, asked, done})
	}
	t.Idle(max(0, over-t.now), nil)
	h := t.hear()
	defer h.stop()
	t.Heal()
	t.Ready(ReturnLimit)
	t.Idle(max(0, t.Wire.AcceptedAt+EventLimit-t.now), nil)
	came := slices.DeleteFunc(h.distinct(), func(e *Event) bool { // not what happens of its own accord
		it := e.Report.Items[0]
		return !slices.ContainsFunc(rules, func(r *miot.EventRule) bool { return r.SIID == it.SIID && r.EIID == it.IID })
	})
	if t.Declaration.Outage == "lost" {
		t.Check(len(came) == 0, "no event of the outage, as declared (events_in_outage: lost)", plural(len(came), "event"), came...)
		return
	}
	if !t.Check(len(came) == len(happened), fmt.Sprintf("the %d events of the outage within %v of the CONNACK, as declared", len(happened), EventLimit), plural(len(came), "event"), came...) {
		return
	}
	for i, e := range came {
		t.original(i, e, happened[i])
	}
}

// byHand are the events that an operator provokes.
func (t *T) byHand() []*miot.EventRule {
	var out []*miot.EventRule
	for _, name := range inOrder(t.Declaration.Events) {
		siid, eiid, _ := splitMember(name)
		if e, ok := t.Rules.Event(siid, eiid); ok && t.Declaration.Events[name].Do != "" {
			out = append(out, e)
		}
	}
	return out
}

// original judges that an event comes in its turn and with the time at which it
// happened: between the question to the operator and the answer.
func (t *T) original(i int, e *Event, happened lostEvent) {
	it := e.Report.Items[0]
	t.Check(it.SIID == happened.rule.SIID && it.IID == happened.rule.EIID, fmt.Sprintf("event %d of the outage to be %s: their order is kept", i+1, eventLabel(happened.rule)),
		MemberName(it.SIID, it.IID), e)
	ts, ok := t.stamp(e)
	if !t.Check(ok, "event "+eventLabel(happened.rule)+" with ts, its original time", "no ts", e) {
		return
	}
	t.Check(ts >= happened.asked-ClockLimit && ts <= happened.done+ClockLimit,
		fmt.Sprintf("ts of event %d (%s) from %v to %v of the run, when it was provoked", i+1, eventLabel(happened.rule), round(happened.asked), round(happened.done)),
		fmt.Sprintf("%v of the run", round(ts)), e)
}

// stamp is the timestamp of a report as a time of the run.
func (t *T) stamp(e *Event) (time.Duration, bool) {
	if e.Report.TS == nil {
		return 0, false
	}
	return time.UnixMilli(*e.Report.TS).Sub(t.Header.Began), true
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// distinct are all events in the order in which they first came.
func (h *hearing) distinct() []*Event {
	var out []*Event
	for _, e := range h.events {
		if !slices.ContainsFunc(out, func(o *Event) bool { return o.Report.ID == e.Report.ID }) {
			out = append(out, e)
		}
	}
	return out
}
