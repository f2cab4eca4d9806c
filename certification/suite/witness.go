package suite

import (
	"encoding/json"
	"slices"

	"github.com/proofmark/proofmark/miot"
)

// witness is a property that shows whether a request acted: it holds one value,
// and a request that should have no effect would give it another.
type witness struct {
	p     *miot.PropertyRule
	held  json.RawMessage // what it holds
	other json.RawMessage // what it held before; lawful too
}

// witness finds such a property and brings it to another value than it had, so
// that a write is known to work. False: the spec has none. The device may refuse
// some in its present state; where it refuses all, the case is skipped.
func (t *T) witness() (*witness, bool) {
	candidates := t.witnesses()
	for _, p := range candidates {
		now := t.Get(t.Ref(p.SIID, p.PIID))[0]
		v, err := miot.DecodeValue(now.Value)
		if now.Code != miot.CodeDone || err != nil {
			continue
		}
		raw, ok := t.another(p, v)
		if !ok {
			continue
		}
		if code, ok := t.askSet(p, raw).Code(); !ok || code != miot.CodeDone || !t.reads(p, raw) {
			continue
		}
		return &witness{p: p, held: raw, other: now.Value}, true
	}
	if len(candidates) > 0 {
		t.Skip("none of the %d properties that could show an effect takes a write and reads back so; the WRITE cases say why", len(candidates))
	}
	return nil, false
}

// witnesses are the properties that may stand as one, those that wear no flash first.
func (t *T) witnesses() []*miot.PropertyRule {
	var list []*miot.PropertyRule
	for _, p := range t.Rules.Properties() {
		name := MemberName(p.SIID, p.PIID)
		barred := slices.ContainsFunc(t.Declaration.Exclusions, func(e Exclusion) bool { return !e.Action && e.Member == name })
		if p.Readable && t.settable(p) && !t.deferred(p) && !barred {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *miot.PropertyRule) int {
		va, vb := t.Declaration.Volatile(a), t.Declaration.Volatile(b)
		switch {
		case va == vb:
			return 0
		case va:
			return -1
		}
		return 1
	})
	return list
}

// reads waits until a property reads back as it should.
func (t *T) reads(p *miot.PropertyRule, raw json.RawMessage) bool {
	want, _ := p.Check(raw)
	for latest := t.now + ReportLimit; ; {
		r := t.Ask(miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{t.Ref(p.SIID, p.PIID)}).Params)
		if r.R != nil && len(r.R.Results) == 1 {
			if v, err := miot.DecodeValue(r.R.Results[0].Value); err == nil && v.Equal(want) {
				return true
			}
		}
		if t.now >= latest {
			return false
		}
		t.Idle(min(pollEvery, latest-t.now), nil)
	}
}

// write is the request that would change the witness.
func (t *T) write(w *witness) []byte { return t.writeAs(w, t.Header.DID) }

// writeAs is that request with another did in its item.
func (t *T) writeAs(w *witness, did string) []byte {
	return miot.SetProperties(t.nextID(), []miot.PropertyValue{{DID: did, SIID: w.p.SIID, PIID: w.p.PIID, Value: w.other}}).Payload()
}

// untouched checks that the witness holds what it held. As an answered read it is
// an alive check, too.
func (t *T) untouched(w *witness, what string) { t.holdsStill(w, what, t.Check) }

// holdsStill is untouched with the check that judges an effect: Check, or Advise
// where acting was lawful, if unwise. After an effect the case can go on.
func (t *T) holdsStill(w *witness, what string, judge func(ok bool, expected, actual string, shown ...*Event) bool) {
	res := t.Get(t.Ref(w.p.SIID, w.p.PIID))[0]
	if !t.Check(res.Code == miot.CodeDone, "the device alive after "+what+": "+label(w.p)+" read with code 0", describeItem(res), t.last) {
		return
	}
	want, _ := w.p.Check(w.held)
	v, _ := miot.DecodeValue(res.Value)
	still := judge(v.Equal(want), label(w.p)+" still "+shown(w.held)+": no effect of "+what, shown(res.Value), t.last)
	if other, _ := w.p.Check(w.other); !still && v.Equal(other) {
		w.held, w.other = w.other, w.held
	}
}
