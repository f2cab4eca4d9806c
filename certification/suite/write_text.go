package suite

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// rawValue is a value as it goes over the wire.
type rawValue = json.RawMessage

func literals(values []rawValue) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

func (t *T) declaredToRound(p *miot.PropertyRule) bool {
	return slices.Contains(t.Declaration.Rounds, MemberName(p.SIID, p.PIID))
}

func write09(t *T) {
	t.Ready(ConnectLimit)
	found := t.settings()
	h := t.hear()
	defer h.stop()
	before := t.Snapshot()
	t.eachProperty("writable string", func(p *miot.PropertyRule) bool { return p.Writable && p.Format == miot.FormatString }, func(p *miot.PropertyRule) {
		longest, ok := t.Declaration.MaxString[MemberName(p.SIID, p.PIID)]
		if !ok {
			t.NotApplicable("the declaration does not say how long %s may be (DECL-07)", label(p))
		}
		t.keepsTexts(p, longest, h)
		before = t.Snapshot()
		if longer := rawValue(repeated("n", longest+1)); t.fits(p, longer) {
			before = t.refuses(p, []rawValue{longer}, before, miot.MeaningValue)
		}
		before = t.harmlessBytes(p, before)
	})
	t.restore(found)
}

// keepsTexts writes texts that must come back as they went.
func (t *T) keepsTexts(p *miot.PropertyRule, longest int, h *hearing) {
	texts := []string{repeated("m", longest), repeated("🌍", min(longest, 8))}
	for i, raw := range texts {
		if !t.fits(p, rawValue(raw)) {
			t.Step("%s: a text of %d characters is longer than a request may be (max_payload %d)", label(p), longest, t.Declaration.MaxPayload)
			continue
		}
		if t.accepts(p, rawValue(raw)) {
			t.keeps(p, rawValue(raw), h, i > 0)
		}
	}
	// U+0000 ends a string in C: it may be refused, and must not cut the value.
	const zero = `"a\u0000b"`
	if longest < 3 {
		return
	}
	if r := t.askSet(p, rawValue(zero)); r.accepted() {
		t.keeps(p, rawValue(zero), h, true)
	} else {
		t.refused(label(p)+` := `+zero+" kept, or", r, miot.MeaningValue)
	}
}

func (r Reply) accepted() bool {
	code, ok := r.Code()
	return ok && code.OK()
}

// fits says whether a write of the value is small enough for the device.
func (t *T) fits(p *miot.PropertyRule, raw rawValue) bool {
	_, err := miot.SplitSet([]miot.PropertyValue{t.Val(p.SIID, p.PIID, raw)}, t.Declaration.MaxItems, t.Declaration.MaxPayload)
	return err == nil
}

// harmlessBytes writes a text that is no UTF-8. It is no JSON either, so that
// silence is an answer.
func (t *T) harmlessBytes(p *miot.PropertyRule, before Snapshot) Snapshot {
	mark := t.Wire
	id := t.nextID()
	request := miot.SetProperties(id, []miot.PropertyValue{t.Val(p.SIID, p.PIID, rawValue("\"a\xc3\x28b\""))})
	t.Do(bench.Request{PayloadHex: request.Payload(), QoS: 1})
	var answer *Event
	stop := t.Observe(func(e *Event) {
		if e.Response != nil && e.Response.ID == id {
			answer = e
		}
	})
	defer stop()
	after := t.harmless(before, mark, "a text that is not UTF-8") // asks, so that an answer has come by then
	if answer != nil {
		r := Reply{ID: id, Event: answer, R: answer.Response}
		t.Check(!r.accepted(), "a text that is not UTF-8 refused by "+label(p), r.saying(), answer)
	}
	return after
}

func write10(t *T) {
	t.Ready(ConnectLimit)
	good := t.twoSettable()
	if len(good) == 0 {
		t.NotApplicable("the spec has no writable property that takes two values")
	}
	found := t.settings()
	h := t.hear()
	defer h.stop()
	mark := t.Wire
	values := make([]miot.PropertyValue, 0, 3)
	for _, p := range good {
		t.admit(MemberName(p.SIID, p.PIID), false, nil)
		var now miot.Value
		if p.Readable {
			now, _ = miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
		}
		raw, _ := t.another(p, now)
		values = append(values, t.Val(p.SIID, p.PIID, raw))
	}
	bad := t.Val(good[0].SIID, t.unusedPIID(good[0].SIID), rawValue("1"))
	values = slices.Insert(values, 1, bad)
	t.Step("write a batch in which the second item names a property that does not exist")
	results := t.Set(values...)
	for i, res := range results {
		if i == 1 {
			t.refused(fmt.Sprintf("%s, which does not exist,", MemberName(bad.SIID, bad.PIID)), itemReply(res, t.last), miot.MeaningNotFound)
			continue
		}
		p, _ := t.Rules.Property(values[i].SIID, values[i].PIID)
		ok := res.Code == miot.CodeDone || res.Code == miot.CodeAccepted && t.deferred(p)
		if t.Check(ok, fmt.Sprintf("code 0 for %s := %s beside a bad item", label(p), shown(values[i].Value)), describeItem(res), t.last) {
			t.keeps(p, values[i].Value, h, true)
		}
	}
	t.Alive(mark, 0)
	t.restore(found)
}

// itemReply is one result of a batch as an answer of its own.
func itemReply(res miot.ItemResult, e *Event) Reply {
	return Reply{Event: e, R: &miot.Response{Results: []miot.ItemResult{res}}}
}

// twoSettable are two properties that can be written together, of two services
// where possible: within one a write may rightly move another property. What is
// answered at once and can be read is preferred.
func (t *T) twoSettable() []*miot.PropertyRule {
	var fit []*miot.PropertyRule
	for _, p := range t.Rules.Properties() {
		if t.settable(p) && len(t.someValues(p)) > 1 {
			fit = append(fit, p)
		}
	}
	plain := func(p *miot.PropertyRule) int {
		if p.Readable && !t.deferred(p) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(fit, func(a, b *miot.PropertyRule) int { return plain(a) - plain(b) })
	if len(fit) < 2 {
		return fit
	}
	for _, p := range fit[1:] {
		if p.SIID != fit[0].SIID && plain(p) == plain(fit[0]) {
			return []*miot.PropertyRule{fit[0], p}
		}
	}
	return fit[:2]
}
