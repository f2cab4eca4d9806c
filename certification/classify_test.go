package certification_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
)

func says(parts ...certification.Part) *certification.ChangeStatement {
	st := &certification.ChangeStatement{}
	for _, p := range parts {
		st.Changes = append(st.Changes, certification.DeclaredChange{Part: p, What: "in words"})
	}
	return st
}

func TestClassify(t *testing.T) {
	const (
		A, B, C, D, E, F = certification.ClassA, certification.ClassB, certification.ClassC, certification.ClassD, certification.ClassE, certification.ClassF
		everything       = certification.ChangeClass("")
	)
	type facts = certification.Facts
	image := facts{Firmware: true}
	for _, c := range []struct {
		name    string
		says    *certification.ChangeStatement
		facts   facts
		class   certification.ChangeClass
		applies []certification.ChangeClass
		rule    string // or the rule that refuses it
	}{
		{"documents", says(certification.PartDocuments), facts{}, A, []certification.ChangeClass{A}, ""},
		{"packaging and colour", says(certification.PartPackaging), facts{}, A, []certification.ChangeClass{A}, ""},
		{"words of the spec", says(certification.PartDocuments), facts{SpecWords: true}, A, []certification.ChangeClass{A}, ""},
		{"words of the spec, declared as such", says(certification.PartSpec), facts{SpecWords: true}, A, []certification.ChangeClass{A}, ""},
		{"words of the spec, not declared", says(certification.PartApplication), facts{Firmware: true, SpecWords: true}, C, []certification.ChangeClass{B, A, C}, ""},
		{"application firmware", says(certification.PartApplication), image, B, []certification.ChangeClass{B}, ""},
		{"the network stack", says(certification.PartNetwork), image, C, []certification.ChangeClass{C, B}, ""},
		{"TLS", says(certification.PartTLS), image, C, []certification.ChangeClass{C, B}, ""},
		{"the bootloader", says(certification.PartBootloader), image, C, []certification.ChangeClass{C, B}, ""},
		{"key storage", says(certification.PartKeys), image, C, []certification.ChangeClass{C, B}, ""},
		{"application and TLS", says(certification.PartApplication, certification.PartTLS), image, C, []certification.ChangeClass{B, C}, ""},
		{"another platform firmware, declared", says(certification.PartNetwork), facts{Firmware: true, Platform: true}, C, []certification.ChangeClass{C, B}, ""},
		{"another platform firmware, not declared", says(certification.PartApplication), facts{Firmware: true, Platform: true}, C, []certification.ChangeClass{B, C}, ""},
		{"firmware that is not declared", says(certification.PartDocuments), image, C, []certification.ChangeClass{A, B, C}, ""},
		{"nothing declared at all", nil, facts{}, C, []certification.ChangeClass{C}, ""},
		{"nothing declared, another image", nil, image, C, []certification.ChangeClass{C, B}, ""},
		{"a spec version more", says(certification.PartSpec), facts{SpecWords: true, SpecStep: 1, SpecAdds: []string{"property 2.9"}}, D, []certification.ChangeClass{D}, ""},
		{"a spec version more, with firmware", says(certification.PartSpec, certification.PartApplication), facts{Firmware: true, SpecWords: true, SpecStep: 1}, D, []certification.ChangeClass{D, B}, ""},
		{"a spec version more, with TLS", says(certification.PartSpec, certification.PartTLS), facts{Firmware: true, SpecWords: true, SpecStep: 1}, C, []certification.ChangeClass{D, C, B}, ""},
		{"a spec version that is not declared", says(certification.PartApplication), facts{Firmware: true, SpecWords: true, SpecStep: 1}, C, []certification.ChangeClass{B, D, C}, ""},
		{"a hardware revision", says(certification.PartHardware), facts{NewHardware: []string{"B1"}}, E, []certification.ChangeClass{E}, ""},
		{"a hardware revision that is not declared", says(certification.PartPackaging), facts{NewHardware: []string{"B1"}}, E, []certification.ChangeClass{A, E, C}, ""},
		{"a secure element on a new board", says(certification.PartHardware, certification.PartKeys), facts{NewHardware: []string{"B1"}}, E, []certification.ChangeClass{E, C}, ""},
		{"another module", says(certification.PartModule), facts{Module: true, NewHardware: []string{"B1"}}, everything, []certification.ChangeClass{everything, E}, ""},
		{"another module that is not declared", nil, facts{Module: true}, everything, []certification.ChangeClass{C, everything}, ""},
		{"a new model", says(certification.PartModel, certification.PartApplication), facts{Model: true, Firmware: true}, F, []certification.ChangeClass{F}, ""},
		{"a new model with new hardware", says(certification.PartModel, certification.PartHardware), facts{Model: true, NewHardware: []string{"B1"}}, F, []certification.ChangeClass{F}, ""},

		{"firmware that is the certified one", says(certification.PartApplication), facts{}, "", nil, "statement-contradicts"},
		{"TLS in the certified image", says(certification.PartTLS), facts{NewHardware: []string{"B1"}}, "", nil, "statement-contradicts"},
		{"a spec that is the certified one", says(certification.PartSpec), image, "", nil, "statement-contradicts"},
		{"a revision that is certified", says(certification.PartHardware), image, "", nil, "statement-contradicts"},
		{"a module that is the same", says(certification.PartModule), image, "", nil, "statement-contradicts"},
		{"a model that is the same", says(certification.PartModel), image, "", nil, "statement-contradicts"},
		{"a spec that takes away", says(certification.PartSpec), facts{SpecWords: true, SpecStep: 1, SpecBreaks: []string{"property 2.1"}}, "", nil, "spec-additive"},
		{"a spec that adds without a version", says(certification.PartSpec), facts{SpecWords: true, SpecAdds: []string{"property 2.9"}}, "", nil, "spec-version"},
		{"a spec two versions on", says(certification.PartSpec), facts{SpecWords: true, SpecStep: 2}, "", nil, "spec-version"},
		{"a spec that goes back", nil, facts{SpecWords: true, SpecStep: -1}, "", nil, "spec-version"},
		{"a new model without a word", nil, facts{Model: true}, "", nil, "similarity-statement"},
		{"a new model that does not say so", says(certification.PartApplication), facts{Model: true, Firmware: true}, "", nil, "similarity-statement"},
		{"a new model whose firmware is not declared", says(certification.PartModel), facts{Model: true, Firmware: true}, "", nil, "similarity-statement"},
		{"a new model on another module", says(certification.PartModel), facts{Model: true, Module: true}, "", nil, "similarity-platform"},
		{"a new model on another platform firmware", says(certification.PartModel), facts{Model: true, Platform: true}, "", nil, "similarity-platform"},
		{"a new model with another TLS", says(certification.PartModel, certification.PartTLS), facts{Model: true}, "", nil, "similarity-platform"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := certification.Classify(c.says, c.facts)
			if c.rule != "" {
				wantRule(t, err, certification.ErrInvalid, c.rule)
				return
			}
			must(t, err)
			if got.Class != c.class || !slices.Equal(got.Applies, c.applies) {
				t.Errorf("class %q, applies %q, want %q and %q: %+v", got.Class, got.Applies, c.class, c.applies, got.Reasons)
			}
			for _, class := range got.Applies {
				if !slices.ContainsFunc(got.Reasons, func(r certification.ClassReason) bool { return r.Class == class && r.Why != "" }) {
					t.Errorf("no reason for class %q", class)
				}
			}
		})
	}
}

