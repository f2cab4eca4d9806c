package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func notify02(t *T) {
	t.Ready(ConnectLimit)
	h := t.hear()
	defer h.stop()
	found := t.settings()
	none := true
	for _, p := range t.Rules.Properties() {
		if !p.Notify {
			continue
		}
		none = false
		t.Each(MemberName(p.SIID, p.PIID), func() {
			if t.Declaration.LocalChanges[MemberName(p.SIID, p.PIID)] == "" {
				t.NotApplicable("%s cannot be changed at the device, as declared", label(p))
			}
			t.Idle(t.rested(), nil)
			before := len(h.properties[[2]int{p.SIID, p.PIID}])
			at := t.changeByHand(p)
			limit := t.reportWithin(LocalReportLimit)
			came := t.until(at+limit, func() bool { return len(h.properties[[2]int{p.SIID, p.PIID}]) > before })
			t.Check(came, fmt.Sprintf("a report of %s within %v of the change at the device", label(p), limit), "none", t.last)
		})
	}
	t.restore(found)
	if none {
		t.NotApplicable("the spec has no notify property")
	}
}

// changeByHand has an operator change a property at the device, and returns when
// that was said to be done.
func (t *T) changeByHand(p *miot.PropertyRule) time.Duration {
	q, ok := t.handChange(p)
	if !ok {
		t.NotApplicable("%s has a single value", label(p))
	}
	_, at := t.AskOperator(q)
	return at
}

// handChange is the question that changes a property at the device.
func (t *T) handChange(p *miot.PropertyRule) (bench.Question, bool) {
	is, now := t.present(p)
	raw, ok := t.another(p, now)
	holds := " Any other value will do."
	if p.Readable {
		holds = fmt.Sprintf(" It is %s now; any other value will do.", shown(is))
	} else {
		// Nobody knows which would be another one.
		raw, ok = nil, len(t.someValues(p)) > 1
	}
	return bench.Question{
		Kind: bench.LocalChange, SIID: p.SIID, PIID: p.PIID, Value: raw,
		Text: fmt.Sprintf("Change %s at the device itself: %s.%s Answer at once when it is done.",
			label(p), t.Declaration.LocalChanges[MemberName(p.SIID, p.PIID)], holds),
	}, ok
}

// tryOperator asks an operator for something that a case can do without. What was
// not done is noted.
func (t *T) tryOperator(q bench.Question) (a transcript.Answer, ok bool) {
	found := len(t.result.Findings)
	defer func() {
		switch r := recover(); r {
		case nil:
		case any(stopped{}):
			for _, f := range t.result.Findings[found:] {
				t.Step("going on without: %s", f.Message)
			}
			t.result.Findings = t.result.Findings[:found]
		default:
			panic(r)
		}
	}()
	return t.Operator(q), true
}

// outageFor is how long NOTIFY-05 keeps the device offline.
const outageFor = 30 * time.Second

