package suite

import (
	"fmt"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// The device type and every inner type SHALL be URNs, the model the declared one.
		&Case{
			ID: "DECL-01", Version: 1, Requirement: "DECL-01", Title: "Types are URNs of the declared model", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "proofmark spec lint --certification names each type and what is wrong with it.",
			Run: func(t *T) {
				t.lint()
				t.model()
			},
		},
		// The first service SHALL be device-information, iid 1, with four readable properties.
		&Case{
			ID: "DECL-02", Version: 1, Requirement: "DECL-02", Title: "Service 1 is device-information", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "Add the standard service urn:miot-spec-v2:service:device-information:00007801 with properties 1.1 to 1.4 in the first place.",
			Run:   (*T).lint,
		},
		// iids SHALL be integers from 1, unique at their level.
		&Case{
			ID: "DECL-03", Version: 1, Requirement: "DECL-03", Title: "iids are unique", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "Number services in the device, and properties, actions and events each in their service, from 1.",
			Run:   (*T).lint,
		},
		// Format SHALL be one of eleven, access a subset of read, write, notify.
		&Case{
			ID: "DECL-04", Version: 1, Requirement: "DECL-04", Title: "Formats and access", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "Only a property that is nothing but an argument has no access.",
			Run:   (*T).lint,
		},
		// Ranges on numbers, lists on integers, never both, nothing outside the format.
		&Case{
			ID: "DECL-05", Version: 1, Requirement: "DECL-05", Title: "Ranges and lists", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "max must lie on a step: move it, or choose a finer step.",
			Run:   (*T).lint,
		},
		// Arguments SHALL name properties of the same service.
		&Case{
			ID: "DECL-06", Version: 1, Requirement: "DECL-06", Title: "Arguments name properties", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "Each piid in in, out and arguments is a property of the service that the action or event belongs to.",
			Run:   (*T).lint,
		},
		// The declaration SHALL be complete and not contradict the document.
		&Case{
			ID: "DECL-07", Version: 1, Requirement: "DECL-07", Title: "The declaration is complete", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "docs/declaration.md explains each field; proofmark test --init writes one with everything that the spec says already.",
			Run:   decl07,
		},
		// A new instance version SHALL only add to the certified one.
		&Case{
			ID: "DECL-08", Version: 1, Requirement: "DECL-08", Title: "A new version only adds", Level: Conditional,
			Needs: Needs{Offline: true},
			Hint:  "What was certified must stay as it is; proofmark spec diff shows what was changed. Anything else is a new product version.",
			Run:   decl08,
		},
	)
}

// lint judges the document by the linter's rules that belong to the case. The
// linter reads the bytes as they are in the header: members that are named
// twice are gone once a document was parsed.
func (t *T) lint() {
	findings, err := miot.LintDocument(t.Header.Spec, miot.LintForCertification)
	if !t.Check(err == nil, "a document that is JSON", fmt.Sprint(err)) {
		t.Stop()
	}
	rules, judged := sentences()
	clean := true
	for _, f := range findings {
		// What has not the shape of a document is not looked at any further, so
		// no other rule may pass on it.
		if f.Rule == shapeRule && t.Case.ID != "DECL-01" {
			t.Check(false, "a document that can be read", f.Pointer+": "+f.Message+" (DECL-01)")
			clean = false
		}
		if f.Requirement != t.Case.ID {
			continue
		}
		clean = false
		see := t.Check
		if f.Severity == miot.SeverityWarning {
			see = t.Advise
		}
		see(false, rules[f.Rule]+" ("+f.Rule+")", f.Pointer+": "+f.Message+" "+f.Mend)
	}
	if clean {
		t.Check(judged[t.Case.ID] > 0, "rules that judge it", "none")
	}
}

const shapeRule = "MIOT-DOC-01"

// sentences gives each rule's sentence, and how many rules each case has.
func sentences() (map[string]string, map[string]int) {
	text, n := make(map[string]string), make(map[string]int)
	for _, r := range miot.LintRules() {
		text[r.ID] = r.Sentence
		n[r.Requirement]++
	}
	return text, n
}

func (t *T) model() {
	device, err := t.Spec.URN()
	if err != nil {
		return // a rule of the linter has said so
	}
	t.Check(device.Model == t.Declaration.Model, "the declared model "+quoted(t.Declaration.Model), quoted(device.Model)+" in the device type")
}

func decl07(t *T) {
	problems := t.Declaration.Validate(t.Spec)
	for _, p := range problems {
		t.Check(false, "a complete declaration that does not contradict the spec", p.String())
	}
	if len(problems) == 0 {
		t.Check(true, "a complete declaration", "")
	}
}

func decl08(t *T) {
	if t.Previous == nil {
		t.NotApplicable("no version before this one is certified")
	}
	changes := miot.Diff(t.Previous, t.Spec)
	for _, c := range changes {
		if c.Breaking {
			t.Check(false, "a new version that only adds", c.String())
		}
	}
	if changes.Additive() {
		t.Check(true, "a new version that only adds", "")
	}
}

func quoted(s string) string {
	if s == "" {
		return "none"
	}
	return fmt.Sprintf("%q", s)
}