// Whatever is said, a class is never weaker than the facts demand, and saying more
// never makes it weaker than the facts alone with everything declared.
func TestAClassIsNeverWeakerThanTheFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := certification.Facts{
			Firmware: rapid.Bool().Draw(t, "firmware"), Module: rapid.Bool().Draw(t, "module"), Platform: rapid.Bool().Draw(t, "platform"),
			SpecWords: rapid.Bool().Draw(t, "words"),
		}
		if f.SpecWords {
			f.SpecStep = rapid.IntRange(0, 1).Draw(t, "step")
		}
		if rapid.Bool().Draw(t, "hardware") {
			f.NewHardware = []string{"B1"}
		}
		st := says(rapid.SliceOfDistinct(rapid.SampledFrom(certification.Parts()), func(p certification.Part) certification.Part { return p }).Draw(t, "says")...)
		if rapid.Bool().Draw(t, "silent") {
			st = nil
		}
		got, err := certification.Classify(st, f)
		if err != nil {
			return // a contradiction
		}
		least := map[certification.ChangeClass]bool{
			certification.ClassB: f.Firmware, certification.ClassC: f.Platform || st == nil, certification.ClassD: f.SpecStep == 1,
			certification.ClassE: len(f.NewHardware) > 0, "": f.Module,
		}
		if st != nil {
			for _, c := range st.Changes {
				if c.Part != certification.PartSpec || f.SpecStep == 1 {
					least[certification.ClassOfPart(c.Part)] = true
				}
			}
		}
		for class, demanded := range least {
			if demanded && (certification.Stronger(class, got.Class) || !slices.Contains(got.Applies, class)) {
				t.Fatalf("class %q, applies %q: %q is demanded by %+v and %+v", got.Class, got.Applies, class, f, st)
			}
		}
		// What applies together requires at least what each requires.
		all := required(certification.Required(got.Applies, "PM-1"))
		for _, class := range got.Applies {
			for id := range required(certification.Required([]certification.ChangeClass{class}, "PM-1")) {
				if !all[id] {
					t.Fatalf("%s is required by class %q, and not by %q together", id, class, got.Applies)
				}
			}
		}
	})
}