func notify05(t *T) {
	t.Ready(ConnectLimit)
	var all []*miot.PropertyRule
	for _, p := range t.Rules.Properties() {
		if p.Notify {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		t.NotApplicable("the spec has no notify property")
	}
	found := t.settings()
	q, byHand := t.outageChange(all)
	t.Step("no connection for %v", outageFor)
	over := t.now + outageFor
	t.Fault(bench.Fault{Down: bench.DownReset})
	if byHand {
		t.tryOperator(q)
	}
	t.Idle(max(0, over-t.now), nil)
	t.Heal()
	h := t.hear()
	defer h.stop()
	t.Ready(ReturnLimit)
	told := func(p *miot.PropertyRule) bool { _, ok := h.last(p); return ok }
	missing := func() (names []string) {
		for _, p := range all {
			if !told(p) {
				names = append(names, label(p))
			}
		}
		return names
	}
	t.until(t.Wire.AcceptedAt+FullStateLimit, func() bool { return len(missing()) == 0 })
	left := missing()
	t.Check(len(left) == 0, fmt.Sprintf("each of the %d notify properties reported within %v of the CONNACK", len(all), FullStateLimit),
		"no report of "+strings.Join(left, ", "), t.last)
	for _, p := range all {
		if p.Readable && told(p) && !t.Declaration.Volatile(p) {
			t.tellsState(p, h)
		}
	}
	t.restore(found)
}

// outageChange is the change that an operator makes while there is no connection:
// of what holds still, so that the report can be compared.
func (t *T) outageChange(all []*miot.PropertyRule) (q bench.Question, ok bool) {
	if t.Header.Operator == "" {
		return q, false
	}
	for _, p := range all {
		if t.Declaration.LocalChanges[MemberName(p.SIID, p.PIID)] == "" || t.Declaration.Volatile(p) || !p.Readable {
			continue
		}
		if q, ok = t.handChange(p); ok {
			q.Timeout = 2 * time.Minute
			return q, true
		}
	}
	return q, false
}

// tellsState judges that the last report of a property says what it reads as.
func (t *T) tellsState(p *miot.PropertyRule, h *hearing) {
	res := t.Get(t.Ref(p.SIID, p.PIID))[0]
	now, _ := miot.DecodeValue(res.Value)
	same := func() bool { last, _ := h.last(p); return last.Value.Equal(now) }
	t.until(t.now+t.reportWithin(ReportLimit), same)
	last, _ := h.last(p)
	t.Check(same(), fmt.Sprintf("the last report of %s to say %s, as it reads", label(p), shown(res.Value)), shown(last.Raw), last.Event)
}

// burst is NOTIFY-06's ten changes in a second.
const (
	burst      = 10
	burstEvery = 100 * time.Millisecond
)

func notify06(t *T) {
	t.Ready(ConnectLimit)
	p := t.tunable()
	if p == nil {
		t.NotApplicable("the spec has no notify property that can be written and read and takes two values")
	}
	found := t.settings()
	t.admit(MemberName(p.SIID, p.PIID), false, nil)
	_, now := t.present(p)
	values := t.someValues(p)
	if v, _ := p.Check(values[(burst-1)%len(values)]); v.Equal(now) {
		values = append(values[1:len(values):len(values)], values[0]) // the last one is to be a change
	}
	h := t.hear()
	defer h.stop()
	answers := make(map[int64]Reply)
	stop := t.Observe(func(e *Event) {
		if e.Response != nil {
			answers[e.Response.ID] = Reply{ID: e.Response.ID, Event: e, R: e.Response}
		}
	})
	defer stop()
	t.Step("%d writes to %s, %v apart", burst, label(p), burstEvery)
	var ids []int64
	var final rawValue
	for i := range burst {
		final = values[i%len(values)]
		ids = append(ids, t.Request(miot.MethodSetProperties, miot.SetProperties(0, []miot.PropertyValue{t.Val(p.SIID, p.PIID, final)}).Params))
		if i < burst-1 {
			t.Idle(burstEvery, nil)
		}
	}
	limit := t.reportWithin(FinalReportLimit)
	over := t.now + limit
	t.Idle(limit, nil) // also when the right one came: a wrong one must not follow
	t.until(max(over, over-limit+AnswerLimit), func() bool { return len(answers) >= len(ids) })
	for i, id := range ids {
		code, ok := answers[id].Code()
		t.Check(ok && code == miot.CodeDone, fmt.Sprintf("code 0 for write %d of %d to %s within %v", i+1, burst, label(p), AnswerLimit), answers[id].saying(), answers[id].Event)
	}
	t.keeps(p, final, h, true)
	last, ok := h.last(p)
	want, _ := p.Check(final)
	t.Check(ok && last.Value.Equal(want), fmt.Sprintf("the last report of %s to say %s within %v of the last write", label(p), shown(final), limit), shown(last.Raw), last.Event)
	t.restore(found)
}

// tunable is a property to change often: it can be read, reports, and is answered
// at once; one that is declared to wear no flash, or else a number, comes first.
func (t *T) tunable() *miot.PropertyRule {
	var best *miot.PropertyRule
	rank := func(p *miot.PropertyRule) int {
		switch {
		case t.Declaration.Volatile(p):
			return 0
		case p.Format.Numeric() && len(p.Property.List) == 0:
			return 1
		}
		return 2
	}
	for _, p := range t.Rules.Properties() {
		if !p.Readable || !p.Notify || !t.settable(p) || t.deferred(p) || len(t.someValues(p)) < 2 {
			continue
		}
		if best == nil || rank(p) < rank(best) {
			best = p
		}
	}
	return best
}
