package web

import (
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
)

// ReviewQueue is what waits for reviewers.
type ReviewQueue struct {
	Page
	Tab     string
	Level   certification.ServiceLevel
	Rows    []certification.Queued
	People  Names
	State   string // the chosen ones
	Class   string
	Looked  string // me, none, or empty for any
	States  []certification.SubmissionState
	Classes []certification.ChangeClass
	Next    string
}

// ReviewPage is a submission as its reviewers see it: what stands against it, the
// evidence, and the ways to decide.
type ReviewPage struct {
	Page
	Review    *certification.Review
	OrgName   string
	Since     time.Time // in its state
	People    Names
	Runs      []RunRow
	Attention []certification.CaseEvidence // cases that somebody has to look at

	Claimed      bool // by the reader
	Mine         bool // the reader has approved it
	MayConfirm   bool // its class
	ClassOptions []Option
	Conditions   []ConditionRow
	Forms        *Forms
}

// Quiet is how many cases passed or do not apply: they have pages of their own.
func (p *ReviewPage) Quiet() int { return len(p.Review.Cases) - len(p.Attention) }

// ConditionRows are the conditions as they are, and room for two more.
func (p *ReviewPage) ConditionRows() []ConditionRow { return p.Conditions }

// ConditionRow is a condition on its way through a form.
type ConditionRow struct{ Name, DueName, Text, Due string }

// RunRow is a run in a table.
type RunRow struct {
	Run    certification.Run
	Counts bool
	Why    string // it does not count
}

// CasesPage lists all cases of a submission, those first that somebody has to look at.
type CasesPage struct {
	Page
	Submission certification.Submission
	Counts     map[string]int
	Of, From   int // how many there are, and which is the first of the page
	Rows       []certification.CaseEvidence
	Next       string
}

// Last is the number of the last case of the page.
func (p *CasesPage) Last() int { return p.From + len(p.Rows) - 1 }

// CasePage is the evidence of one case: beside it what was found in the certified
// version, and below the records that it rests on.
type CasePage struct {
	Page
	Submission certification.Submission
	Case       certification.CaseEvidence
	Before     string // the case before, and the one after
	After      string

	Was         *certification.CaseEvidence // nil: there is nothing to compare with
	WasSerial   string
	WasFirmware string

	Records  []RecordView
	Partly   bool         // there are more
	Broken   string       // why they cannot be shown: they are not what was stored
	Marked   map[int]bool // records that a finding names
	Comments []certification.Comment
	Waivers  []certification.Waiver
	People   Names

	MayAccept   bool
	MayWaive    bool
	WhyNotWaive string
	Forms       *Forms
}

// byNeed are the cases in the order in which somebody has to look at them.
func byNeed(cases []certification.CaseEvidence) []certification.CaseEvidence {
	attention, quiet := split(cases)
	return slices.Concat(attention, quiet)
}

// split parts what needs a look from what does not, the gravest first.
func split(cases []certification.CaseEvidence) (attention, quiet []certification.CaseEvidence) {
	for _, c := range cases {
		if quietVerdict(c.Verdict) {
			quiet = append(quiet, c)
		} else {
			attention = append(attention, c)
		}
	}
	byRank(attention)
	return attention, quiet
}