// required are the cases of the runs.
func required(r certification.Requirements) map[string]bool {
	out := make(map[string]bool)
	for _, run := range r.Runs {
		cases := run.Cases
		if len(cases) == 0 {
			cases, _ = run.Plan.Cases()
		}
		for _, id := range cases {
			out[id] = true
		}
	}
	return out
}

func TestEveryCaseIsOfThePlatformOrOfTheProduct(t *testing.T) {
	for _, c := range suite.Cases() {
		if certification.OfPlatform(c.ID) == certification.OfProduct(c.ID) {
			t.Errorf("%s is of the platform: %v, of the product: %v", c.ID, certification.OfPlatform(c.ID), certification.OfProduct(c.ID))
		}
	}
}

// The last table of the catalogue.
func TestRequired(t *testing.T) {
	if r := certification.Required([]certification.ChangeClass{certification.ClassA}, "PM-1"); len(r.Runs) != 0 || len(r.Inherited[0].Cases) != len(suite.Cases()) || r.Inherited[0].From != "PM-1" {
		t.Errorf("class A: %+v", r)
	}
	for name, applies := range map[string][]certification.ChangeClass{"first": nil, "another module": {"", certification.ClassE}} {
		if r := certification.Required(applies, "PM-1"); len(required(r)) != len(suite.Cases()) || len(r.Inherited) != 0 || r.Runs[1].SoakHours != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for _, c := range []struct {
		class       certification.ChangeClass
		with        []string
		without     []string
		soak        int
		regulatory  bool
		wholeGroups []string
	}{
		{certification.ClassB, []string{"SOAK-01"}, []string{"CONN-01", "SESS-04", "TOPIC-03", "TIME-01", "SOAK-02", "SEC-01", "NET-01"}, 4, false, []string{"DECL", "OTA", "READ", "WRITE", "NOTIFY", "ACT", "EVT"}},
		{certification.ClassC, []string{"CONN-03", "SESS-04", "SOAK-01", "SOAK-03"}, []string{"SESS-12", "SEC-02", "SOAK-04", "WRITE-14"}, 0, false, []string{"DECL", "TOPIC", "QOS", "ROB"}},
		{certification.ClassD, []string{"SOAK-01", "READ-01", "EVT-01"}, []string{"CONN-03", "SOAK-03"}, 4, false, []string{"DECL", "READ", "WRITE", "ACT"}},
		{certification.ClassE, []string{"SESS-12", "NET-05", "SEC-02", "SEC-10", "CONN-03", "SOAK-01"}, []string{"SOAK-04"}, 0, true, []string{"TOPIC"}},
		{certification.ClassF, []string{"READ-01", "SEC-01", "SOAK-01", "SESS-12"}, []string{"CONN-03", "SESS-04", "NET-01", "SOAK-03"}, 0, false, []string{"DECL", "READ", "WRITE", "SEC"}},
	} {
		r := certification.Required([]certification.ChangeClass{c.class}, "PM-1")
		run := required(r)
		for _, id := range c.with {
			if !run[id] {
				t.Errorf("class %s does not require %s", c.class, id)
			}
		}
		for _, id := range c.without {
			if run[id] || !slices.Contains(r.Inherited[0].Cases, id) {
				t.Errorf("class %s requires %s, or does not inherit it", c.class, id)
			}
		}
		for _, s := range suite.Cases() {
			if slices.Contains(c.wholeGroups, s.Group()) && !run[s.ID] {
				t.Errorf("class %s does not require %s", c.class, s.ID)
			}
			if run[s.ID] == slices.Contains(r.Inherited[0].Cases, s.ID) {
				t.Errorf("class %s: %s is both required and inherited, or neither", c.class, s.ID)
			}
		}
		if r.Runs[1].Plan != suite.Soak || r.Runs[1].SoakHours != c.soak || r.Regulatory != c.regulatory {
			t.Errorf("class %s: %+v", c.class, r.Runs[1])
		}
	}
	// C makes the soak of B a whole one again.
	if r := certification.Required([]certification.ChangeClass{certification.ClassB, certification.ClassC}, "PM-1"); r.Runs[1].SoakHours != 0 {
		t.Errorf("B and C: %+v", r.Runs[1])
	}
}
