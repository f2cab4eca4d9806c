package suite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// label is how findings name a property: "2.1 on".
func label(p *miot.PropertyRule) string { return MemberName(p.SIID, p.PIID) + " " + p.Name }

// shown is a value as findings quote it.
func shown(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "nothing"
	}
	return clip(string(raw), 60)
}

// eachProperty expands a case over the properties that fit. Those declared unsafe
// are left out by name; with none at all the case does not apply.
func (t *T) eachProperty(kind string, fits func(*miot.PropertyRule) bool, run func(*miot.PropertyRule)) {
	found := false
	for _, p := range t.Rules.Properties() {
		if !fits(p) {
			continue
		}
		found = true
		t.Each(MemberName(p.SIID, p.PIID), func() {
			if t.Declaration.Unsafe(p.SIID, p.PIID) {
				t.NotApplicable("%s is declared unsafe: it is never written on a bench", label(p))
			}
			run(p)
		})
	}
	if !found {
		t.NotApplicable("the spec has no %s", kind)
	}
}

// deferred says that a property answers a write with code 1, as declared.
func (t *T) deferred(p *miot.PropertyRule) bool {
	return slices.Contains(t.Declaration.Deferred, MemberName(p.SIID, p.PIID))
}

// askSet writes one property without judging the answer; no answer ends the case.
func (t *T) askSet(p *miot.PropertyRule, raw json.RawMessage) Reply {
	return t.MustAsk(miot.MethodSetProperties, miot.SetProperties(0, []miot.PropertyValue{t.Val(p.SIID, p.PIID, raw)}).Params)
}

// accepts writes a lawful value, out of a state that bars it, and judges that it
// was taken: code 0, or code 1 where that is declared.
func (t *T) accepts(p *miot.PropertyRule, raw json.RawMessage) bool {
	t.admit(MemberName(p.SIID, p.PIID), false, raw)
	r := t.askSet(p, raw)
	code, ok := r.Code()
	want := "code 0"
	if t.deferred(p) {
		want = "code 0 or 1"
	}
	return t.Check(ok && (code == miot.CodeDone || code == miot.CodeAccepted && t.deferred(p)),
		fmt.Sprintf("%s for %s := %s", want, label(p), shown(raw)), r.saying(), r.Event)
}

// saying is what an answer says about its one item.
func (r Reply) saying() string {
	if code, ok := r.Code(); ok {
		return "code " + code.String()
	}
	return r.describe()
}

// keeps judges that a property reads back as it was written, in time. Where it
// cannot be read its report stands in, which only a change calls for.
func (t *T) keeps(p *miot.PropertyRule, raw json.RawMessage, h *hearing, changed bool) {
	limit := ReportLimit
	if t.deferred(p) {
		limit = DeferredLimit
	}
	want, bad := p.Check(raw)
	if bad != nil {
		panic(bad) // the case made a value that the spec does not allow
	}
	if !p.Readable {
		if !p.Notify || !changed {
			return
		}
		limit = max(limit, t.reportWithin(limit))
		heard := t.until(t.now+limit, func() bool {
			last, ok := h.last(p)
			return ok && last.Value.Equal(want)
		})
		last, _ := h.last(p)
		t.Check(heard, fmt.Sprintf("%s reported as %s within %v (it cannot be read)", label(p), shown(raw), limit),
			"the last report says "+shown(last.Raw), last.Event)
		return
	}
	for latest := t.now + limit; ; {
		res := t.Get(t.Ref(p.SIID, p.PIID))[0]
		got, _ := miot.DecodeValue(res.Value)
		same := res.Code == miot.CodeDone && got.Equal(want)
		if same || t.now >= latest {
			t.Check(same, fmt.Sprintf("%s to read back as %s within %v", label(p), shown(raw), limit), describeItem(res), t.last)
			return
		}
		t.Idle(min(pollEvery, latest-t.now), nil)
	}
}

// pollEvery is how often a value is read until it is the one waited for.
const pollEvery = 200 * time.Millisecond

// refused judges a refusal by its meaning, and says what was refused.
func (t *T) refused(what string, r Reply, want ...miot.Meaning) {
	code, ok := r.Code()
	switch {
	case !t.Check(ok && !code.OK(), what+" refused as "+oneOf(want), r.saying(), r.Event):
	case !slices.Contains(want, code.Meaning()):
		t.Advise(false, what+" refused as "+oneOf(want), r.saying(), r.Event)
	}
}

func oneOf(want []miot.Meaning) string {
	words := make([]string, len(want))
	for i, m := range want {
		words[i] = m.String()
	}
	return strings.Join(words, " or ")
}

// refuses writes values that must not be taken: each is refused as the meaning
// says, and nothing changes. It returns the state after, for the next member.
func (t *T) refuses(p *miot.PropertyRule, values []json.RawMessage, before Snapshot, want ...miot.Meaning) Snapshot {
	if t.admit(MemberName(p.SIID, p.PIID), false, nil) {
		before = t.Snapshot() // else a bad value would be refused for the state
	}
	mark := t.Wire
	for _, raw := range values {
		t.refused(fmt.Sprintf("%s := %s", label(p), shown(raw)), t.askSet(p, raw), want...)
	}
	return t.harmless(before, mark, "refused writes to "+label(p))
}

// harmless ends a negative case: nothing changed, and the device lives and stayed
// connected. Reading the state is the alive check; where nothing can be compared
// there is one of its own. It returns the state as it is now.
func (t *T) harmless(before Snapshot, mark Wire, what string) Snapshot {
	if len(before) == 0 {
		t.Alive(mark, 0)
		return before
	}
	n := t.Wire.Connects - mark.Connects
	t.Check(n == 0, "no reconnect because of "+what, plural(n, "reconnect"))
	return t.Unchanged(before, what)
}
