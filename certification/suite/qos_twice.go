package suite

import (
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// redelivered is the packet id of what is delivered twice, above those that the
// bench counts up to.
const redelivered = 60001

// repeatPatience is how long a repeated request is given to show an effect.
const repeatPatience = time.Second

func qos03(t *T) {
	t.Ready(ConnectLimit)
	mark := t.Wire
	judged := t.lateWrite()
	judged = t.repeatedAction() || judged
	if !judged {
		t.NotApplicable("no property can be written and read, and no declared action shows how often it was done")
	}
	t.Alive(mark, 0)
}

// lateWrite redelivers a write after another one: the value of the second must stay.
func (t *T) lateWrite() bool {
	w, ok := t.witness()
	if !ok {
		return false
	}
	payload := t.write(w)
	if !t.deliverOnce(payload) {
		return true
	}
	t.Set(t.Val(w.p.SIID, w.p.PIID, w.held))
	t.Step("%s was set to %s and then to %s; the first request is redelivered", label(w.p), shown(w.other), shown(w.held))
	t.Do(bench.Request{Payload: string(payload), QoS: 1, ID: redelivered, Dup: true})
	t.Idle(repeatPatience, nil)
	t.untouched(w, "the redelivered request")
	return true
}

// deliverOnce sends a request under the packet id that it will be redelivered with.
func (t *T) deliverOnce(payload []byte) bool {
	request, err := miot.ParseRequest(payload)
	if err != nil {
		panic(err)
	}
	t.Do(bench.Request{Payload: string(payload), QoS: 1, ID: redelivered})
	e := t.Await(AnswerLimit, Answer(request.ID))
	return t.Check(e != nil, "an answer to "+request.Method+" within "+AnswerLimit.String(), "none")
}

// repeatedAction redelivers an action whose effect can be read back: what it did
// once must stay as it is.
func (t *T) repeatedAction() bool {
	for _, rule := range t.observables() {
		t.admit(MemberName(rule.SIID, rule.AIID), true, nil)
		none := t.Snapshot()
		payload := miot.InvokeAction(t.nextID(), miot.ActionCall{DID: t.Header.DID, SIID: rule.SIID, AIID: rule.AIID, In: t.legal(rule)}).Payload()
		if !t.deliverOnce(payload) {
			return true
		}
		once := t.settled(none)
		if once.equal(none) {
			continue // ACT-06 says so
		}
		t.Step("action %s was done; its request is redelivered", actionLabel(rule))
		t.Do(bench.Request{Payload: string(payload), QoS: 1, ID: redelivered, Dup: true})
		t.Idle(repeatPatience, nil)
		t.Unchanged(once, "the redelivered request of action "+actionLabel(rule))
		return true
	}
	return false
}

// observables are the actions that may be invoked and whose effect is declared to
// be seen by reading.
func (t *T) observables() []*miot.ActionRule {
	var list []*miot.ActionRule
	for _, name := range t.Declaration.Observable {
		siid, aiid, _ := splitMember(name)
		if rule, ok := t.Rules.Action(siid, aiid); ok && !t.Declaration.UnsafeAction(siid, aiid) {
			list = append(list, rule)
		}
	}
	return list
}

// settled reads the state until it is another one than it was, or ReportLimit is over.
func (t *T) settled(was Snapshot) Snapshot {
	for latest := t.now + ReportLimit; ; {
		s := t.Snapshot()
		if !s.equal(was) || t.now >= latest {
			return s
		}
		t.Idle(min(pollEvery, latest-t.now), nil)
	}
}
