package suite

import (
	"fmt"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// A writable number SHALL take min, max and a mid step with code 0, and read
		// back equal within 2 s.
		&Case{
			ID: "WRITE-01", Version: 1, Requirement: "WRITE-01", Title: "Numbers take their least, greatest and a middle value", Level: Mandatory,
			Hint: "Compare with the bounds of value-range inclusively, and store what was written before the answer goes.",
			Run:  write01,
		},
		// A writable bool or list SHALL take every one of its values with code 0, and
		// read back equal within 2 s.
		&Case{
			ID: "WRITE-02", Version: 1, Requirement: "WRITE-02", Title: "Bools and lists take every value", Level: Mandatory,
			Hint: "Each value of value-list is a promise: remove from the document what the product cannot do, and declare under exclusions what it can do only in some states.",
			Run:  write02,
		},
		// A value below min or above max SHALL be refused as VALUE and change nothing.
		&Case{
			ID: "WRITE-03", Version: 1, Requirement: "WRITE-03", Title: "Values outside the range are refused", Level: Mandatory,
			Hint: "Refuse with code -4005; do not clamp to the nearest bound.",
			Run:  write03,
		},
		// A value between two steps SHALL be refused as VALUE and change nothing;
		// rounding SHOULD NOT be done even where it is declared.
		&Case{
			ID: "WRITE-04", Version: 1, Requirement: "WRITE-04", Title: "Values between two steps are refused", Level: Mandatory,
			Hint: "(value - min) is a multiple of step, with float32 tolerance for floats; else code -4005.",
			Run:  write04,
		},
		// A value outside the value-list SHALL be refused as VALUE and change nothing.
		&Case{
			ID: "WRITE-05", Version: 1, Requirement: "WRITE-05", Title: "Values that are not listed are refused", Level: Mandatory,
			Hint: "Look the value up in the list instead of comparing with its first and last entry.",
			Run:  write05,
		},
		// A value of the wrong JSON type SHALL be refused as VALUE and change nothing.
		&Case{
			ID: "WRITE-06", Version: 1, Requirement: "WRITE-06", Title: "Values of another type are refused", Level: Mandatory,
			Hint: "Look at the type of the JSON value before it is converted: \"1\" is no 1, 1 is no true, 1.5 is no integer.",
			Run:  write06,
		},
		// A number beyond the format SHALL be refused as VALUE; it SHALL NOT wrap around.
		&Case{
			ID: "WRITE-07", Version: 1, Requirement: "WRITE-07", Title: "Numbers do not wrap around", Level: Mandatory,
			Hint: "Parse into 64 bits (or a double) and compare with the bounds before the value is cast to its width.",
			Run:  write07,
		},
		// A write to a read-only property SHALL be refused as NOT_WRITABLE and change
		// nothing.
		&Case{
			ID: "WRITE-08", Version: 1, Requirement: "WRITE-08", Title: "A property that is not writable is refused", Level: Mandatory,
			Hint: "Check the access list before the value: code -4002.",
			Run:  write08,
		},
		// A string of the declared length SHALL be kept as it is, Unicode included; a
		// longer one SHALL be refused as VALUE.
		&Case{
			ID: "WRITE-09", Version: 1, Requirement: "WRITE-09", Title: "Strings are kept as they are", Level: Conditional,
			Hint: "max_string counts characters, of which one takes up to four bytes of UTF-8; refuse what is too long instead of cutting it.",
			Run:  write09,
		},
		// Of a mixed batch the good items SHALL be applied and the bad refused, each
		// with its own code.
		&Case{
			ID: "WRITE-10", Version: 1, Requirement: "WRITE-10", Title: "A batch with a bad item", Level: Mandatory,
			Hint: "Judge and apply item by item; one bad item neither stops nor spoils the others.",
			Run:  write10,
		},
		// A write that the present state bars SHALL be refused as STATE and change
		// nothing.
		&Case{
			ID: "WRITE-11", Version: 1, Requirement: "WRITE-11", Title: "A write that the state bars is refused", Level: Conditional,
			Hint: "Code -704053100 while the declared state lasts; code 0 would be a promise.",
			Run:  write11,
		},
		// A property SHALL answer a write with code 1 only if that is declared, and
		// then report the new value within 10 s.
		&Case{
			ID: "WRITE-12", Version: 1, Requirement: "WRITE-12", Title: "Code 1 is declared and completed", Level: Conditional,
			Hint: "Code 1 means that properties_changed follows; name such properties under deferred.",
			Run:  write12,
		},
		// A value that is declared persistent SHALL survive a power cycle.
		&Case{
			ID: "WRITE-13", Version: 1, Requirement: "WRITE-13", Title: "Persistent values survive a power cut", Level: Conditional,
			Needs: Needs{Operator: true},
			Hint:  "The value is in flash before the answer goes, or within a second of it; the cut comes without warning.",
			Run:   write13,
		},
		// One write per service SHALL be seen to act at the device.
		&Case{
			ID: "WRITE-14", Version: 1, Requirement: "WRITE-14", Title: "A write is seen to act", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "What is answered with code 0 has to happen at the device, not only in its memory.",
			Run:   write14,
		},
	)
}

