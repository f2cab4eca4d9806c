package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// eachBarred expands a case over the members that the declaration's exclusions
// name, writes or actions.
func (t *T) eachBarred(action bool, judge func(e Exclusion)) {
	var names []string
	for _, e := range t.Declaration.Exclusions {
		if e.Action == action && !slices.Contains(names, e.Member) {
			names = append(names, e.Member)
		}
	}
	if len(names) == 0 {
		what := "write"
		if action {
			what = "action"
		}
		t.NotApplicable("no %s is declared to be barred by a state", what)
	}
	found := t.settings()
	for _, name := range names {
		t.Each(name, func() {
			for _, e := range t.Declaration.Exclusions {
				if e.Member == name && e.Action == action {
					judge(e)
				}
			}
		})
		t.restore(found)
	}
}

func write11(t *T) {
	t.Ready(ConnectLimit)
	t.eachBarred(false, func(e Exclusion) {
		p, ok := t.member(e.Member)
		if !ok || !t.settable(p) {
			t.NotApplicable("%s is no property that the bench may write", e.Member)
		}
		t.enter(e)
		before, mark := t.Snapshot(), t.Wire
		raw := rawOf(e.Value)
		t.refused(fmt.Sprintf("%s := %s %s", label(p), shown(raw), t.describeState(e)), t.askSet(p, raw), miot.MeaningState)
		t.harmless(before, mark, "a write that the state bars")
	})
}

func write12(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	t.eachProperty("writable property", func(p *miot.PropertyRule) bool { return p.Writable }, func(p *miot.PropertyRule) {
		raw, now := t.present(p)
		if t.deferred(p) {
			// Only a change has a result that can follow.
			if other, ok := t.another(p, now); ok {
				raw = other
			}
		}
		if raw == nil {
			t.NotApplicable("range and list leave %s no value (DECL-05)", label(p))
		}
		t.admit(MemberName(p.SIID, p.PIID), false, raw)
		h := t.hear()
		defer h.stop()
		r := t.askSet(p, raw)
		code, ok := r.Code()
		switch {
		case !t.Check(ok, "a code for "+label(p), r.describe(), r.Event):
		case code != miot.CodeAccepted:
			// Whether another code is right is for WRITE-01, 02 and 09.
		case t.Check(t.deferred(p), fmt.Sprintf("%s := %s answered at once (deferred does not name it)", label(p), shown(raw)), "code 1", r.Event):
			t.completes(p, raw, h)
		}
	})
	t.restore(found)
}

// present is what a property holds, as it can be written again without effect.
// Where it cannot be read it is a value that it must take.
func (t *T) present(p *miot.PropertyRule) (rawValue, miot.Value) {
	if p.Readable {
		res := t.Get(t.Ref(p.SIID, p.PIID))[0]
		if v, bad := p.Check(res.Value); res.Code == miot.CodeDone && bad == nil {
			return res.Value, v
		}
	}
	if some := t.someValues(p); len(some) > 0 {
		return some[0], miot.Value{}
	}
	return nil, miot.Value{}
}

// completes judges that what was answered with code 1 is reported.
func (t *T) completes(p *miot.PropertyRule, raw rawValue, h *hearing) {
	want, _ := p.Check(raw)
	done := t.until(t.now+DeferredLimit, func() bool {
		last, ok := h.last(p)
		return ok && last.Value.Equal(want)
	})
	last, _ := h.last(p)
	t.Check(done, fmt.Sprintf("%s := %s, answered with code 1, to be reported within %v", label(p), shown(raw), DeferredLimit),
		"the last report says "+shown(last.Raw), last.Event)
}

// offFor is how long the power is cut.
const offFor = 5 * time.Second

