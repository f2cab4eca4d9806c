package suite

import (
	"fmt"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// Each declared event SHALL be provokable and come with its declared arguments,
		// complete and valid.
		&Case{
			ID: "EVT-01", Version: 1, Requirement: "EVT-01", Title: "Each event comes with its arguments", Level: Mandatory,
			Needs: Needs{Hand: true},
			Hint:  "arguments holds one {piid, value} for each declared piid, in their order, also when the value is the usual one.",
			Run:   evt01,
		},
		// An event that the document does not declare SHALL NOT be sent.
		&Case{
			ID: "EVT-02", Version: 1, Requirement: "EVT-02", Title: "No undeclared events", Level: Mandatory,
			Hint:    "Remove the debug event, or add it to the document.",
			Monitor: evt02,
		},
		// An alarm or fault event SHALL come within 2 s at QoS 1, none lost.
		&Case{
			ID: "EVT-03", Version: 1, Requirement: "EVT-03", Title: "Alarms are prompt and sure", Level: Mandatory,
			Needs: Needs{Hand: true},
			Hint:  "Alarms overtake property reports, and are kept until their PUBACK has come.",
			Run:   evt03,
		},
		// Events of an outage SHALL be delivered in order with their original time, or
		// be lost, as declared.
		&Case{
			ID: "EVT-04", Version: 1, Requirement: "EVT-04", Title: "Events of an outage", Level: Conditional,
			Needs: Needs{Operator: true},
			Hint:  "Take ts when the event happens, not when it is sent.",
			Run:   evt04,
		},
	)
}

// eachEvent expands a case over the events that fit and can be provoked.
func (t *T) eachEvent(kind string, fits func(Recipe) bool, run func(*miot.EventRule, Recipe)) {
	found := false
	for i := range t.Spec.Services {
		s := &t.Spec.Services[i]
		for j := range s.Events {
			e, ok := t.Rules.Event(s.IID, s.Events[j].IID)
			recipe := t.Declaration.Events[MemberName(s.IID, s.Events[j].IID)]
			if !ok || !fits(recipe) {
				continue
			}
			found = true
			t.Each(MemberName(e.SIID, e.EIID), func() {
				switch {
				case recipe.Skip != "":
					t.NotApplicable("event %s cannot be provoked on a bench, as declared: %s", eventLabel(e), recipe.Skip)
				case recipe.Do != "" && t.Header.Operator == "":
					t.Skip("event %s needs an operator (%s); this run had none", eventLabel(e), recipe.Do)
				case recipe.Do == "" && recipe.Call == "" && len(recipe.Set) == 0:
					t.Skip("the declaration does not say how event %s is provoked (DECL-07)", eventLabel(e))
				}
				run(e, recipe)
			})
		}
	}
	if !found {
		t.NotApplicable("the spec has no %s", kind)
	}
}

func eventLabel(e *miot.EventRule) string { return MemberName(e.SIID, e.EIID) + " " + e.Name }

func evt01(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	t.eachEvent("event", func(Recipe) bool { return true }, func(e *miot.EventRule, recipe Recipe) {
		h := t.hear()
		defer h.stop()
		at := t.provoke(e, recipe, h)
		t.until(at+EventLimit, func() bool { return len(h.of(e.SIID, e.EIID)) > 0 })
		seen := h.of(e.SIID, e.EIID)
		if !t.Check(len(seen) > 0, fmt.Sprintf("event %s within %v", eventLabel(e), EventLimit), "none", t.last) {
			return
		}
		_, bad := e.CheckArguments(seen[0].Report.Items[0].Arguments)
		t.Check(bad == nil, fmt.Sprintf("event %s with its %s", eventLabel(e), plural(len(e.Event.Arguments), "declared argument")), violation(bad), seen[0])
	})
	t.restore(found)
}

func evt02(w *Watch) {
	if !w.connected() {
		w.NotApplicable("the device was not connected in this run")
		return
	}
	w.Check(true, nil, "", "") // a device that sends no events sends no undeclared ones
	for _, e := range w.Events {
		if e.Report == nil || e.Report.Method != miot.MethodEventOccured {
			continue
		}
		it := e.Report.Items[0]
		if it.DID != w.Header.DID {
			continue // of a sub-device, which another document declares
		}
		_, ok := w.Rules.Event(it.SIID, it.IID)
		w.Check(ok, e, "only events that the spec declares", "event "+MemberName(it.SIID, it.IID)+" "+it.Fault)
	}
}