func write01(t *T) {
	t.writesEach("writable number without a list", func(p *miot.PropertyRule) bool {
		return p.Writable && p.Format.Numeric() && len(p.Property.List) == 0
	}, func(p *miot.PropertyRule) []string { return literals(boundsOf(p)) })
}

func write02(t *T) {
	t.writesEach("writable bool or list", func(p *miot.PropertyRule) bool {
		return p.Writable && (p.Format == miot.FormatBool || len(p.Property.List) > 0)
	}, func(p *miot.PropertyRule) []string { return literals(everyValue(p)) })
}

// writesEach writes lawful values, each of which must be taken and kept, and puts
// the settings back at the end.
func (t *T) writesEach(kind string, fits func(*miot.PropertyRule) bool, values func(*miot.PropertyRule) []string) {
	t.Ready(ConnectLimit)
	found := t.settings()
	h := t.hear()
	defer h.stop()
	t.eachProperty(kind, fits, func(p *miot.PropertyRule) {
		all := values(p)
		if len(all) == 0 {
			t.NotApplicable("range and list leave %s no value (DECL-05)", label(p))
		}
		for i, v := range all {
			if t.accepts(p, []byte(v)) {
				t.keeps(p, []byte(v), h, i > 0)
			}
		}
	})
	t.restore(found)
}

func write03(t *T) { t.refusesEach("writable number with a range", outsideOf) }
func write04(t *T) { t.refusesEach("writable number with a step above the smallest", betweenOf) }
func write05(t *T) { t.refusesEach("writable list", unlistedOf) }
func write06(t *T) { t.refusesEach("writable property", misfitsOf) }
func write07(t *T) { t.refusesEach("writable number that cannot hold every number", beyondOf) }

// refusesEach writes values that each writable property must refuse as VALUE.
func (t *T) refusesEach(kind string, values func(*miot.PropertyRule) []rawValue) {
	t.Ready(ConnectLimit)
	t.quiet() // NOTIFY-07 watches
	found := t.settings()
	before := t.Snapshot()
	t.eachProperty(kind, func(p *miot.PropertyRule) bool { return p.Writable && len(values(p)) > 0 }, func(p *miot.PropertyRule) {
		if t.Case.ID == "WRITE-04" && t.roundsAsDeclared(p, values(p)[0]) {
			before = t.Snapshot()
			return
		}
		before = t.refuses(p, values(p), before, miot.MeaningValue)
	})
	t.restore(found)
}

// roundsAsDeclared writes a value between two steps to a property that is
// declared to round: that is a WARN, and it must round to a value of its own.
func (t *T) roundsAsDeclared(p *miot.PropertyRule, raw rawValue) bool {
	if !t.declaredToRound(p) {
		return false
	}
	t.admit(MemberName(p.SIID, p.PIID), false, nil)
	r := t.askSet(p, raw)
	code, ok := r.Code()
	if !ok || !code.OK() {
		t.refused(fmt.Sprintf("%s := %s", label(p), shown(raw)), r, miot.MeaningValue)
		return true
	}
	t.Advise(false, fmt.Sprintf("%s := %s refused as value error", label(p), shown(raw)), "rounded, as declared (code "+code.String()+")", r.Event)
	if p.Readable {
		t.CheckValue(p, t.Get(t.Ref(p.SIID, p.PIID))[0])
	}
	return true
}

func write08(t *T) {
	t.Ready(ConnectLimit)
	t.quiet() // NOTIFY-07 watches
	before := t.Snapshot()
	found := false
	for _, p := range t.Rules.Properties() {
		if p.Writable {
			continue
		}
		found = true
		t.Each(MemberName(p.SIID, p.PIID), func() { before = t.refusesAll(p, before) })
	}
	if !found {
		t.NotApplicable("every property of the spec is writable")
	}
}

// refusesAll writes a lawful value to a property that is not writable.
func (t *T) refusesAll(p *miot.PropertyRule, before Snapshot) Snapshot {
	var now miot.Value
	if p.Readable {
		now, _ = miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
	}
	raw, differs := t.another(p, now)
	if !differs {
		if some := t.someValues(p); len(some) > 0 {
			raw = some[0]
		} else {
			t.NotApplicable("range and list leave %s no value (DECL-05)", label(p))
		}
	}
	want := []miot.Meaning{miot.MeaningNotWritable}
	if !p.Readable && !p.Notify {
		want = append(want, miot.MeaningNotFound) // an argument holds no value of its own
	}
	after := t.refuses(p, []rawValue{raw}, before, want...)
	if p.Readable && differs {
		// A sensor may move meanwhile, but hardly to just this value.
		got, _ := miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
		wrote, _ := p.Check(raw)
		t.Check(!got.Equal(wrote), label(p)+" not to hold the value that it refused", got.String(), t.last)
	}
	return after
}