func write13(t *T) {
	t.Ready(ConnectLimit)
	if len(t.Declaration.Persistent) == 0 {
		t.NotApplicable("no property is declared persistent")
	}
	if t.Declaration.Power == "none" {
		t.NotApplicable("its power cannot be cut, as declared")
	}
	found := t.settings()
	wrote := make(map[string]rawValue)
	for _, name := range t.Declaration.Persistent {
		p, ok := t.member(name)
		if !ok || !p.Readable || !t.settable(p) {
			continue // DECL-07 says so
		}
		_, now := t.present(p)
		raw, ok := t.another(p, now)
		if !ok {
			continue
		}
		if t.accepts(p, raw) {
			wrote[name] = raw
			if t.deferred(p) {
				t.keeps(p, raw, nil, false) // only then it can survive
			}
		}
	}
	if len(wrote) == 0 {
		t.NotApplicable("no property that is declared persistent takes two values")
	}
	for _, name := range inOrder(wrote) { // what was written later may have moved it
		p, _ := t.member(name)
		if res := t.Get(t.Ref(p.SIID, p.PIID))[0]; res.Code == miot.CodeDone {
			wrote[name] = res.Value
		}
	}
	t.Idle(time.Second, nil) // to flash
	t.cycle("the settings are to survive")
	for _, name := range inOrder(wrote) {
		t.Each(name, func() {
			p, _ := t.member(name)
			want, _ := miot.DecodeValue(wrote[name])
			res := t.Get(t.Ref(p.SIID, p.PIID))[0]
			got, _ := miot.DecodeValue(res.Value)
			t.Check(res.Code == miot.CodeDone && got.Equal(want), fmt.Sprintf("%s to be %s after the power cut, as before", label(p), shown(wrote[name])), describeItem(res), t.last)
		})
	}
	t.restore(found)
}

// cycle has an operator cut the power, and waits for the device to come back.
func (t *T) cycle(why string) {
	before := t.Wire.Connects
	t.Operator(bench.Question{
		Kind: bench.PowerCycle, For: offFor,
		Text: fmt.Sprintf("Cut the device's power for %v without switching it off first, then restore it (%s).", offFor, why),
	})
	back := t.until(t.now+CycleLimit, func() bool { return t.Wire.Connects > before && t.Wire.Ready })
	if !t.Check(back, fmt.Sprintf("the device connected and subscribed anew within %v of the power cut", CycleLimit), "it is not") {
		t.Stop()
	}
}

func write14(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	seen := false
	for i := range t.Spec.Services {
		s := &t.Spec.Services[i]
		p := t.visible(s.IID)
		if p == nil {
			continue
		}
		seen = true
		_, now := t.present(p)
		raw, _ := t.another(p, now)
		if !t.accepts(p, raw) {
			continue
		}
		a := t.Operator(bench.Question{
			Kind: bench.Confirm, SIID: p.SIID, PIID: p.PIID, Value: raw, Evidence: "photo or video",
			Text: fmt.Sprintf("The bench has just set %s of %s (%s) to %s. Does the device do so? Answer yes or no, with a photo or video.",
				p.Name, s.Name(), MemberName(p.SIID, p.PIID), shown(raw)),
		})
		if t.Check(a.Answer == "yes", fmt.Sprintf("%s := %s seen to act at the device", label(p), shown(raw)), "the operator says "+quoted(a.Answer)+" "+a.Note) && a.File == "" {
			t.Reviewf("%s := %s was confirmed without a photo or video", label(p), shown(raw))
		}
	}
	t.restore(found)
	if !seen {
		t.NotApplicable("the spec has no service with a writable property that takes two values")
	}
}

// visible is the property of a service whose effect is looked at: the first that
// the bench may write, with notify before those without, which are seldom seen.
func (t *T) visible(siid int) *miot.PropertyRule {
	var found *miot.PropertyRule
	for _, p := range t.Rules.Properties() {
		if p.SIID != siid || !t.settable(p) || len(t.someValues(p)) < 2 {
			continue
		}
		if found == nil || p.Notify && !found.Notify {
			found = p
		}
	}
	return found
}
