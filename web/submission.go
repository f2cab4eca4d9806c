package web

import (
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
)

// SubmissionPage is a submission as its vendor sees it, with all that can be done to
// it now.
type SubmissionPage struct {
	Page
	Submission  certification.Submission
	Mine        bool // the visitor acts for its organisation
	Way         []StepView
	Asked       []certification.Asked
	Missing     []string // required cases without a verdict
	Certificate string   // serial, once it has one
	MayReopen   bool
	MayWithdraw bool
	MayDocument bool // documents and the change statement may be changed
	MayComment  bool

	Screened *certification.Screened
	Access   *rig.Access
	Runs     []RunRow

	Plans, Transports, Repeats []Option

	SpecOptions     []Option
	FactsForm       *Form
	DeclarationForm *Form
	Kinds           []DocumentKindView
	KindOptions     []Option

	Statement  string // serial of what it follows; empty: nothing is to be stated
	Change     *certification.SignedChange
	ChangeRows []ConditionRow
	Parts      []Option

	Comments  []certification.Comment
	Decisions []certification.FeedbackWord
	Waivers   []certification.PublicWaiver
	History   []DeedView
	People    Names
	Team      map[string]bool // accounts of the organisation
	OrgName   string
	Forms     *Forms
}

// DeedView is something that was done to a submission.
type DeedView struct {
	What, Who string
	At        time.Time
}

// DocumentKindView is a kind of document with those that there are.
type DocumentKindView struct {
	certification.DocumentKind
	Documents []certification.Document
}

// Author is whose comment it is: a vendor learns no reviewer's name.
func (p *SubmissionPage) Author(c certification.Comment) string {
	if c.Vendor {
		return p.People.Who(c.By)
	}
	return p.Site.Say("submission.reviewer")
}

// wayOf is the way of a submission to its certificate.
func wayOf(s certification.SubmissionState) []StepView {
	names := []string{"draft", "screening", "testing", "review", "issuing"}
	at := map[certification.SubmissionState]int{
		certification.Submitted: 1, certification.Screening: 1, certification.Testing: 2, certification.ChangesRequested: 2,
		certification.InReview: 3, certification.Approved: 4, certification.Issuing: 4, certification.Certified: len(names), certification.Rejected: 3,
	}[s]
	out := make([]StepView, len(names))
	for i, name := range names {
		out[i] = StepView{Name: name, State: "later"}
		switch {
		case s == certification.Withdrawn:
		case i < at:
			out[i].State = "done"
		case i == at:
			out[i].State = "now"
		}
	}
	return out
}

// kindsOf puts documents to their kinds: those that are there or required.
func kindsOf(docs []certification.Document) []DocumentKindView {
	var out []DocumentKindView
	for _, k := range certification.DocumentKinds {
		v := DocumentKindView{DocumentKind: k}
		for _, d := range docs {
			if d.Kind == k.Kind {
				v.Documents = append(v.Documents, d)
			}
		}
		if k.Required || len(v.Documents) > 0 || k.Kind == certification.FirmwareImage {
			out = append(out, v)
		}
	}
	return out
}

// mayMove says whether the table of states lets a vendor make that move.
func mayMove(s certification.SubmissionState, to certification.SubmissionState) bool {
	return certification.MayMove(certification.SubmissionMoves, s, to, certification.ByVendor)
}

// reopens says whether the submission can become a draft again: of a draft itself
// there is nothing to reopen.
func reopens(s certification.SubmissionState) bool {
	return slices.Contains([]certification.SubmissionState{certification.Testing, certification.ChangesRequested}, s) && mayMove(s, certification.Draft)
}
