package certification

import (
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

// reviewRules refuse an approval, or what a reviewer does on the way to it.
var reviewRules = []Rule{
	{"own-submission", "Who made a submission does not judge it."},
	{"run-operator", "Who had a hand in a run of a submission does not judge it."},
	{"wrong-state", "A submission is decided on, marked and waived while it is in review."},
	{"evidence-changed", "A decision, an approval or a mark is of what was seen: it names the SHA-256 of the evidence or of the papers, and counts as long as that is the same."},
	{"two-approvers", "Two different reviewers without a tie approve the same evidence."},
	{"approved-already", "The second approval is another reviewer's."},
	{"not-approved", "Only who has approved takes an approval back."},
	{"changes-outstanding", "Another reviewer asked for changes, or rejected, on this very evidence, and nothing has changed since."},
	{"checklist", "One of the approvers has marked each item of the checklist as all right, for the papers as they are."},
	{"unknown-item", "Only items of the checklist of the submission's classes are marked."},
	{"class-unconfirmed", "A reviewer without a tie confirms the class of a change."},
	{"source-certificate", "Cases are inherited from the certificate that is followed, while it is active or suspended, or from the parent, while it is active."},
	{"runs-missing", "A review begins once each case that has to be run has a verdict, by a run of this firmware, spec and declaration with the present release of the suite."},
	{"case-open", "Each case that is required has a verdict; what never ran cannot be waived."},
	{"case-failed", "A FAIL stands unless a waiver covers it."},
	{"case-skipped", "What was skipped is run, or waived."},
	{"case-inconclusive", "What came to no conclusion is run again, or waived."},
	{"case-repeated", "A FAIL is taken back by three passes in a row, and leaves a WARN."},
	{"case-review", "A REVIEW verdict is accepted by a reviewer without a tie, for the run that it is of."},
	{"accept-review", "Only a REVIEW verdict is accepted by a person."},
	{"accept-run", "An acceptance names the run whose verdict it is of."},
	{"stale-firmware", "Each verdict is of the submission's firmware."},
	{"stale-suite", "Each verdict is of the suite's release that counts."},
	{"unknown-case", "The case is one that the submission needs."},
	{"asked", "A request for changes says what has to change, each in 10 characters at least."},
	{"reason", "A request, a rejection, a repetition, and whatever takes something back, says why, in 10 to 10,000 characters."},
	{"note", "A mark and an acceptance have a note."},
	{"condition-text", "At most 20 conditions, each of 10 to 10,000 characters."},
	{"condition-date", "A condition is due after now and within 180 days."},
	{"comment-text", "A comment has 1 to 10,000 characters."},
	{"comment-reply", "A comment answers one that its author sees, and is public only where that is."},
}

// Refusals are several reasons at once.
type Refusals []*Refusal

// Error implements error.
func (rs Refusals) Error() string {
	words := make([]string, len(rs))
	for i, r := range rs {
		words[i] = r.Error()
	}
	return strings.Join(words, "; ")
}

// Unwrap gives each.
func (rs Refusals) Unwrap() []error {
	errs := make([]error, len(rs))
	for i, r := range rs {
		errs[i] = r
	}
	return errs
}

// passesAfterFail is how often a case must pass after it failed (catalogue, rule 5).
const passesAfterFail = 3

// Approvers is how many reviewers have to approve.
const Approvers = 2

// ReadyToApprove is the guard of design §6: it says everything that stands
// against the approval of what the dossier shows, and nothing where it may be
// approved. It is a pure function; the dossier is assembled for the same moment.
func ReadyToApprove(d *Dossier, decisions []Decision, marks []Mark, ties *Ties, now time.Time) Refusals {
	approvers, not := Counting(d, decisions, ties)
	rs := open(d, decisions, marks, approvers, ties, now)
	if len(approvers) < Approvers {
		rs = append(rs, not...)
		rs = append(rs, Refuse(ErrState, "two-approvers", "approved by %d; want %d different reviewers without a tie to the vendor or its runs", len(approvers), Approvers))
	}
	return rs
}

// open is what stands against any approval, the first as the second.
func open(d *Dossier, decisions []Decision, marks []Mark, approvers []string, ties *Ties, now time.Time) Refusals {
	rs := settled(d, ties, now)
	rs = append(rs, outstanding(d, decisions, ties)...)
	return append(rs, unmarked(d, marks, approvers, ties)...)
}

// settled says what is open in the evidence itself.
func settled(d *Dossier, ties *Ties, now time.Time) (rs Refusals) {
	if len(d.Cases) == 0 && d.Submission.Class != ClassA {
		rs = append(rs, Refuse(ErrState, "case-open", "no case is required of submission %s; only class A goes without", d.Submission.ID))
	}
	if s := d.Source; s != nil && !s.may(d.Submission.Parent) {
		rs = append(rs, Refuse(ErrState, "source-certificate", "it rests on certificate %s, which is %s", s.Serial, s.State))
	}
	if r := confirmed(&d.Submission, ties); r != nil {
		rs = append(rs, r)
	}
	for i := range d.Cases {
		if r := stands(d, &d.Cases[i]); r != nil {
			rs = append(rs, r)
		}
	}
	for _, c := range d.Conditions {
		if r := checkCondition(c, now); r != nil {
			rs = append(rs, r)
		}
	}
	return rs
}

// may says whether the certificate can be rested on: the parent of another model
// only while it is active, one that is followed also while it is suspended, which
// the new one may mend.
func (s *Source) may(parent string) bool {
	return s.State == Active || s.State == Suspended && s.Serial != parent
}

// confirmed says why the class of the change does not stand yet.
func confirmed(s *Submission, ties *Ties) *Refusal {
	if !s.Confirmed() {
		return Refuse(ErrState, "class-unconfirmed", "no reviewer has confirmed that the change is of class %s", className(s.Class))
	}
	if s.Classification == nil {
		return nil
	}
	if r := ties.Against(s.Classification.ConfirmedBy); r != nil {
		return Refuse(ErrState, "class-unconfirmed", "the class was confirmed by somebody whose word does not count: %s", r.Detail)
	}
	return nil
}

// stands says why a case is not settled. What never ran, and what ran on other
// firmware or with another release, is nothing that a waiver could cover.
func stands(d *Dossier, c *CaseEvidence) *Refusal {
	switch {
	case c.Inherited != "":
		if d.Source == nil || d.Source.Serial != c.Inherited {
			return Refuse(ErrState, "source-certificate", "%s is inherited from %s, which submission %s does not follow", c.ID, c.Inherited, d.Submission.ID)
		}
		if c.Verdict == "" {
			return Refuse(ErrState, "case-open", "%s was not run for %s, which it would be inherited from", c.ID, c.Inherited)
		}
	case c.Verdict == "":
		return Refuse(ErrState, "case-open", "%s has not been run", c.ID)
	case c.Firmware != d.Submission.Firmware.SHA256:
		return Refuse(ErrState, "stale-firmware", "%s was run on firmware %s, the submission has %s", c.ID, c.Firmware, d.Submission.Firmware.SHA256)
	case c.Suite != d.Suite:
		return Refuse(ErrState, "stale-suite", "%s was judged by suite %s, %s counts", c.ID, c.Suite, d.Suite)
	}
	if c.Waiver != "" {
		return nil
	}
	switch c.Verdict {
	case suite.Pass, suite.Warn, suite.NotFor:
		switch {
		case c.Failed > 0 && c.Attempts-c.Failed < passesAfterFail:
			return Refuse(ErrState, "case-repeated", "%s: %d of %d failed; a FAIL is taken back by %d passes in a row", c.ID, c.Failed, c.Attempts, passesAfterFail)
		case c.Failed > 0 && c.Verdict == suite.Pass:
			return Refuse(ErrState, "case-repeated", "%s: %d of %d failed, so it is a WARN at best", c.ID, c.Failed, c.Attempts)
		}
		return nil
	case suite.Review:
		if c.Accepted == nil {
			return Refuse(ErrState, "case-review", "%s is REVIEW, and no reviewer has accepted the verdict of run %s", c.ID, c.Run)
		}
		return nil
	case suite.Skipped:
		return Refuse(ErrState, "case-skipped", "%s was skipped: what it needs was not at hand", c.ID)
	case suite.Inconclusive:
		return Refuse(ErrState, "case-inconclusive", "%s came to no conclusion: run it again", c.ID)
	}
	return Refuse(ErrState, "case-failed", "%s is %s, and no waiver covers it", c.ID, c.Verdict)
}

// Counting gives the reviewers whose approval counts now, and why others' do not.
func Counting(d *Dossier, decisions []Decision, ties *Ties) (approvers []string, not Refusals) {
	for _, dec := range decisions {
		if dec.Kind != Approve || dec.Round != d.Submission.Round {
			continue
		}
		switch r := ties.Against(dec.Reviewer); {
		case dec.Evidence != d.SHA256:
			not = append(not, Refuse(ErrState, "evidence-changed", "the approval of %s was for evidence %.12s…; it is %.12s… now", dec.Reviewer, dec.Evidence, d.SHA256))
		case r != nil:
			r.Detail = "the approval does not count: " + r.Detail
			not = append(not, r)
		case !slices.Contains(approvers, dec.Reviewer):
			approvers = append(approvers, dec.Reviewer)
		}
	}
	return approvers, not
}

// outstanding are the reviewers who asked for changes, or rejected, on this very
// evidence: nothing has been done about it.
func outstanding(d *Dossier, decisions []Decision, ties *Ties) (rs Refusals) {
	for _, dec := range decisions {
		if dec.Kind != Approve && dec.Round == d.Submission.Round && dec.Evidence == d.SHA256 && ties.Against(dec.Reviewer) == nil {
			rs = append(rs, Refuse(ErrState, "changes-outstanding", "%s said %s on this evidence, and nothing has changed since", dec.Reviewer, dec.Kind))
		}
	}
	return rs
}

// unmarked says which items of the checklist are open. Once there are two
// approvers, one of them has to have marked each.
func unmarked(d *Dossier, marks []Mark, approvers []string, ties *Ties) (rs Refusals) {
	for _, item := range Checklist(d.Submission.applies()) {
		m, ok := marked(marks, item.ID, d.Papers, func(by string) bool {
			return ties.Against(by) == nil && (len(approvers) < Approvers || slices.Contains(approvers, by))
		})
		switch {
		case !ok:
			rs = append(rs, Refuse(ErrState, "checklist", "checklist item %s is not marked by an approver for these papers: %s", item.ID, item.Text))
		case !m.OK:
			rs = append(rs, Refuse(ErrState, "checklist", "checklist item %s is not all right: %s", item.ID, m.Note))
		}
	}
	return rs
}

// marked is the word that stands for an item: of those who count the last.
func marked(marks []Mark, item, papers string, counts func(by string) bool) (Mark, bool) {
	for _, m := range slices.Backward(marks) {
		if m.Item == item && m.Papers == papers && counts(m.By) {
			return m, true
		}
	}
	return Mark{}, false
}
