package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// A declared action that is not marked unsafe SHALL run with code 0 within 4 s,
		// with out arguments of the declared count, order and types.
		&Case{
			ID: "ACT-01", Version: 1, Requirement: "ACT-01", Title: "Each declared action runs", Level: Mandatory,
			Hint: "Answer when the action has begun, not when it is done; out holds {piid, value} in the order of the document.",
			Run:  act01,
		},
		// An action with too few or too many arguments SHALL be refused as ARGS and
		// change nothing.
		&Case{
			ID: "ACT-02", Version: 1, Requirement: "ACT-02", Title: "Too few and too many arguments are refused", Level: Mandatory,
			Hint: "Count the arguments before anything is done: code -4006.",
			Run:  act02,
		},
		// An action with an argument of the wrong type or range SHALL be refused as
		// ARGS or VALUE and change nothing.
		&Case{
			ID: "ACT-03", Version: 1, Requirement: "ACT-03", Title: "Wrong arguments are refused", Level: Mandatory,
			Hint: "Judge arguments with the rules of the properties that they name.",
			Run:  act03,
		},
		// An unknown action SHALL be refused as NOT_FOUND.
		&Case{
			ID: "ACT-04", Version: 1, Requirement: "ACT-04", Title: "An unknown action is refused", Level: Mandatory,
			Hint: "Code -4003 for an aiid or siid that the document does not have.",
			Run:  act04,
		},
		// An action that the present state bars SHALL be refused as STATE and change
		// nothing.
		&Case{
			ID: "ACT-05", Version: 1, Requirement: "ACT-05", Title: "An action that the state bars is refused", Level: Conditional,
			Hint: "Code -704053100 while the declared state lasts.",
			Run:  act05,
		},
		// A request SHALL act once: the second one of the same id gets the first result
		// or an error.
		&Case{
			ID: "ACT-06", Version: 1, Requirement: "ACT-06", Title: "One request id acts once", Level: Mandatory,
			Hint: "Keep the last 32 request ids with their answers for 60 s, across reconnects.",
			Run:  act06,
		},
	)
}

// eachAction expands a case over the actions that fit; those declared unsafe are
// left out by name.
func (t *T) eachAction(kind string, fits func(*miot.ActionRule) bool, run func(*miot.ActionRule)) {
	found := false
	for i := range t.Spec.Services {
		s := &t.Spec.Services[i]
		for j := range s.Actions {
			a, ok := t.Rules.Action(s.IID, s.Actions[j].IID)
			if !ok || !fits(a) {
				continue
			}
			found = true
			t.Each(MemberName(a.SIID, a.AIID), func() {
				if t.Declaration.UnsafeAction(a.SIID, a.AIID) {
					t.NotApplicable("action %s is declared unsafe: it is never invoked on a bench", actionLabel(a))
				}
				run(a)
			})
		}
	}
	if !found {
		t.NotApplicable("the spec has no %s", kind)
	}
}

func actionLabel(a *miot.ActionRule) string { return MemberName(a.SIID, a.AIID) + " " + a.Name }

// legal are arguments that an action must take.
func (t *T) legal(a *miot.ActionRule) []miot.Argument {
	in := make([]miot.Argument, len(a.Action.In))
	for i, piid := range a.Action.In {
		in[i] = miot.Argument{PIID: piid, Value: rawValue("0")} // where no property describes it anything fits
		if p, ok := t.Rules.Property(a.SIID, piid); ok {
			if some := t.someValues(p); len(some) > 0 {
				in[i].Value = some[0]
			}
		}
	}
	return in
}

func anyAction(*miot.ActionRule) bool { return true }

func act01(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	t.eachAction("action", anyAction, func(a *miot.ActionRule) {
		t.admit(MemberName(a.SIID, a.AIID), true, nil)
		r := t.Invoke(a.SIID, a.AIID, t.legal(a)...)
		if !t.Check(r.R.Action != nil && r.R.Action.Fault == "" && r.R.Action.Code == miot.CodeDone,
			fmt.Sprintf("action %s to run: a result with code 0", actionLabel(a)), r.saying(), r.Event) {
			return
		}
		_, bad := a.CheckOut(r.R.Action.Out)
		t.Check(bad == nil, fmt.Sprintf("out of %s as declared: %d arguments", actionLabel(a), len(a.Action.Out)), violation(bad), r.Event)
	})
	t.restore(found)
}

func act02(t *T) {
	t.Ready(ConnectLimit)
	before := t.Snapshot()
	t.eachAction("action", anyAction, func(a *miot.ActionRule) {
		if t.admit(MemberName(a.SIID, a.AIID), true, nil) {
			before = t.Snapshot()
		}
		mark := t.Wire
		in := t.legal(a)
		more := append(slices.Clone(in), miot.Argument{PIID: t.anyPIID(a.SIID), Value: rawValue("1")})
		t.refused(fmt.Sprintf("%s with %s, one too many,", actionLabel(a), plural(len(more), "argument")),
			t.Invoke(a.SIID, a.AIID, more...), miot.MeaningArguments)
		if len(in) > 0 {
			t.refused(fmt.Sprintf("%s with %s, one too few,", actionLabel(a), plural(len(in)-1, "argument")),
				t.Invoke(a.SIID, a.AIID, in[:len(in)-1]...), miot.MeaningArguments)
		}
		before = t.harmless(before, mark, "a call with the wrong number of arguments")
	})
}

