package certification

import (
	"slices"

	"github.com/proofmark/proofmark/certification/suite"
)

// Requirements are what has to be run for a certificate, and what is taken over
// from another one.
type Requirements struct {
	Runs       []RequiredRun `json:"runs"`
	Inherited  []Inherited   `json:"inherited,omitempty"`
	Regulatory bool          `json:"regulatory,omitempty"` // the regulatory documents are needed again: the hardware is new
}

// RequiredRun is a run that has to be finished.
type RequiredRun struct {
	Plan      suite.Plan `json:"plan"`
	Cases     []string   `json:"cases,omitempty"`      // at least these; empty: all of the plan
	SoakHours int        `json:"soak_hours,omitempty"` // of SOAK-01; 0: all 24
}

// Inherited are cases whose outcomes stand in another certificate.
type Inherited struct {
	From  string   `json:"from"` // its serial
	Cases []string `json:"cases"`
}

// Required gives what the submission's class requires.
func (s Submission) Required() Requirements {
	if s.Classification == nil {
		return Required(nil, "")
	}
	return Required(s.Classification.Applies, s.follows())
}

// requires says whether a run of the submission has to include the case.
func (s Submission) requires(id string) bool {
	return slices.ContainsFunc(s.Required().Runs, func(run RequiredRun) bool {
		cases, err := suite.Select(run.Plan, run.Cases)
		return err == nil && slices.Contains(cases, id)
	})
}

// Required gives what the classes that apply require together, by the last table
// of docs/catalogue.md; what need not run again is inherited from the certificate
// with the serial. No class is a first certification: everything runs.
func Required(applies []ChangeClass, serial string) Requirements {
	if len(applies) == 0 || slices.Contains(applies, "") {
		return Requirements{Runs: []RequiredRun{{Plan: suite.Full}, {Plan: suite.Soak}}}
	}
	run := make(map[string]bool)
	short := true
	for _, class := range applies {
		for _, c := range suite.Cases() {
			if requires(class, c) {
				run[c.ID] = true
			}
		}
		short = short && (class == ClassA || class == ClassB || class == ClassD)
	}
	r := Requirements{Runs: []RequiredRun{}}
	inherited := Inherited{From: serial}
	for _, plan := range []suite.Plan{suite.Full, suite.Soak} {
		all, err := plan.Cases()
		if err != nil {
			panic(err) // the suite's own plans
		}
		cases := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return !run[id] })
		for _, id := range all {
			if !run[id] {
				inherited.Cases = append(inherited.Cases, id)
			}
		}
		if len(cases) == 0 {
			continue
		}
		required := RequiredRun{Plan: plan, Cases: cases}
		if len(cases) == len(all) {
			required.Cases = nil
		}
		if plan == suite.Soak && short {
			required.SoakHours = suite.ShortSoak
		}
		r.Runs = append(r.Runs, required)
	}
	if len(inherited.Cases) > 0 {
		slices.Sort(inherited.Cases)
		r.Inherited = []Inherited{inherited}
	}
	r.Regulatory = slices.Contains(applies, ClassE)
	return r
}

// requires is the last table of docs/catalogue.md.
func requires(class ChangeClass, c *suite.Case) bool {
	switch class {
	case ClassA:
		return false
	case ClassB:
		return slices.Contains(firmwareGroups, c.Group()) || c.ID == "SOAK-01"
	case ClassC:
		return !c.Needs.Operator
	case ClassD:
		// New members in full: every case that is expanded over members.
		req, ok := suite.RequirementOf(c.Requirement)
		return requires(ClassB, c) || ok && req.Each
	case ClassE:
		return requires(ClassC, c) || slices.Contains(hardwareCases, c.ID)
	case ClassF:
		return !OfPlatform(c.ID)
	}
	return true
}

var (
	// firmwareGroups show what an application firmware may break.
	firmwareGroups = []string{"DECL", "OTA", "READ", "WRITE", "NOTIFY", "ACT", "EVT"}
	// hardwareCases need an operator, and what they show may change with the board.
	hardwareCases = []string{"SESS-12", "NET-05", "SEC-02", "SEC-10"}
)
