package suite

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

// rawOf is a value of the declaration as JSON.
func rawOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil // Validate has said so
	}
	return b
}

// describeState says in words what bars: "while 2.1 on is false".
func (t *T) describeState(e Exclusion) string {
	var parts []string
	for _, name := range inOrder(e.While) {
		what := name
		if p, ok := t.member(name); ok {
			what = label(p)
		}
		parts = append(parts, fmt.Sprintf("%s is %s", what, rawOf(e.While[name])))
	}
	return "while " + strings.Join(parts, " and ")
}

// member is the property that a declaration names.
func (t *T) member(name string) (*miot.PropertyRule, bool) {
	siid, piid, ok := splitMember(name)
	if !ok {
		return nil, false
	}
	return t.Rules.Property(siid, piid)
}

// concerns says whether an exclusion speaks of this write or call.
func (e Exclusion) concerns(name string, action bool, raw json.RawMessage) bool {
	if e.Member != name || e.Action != action {
		return false
	}
	if action || e.Value == nil {
		return true
	}
	v, err := miot.DecodeValue(raw)
	w, errW := miot.DecodeValue(rawOf(e.Value))
	return err != nil || errW != nil || v.Equal(w)
}

// holds says whether the device is in the state that bars.
func (t *T) holds(e Exclusion) bool {
	for _, name := range inOrder(e.While) {
		p, ok := t.member(name)
		if !ok {
			return false
		}
		if !p.Readable {
			continue // it may be in that state
		}
		v, _ := miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
		w, _ := miot.DecodeValue(rawOf(e.While[name]))
		if !v.Equal(w) {
			return false
		}
	}
	return true
}

// admit leads the device out of each declared state that bars a write or an
// action; true: it changed something to do so. Where the bench cannot, there is
// nothing to judge: the member is skipped.
func (t *T) admit(name string, action bool, raw json.RawMessage) (changed bool) {
	for _, e := range t.Declaration.Exclusions {
		if !e.concerns(name, action, raw) || !t.holds(e) {
			continue
		}
		if !t.leave(e) {
			t.Skip("%s is barred %s, as declared, and the bench cannot leave that state", name, t.describeState(e))
		}
		changed = true
	}
	return changed
}

// leave ends the state that bars, by writing one of its properties.
func (t *T) leave(e Exclusion) bool {
	for _, name := range inOrder(e.While) {
		p, ok := t.member(name)
		if !ok || !t.settable(p) || name == e.Member {
			continue
		}
		w, _ := miot.DecodeValue(rawOf(e.While[name]))
		raw, ok := t.another(p, w)
		if !ok {
			continue
		}
		if code, ok := t.askSet(p, raw).Code(); ok && code.OK() {
			return true
		}
	}
	return false
}

// enter brings the device into the state that bars, or says why it cannot.
func (t *T) enter(e Exclusion) {
	for _, name := range inOrder(e.While) {
		p, ok := t.member(name)
		if !ok {
			t.Skip("the spec has no property %s", name)
		}
		raw := rawOf(e.While[name])
		want, _ := miot.DecodeValue(raw)
		if p.Readable {
			if v, _ := miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value); v.Equal(want) {
				continue
			}
		}
		if !t.settable(p) {
			t.Skip("the bench cannot bring %s to %s: it is not writable", label(p), raw)
		}
		if code, ok := t.askSet(p, raw).Code(); !ok || !code.OK() {
			t.Failf("%s := %s, which leads to the declared state, was refused", label(p), raw)
			t.Stop()
		}
		t.keeps(p, raw, nil, false)
	}
}

// settable says that the bench may write a property.
func (t *T) settable(p *miot.PropertyRule) bool {
	return p.Writable && !t.Declaration.Unsafe(p.SIID, p.PIID)
}