// anyPIID names some property of a service, for an argument too many.
func (t *T) anyPIID(siid int) int {
	if s, ok := t.Spec.Service(siid); ok && len(s.Properties) > 0 {
		return s.Properties[0].IID
	}
	return 1
}

func act03(t *T) {
	t.Ready(ConnectLimit)
	before := t.Snapshot()
	t.eachAction("action whose arguments the document describes", func(a *miot.ActionRule) bool {
		return slices.ContainsFunc(a.Action.In, func(piid int) bool { _, ok := t.Rules.Property(a.SIID, piid); return ok })
	}, func(a *miot.ActionRule) {
		if t.admit(MemberName(a.SIID, a.AIID), true, nil) {
			before = t.Snapshot()
		}
		mark := t.Wire
		for i, piid := range a.Action.In {
			p, ok := t.Rules.Property(a.SIID, piid)
			if !ok {
				continue
			}
			for _, wrong := range slices.Concat(misfitsOf(p), outsideOf(p), unlistedOf(p)) {
				in := t.legal(a)
				in[i].Value = wrong
				t.refused(fmt.Sprintf("%s with argument %d (%s) := %s", actionLabel(a), i+1, label(p), shown(wrong)),
					t.Invoke(a.SIID, a.AIID, in...), miot.MeaningArguments, miot.MeaningValue)
			}
		}
		before = t.harmless(before, mark, "a call with wrong arguments")
	})
}

func act04(t *T) {
	t.Ready(ConnectLimit)
	mark := t.Wire
	before := t.Snapshot()
	for i := range t.Spec.Services {
		s := &t.Spec.Services[i]
		if s.IID != 1 && len(s.Actions) == 0 && len(t.Spec.Services) > 2 {
			continue // one of the services without actions is enough
		}
		aiid := 200
		for ; ; aiid++ {
			if _, ok := s.Action(aiid); !ok {
				break
			}
		}
		t.refused(fmt.Sprintf("action %s, which does not exist,", MemberName(s.IID, aiid)), t.Invoke(s.IID, aiid), miot.MeaningNotFound)
	}
	siid := t.unusedSIID()
	t.refused(fmt.Sprintf("action %s of a service that does not exist", MemberName(siid, 1)), t.Invoke(siid, 1), miot.MeaningNotFound)
	t.harmless(before, mark, "calls of unknown actions")
}

func act05(t *T) {
	t.Ready(ConnectLimit)
	t.eachBarred(true, func(e Exclusion) {
		siid, aiid, _ := splitMember(e.Member)
		a, ok := t.Rules.Action(siid, aiid)
		if !ok || t.Declaration.UnsafeAction(siid, aiid) {
			t.NotApplicable("%s is no action that the bench may invoke", e.Member)
		}
		t.enter(e)
		before, mark := t.Snapshot(), t.Wire
		t.refused(fmt.Sprintf("%s %s", actionLabel(a), t.describeState(e)), t.Invoke(siid, aiid, t.legal(a)...), miot.MeaningState)
		t.harmless(before, mark, "an action that the state bars")
	})
}

// settleFor is how long an effect may take to be seen, where it is counted.
const settleFor = time.Second

func act06(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	t.eachAction("action with an effect that can be read back (observable_actions names none)", func(a *miot.ActionRule) bool {
		return slices.Contains(t.Declaration.Observable, MemberName(a.SIID, a.AIID))
	}, func(a *miot.ActionRule) {
		t.admit(MemberName(a.SIID, a.AIID), true, nil)
		none := t.Snapshot()
		id := t.nextID()
		request := miot.InvokeAction(id, miot.ActionCall{DID: t.Header.DID, SIID: a.SIID, AIID: a.AIID, In: t.legal(a)})
		first := t.repeat(request, a)
		t.Idle(settleFor, nil)
		once := t.Snapshot()
		t.Check(first.accepted(), "action "+actionLabel(a)+" to run", first.saying(), first.Event)
		if !t.Check(!once.equal(none), "an effect of "+actionLabel(a)+" that can be read back (observable_actions names it)", "none of the properties that hold still has changed", first.Event) {
			return
		}
		second := t.repeat(request, a)
		t.Idle(settleFor, nil)
		t.Unchanged(once, fmt.Sprintf("the second request with id %d", id))
		code, _ := first.Code()
		again, ok := second.Code()
		t.Check(ok && (again == code || !again.OK()), fmt.Sprintf("the first answer (code %s) again, or an error", code), second.saying(), second.Event)
	})
	t.restore(found)
}

// repeat sends a request with the id that it has, and waits for its answer.
func (t *T) repeat(request miot.Request, a *miot.ActionRule) Reply {
	t.SendRequest(request.Payload())
	sent := t.now
	e := t.Await(AnswerLimit, Answer(request.ID))
	if !t.Check(e != nil, fmt.Sprintf("an answer to %s with id %d within %v", actionLabel(a), request.ID, AnswerLimit), "none") {
		t.Stop()
	}
	return Reply{ID: request.ID, Event: e, Took: e.At - sent, R: e.Response}
}

// equal says whether two snapshots hold the same.
func (s Snapshot) equal(other Snapshot) bool {
	if len(s) != len(other) {
		return false
	}
	for key, v := range s {
		if w, ok := other[key]; !ok || !w.Equal(v) {
			return false
		}
	}
	return true
}
