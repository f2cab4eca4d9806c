package web

import (
	"slices"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
)

// RunPage is a run: where it is now while it goes on, and its evidence afterwards.
type RunPage struct {
	Page
	Run       certification.Run
	Product   string
	Back      string // address of the page of its submission
	Progress  rig.RunProgress
	Access    *rig.Access // of the bench, for those who bring the device
	Questions []certification.Question
	Files     []certification.RunFile
	Groups    []CaseGroup

	Live      bool // it goes on: the page follows it
	Ended     bool
	MayAct    bool
	MayResume bool
	MayCancel bool
	Forms     *Forms
}

// CaseGroup are the cases of a group of the catalogue.
type CaseGroup struct {
	Name, Title string
	Open        bool // something in it is not quiet
	Cases       []CaseStep
	Counts      map[suite.Verdict]int
}

// CaseStep is a case of a run, or one member of it.
type CaseStep struct {
	ID, Title, Message string
	Verdict            suite.Verdict // empty: not yet
	Current            bool
	Link               string // to its records
	OOB                bool   // it replaces itself in a page that follows the run
}

// groupsOf puts the cases of a run into their groups: what they came to, where the
// run is, and what is to come.
func groupsOf(run certification.Run, p rig.RunProgress, outcomes []*suite.Outcome) []CaseGroup {
	found := map[string][]*suite.Outcome{}
	for _, o := range outcomes {
		found[o.Case] = append(found[o.Case], o)
	}
	cases, err := suite.Select(run.Plan, run.Cases)
	if err != nil { // a release that no longer has the plan's cases: what was found is shown
		for id := range found {
			cases = append(cases, id)
		}
		slices.Sort(cases)
	}
	var groups []CaseGroup
	for _, id := range cases {
		c, err := suite.Lookup(id)
		if err != nil {
			c = &suite.Case{ID: id}
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != c.Group() {
			groups = append(groups, CaseGroup{Name: c.Group(), Title: suite.GroupTitle(c.Group())})
		}
		g := &groups[len(groups)-1]
		steps := stepsOf(run, c, p, found[id])
		for _, s := range steps {
			if s.Verdict != "" {
				if g.Counts == nil {
					g.Counts = map[suite.Verdict]int{}
				}
				g.Counts[s.Verdict]++
			}
			g.Open = g.Open || s.Current || s.Verdict != "" && !quietVerdict(s.Verdict)
		}
		g.Cases = append(g.Cases, steps...)
	}
	return groups
}

func stepsOf(run certification.Run, c *suite.Case, p rig.RunProgress, outcomes []*suite.Outcome) []CaseStep {
	if len(outcomes) == 0 {
		return []CaseStep{{ID: c.ID, Title: c.Title, Verdict: p.Ended[c.ID], Current: p.Case == c.ID && run.State.Executing()}}
	}
	steps := make([]CaseStep, len(outcomes))
	for i, o := range outcomes {
		d := o.Decisive()
		steps[i] = CaseStep{ID: o.ID(), Title: c.Title, Verdict: o.Verdict, Link: transcriptLink(run.ID, d.Segment+1, c.ID)}
		if len(d.Findings) > 0 && !quietVerdict(o.Verdict) {
			steps[i].Message = d.Findings[0].Message
		}
	}
	return steps
}
