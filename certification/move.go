package certification

import (
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/notice"
)

// Step is a move of a submission that somebody wants to make.
type Step struct {
	To     SubmissionState
	By     Mover
	Who    string // acc_…, or audit.System
	At     time.Time
	Reason string
	Detail any // what the audit entry is to hold beside the reason; may be nil
}

// Record is what is stored in the transaction of a change, beside the change.
type Record struct {
	Entries []audit.Entry
	Notices []notice.Notice
}

func (r Record) and(other Record) Record {
	return Record{append(r.Entries, other.Entries...), append(r.Notices, other.Notices...)}
}

// Moved is what a listener hears of a move.
type Moved struct {
	Submission string          `json:"submission"`
	Product    string          `json:"product"`
	Model      string          `json:"model"`
	From       SubmissionState `json:"from"`
	State      SubmissionState `json:"state"`
	Round      int             `json:"round"`
	Reason     string          `json:"reason,omitempty"`
}

// moved is the detail of an audit entry.
type moved struct {
	From   SubmissionState `json:"from"`
	To     SubmissionState `json:"to"`
	Reason string          `json:"reason,omitempty"`
	Detail any             `json:"detail,omitempty"`
}

// Move gives what the step makes of the submission, and what is to be recorded
// with it. It knows the table of states and nothing else: guards are the caller's,
// and so is storing the result, which only succeeds where the submission still is
// as it was seen. Every move of every part of the programme goes through here.
func (s Submission) Move(step Step) (Submission, Record, error) {
	if !MayMove(SubmissionMoves, s.State, step.To, step.By) {
		return s, Record{}, Refuse(ErrState, "state-table", "submission %s is %s: %s cannot make it %s", s.ID, s.State, theMover(step.By), step.To)
	}
	from := s.State
	s.State, s.Reason, s.UpdatedAt = step.To, step.Reason, step.At
	entry, err := audit.New(step.At, step.Who, "submission."+string(step.To), s.ID, s.Org, moved{from, step.To, step.Reason, step.Detail})
	if err != nil {
		return s, Record{}, err
	}
	n, err := notice.New(step.At, "submission."+string(step.To), s.ID, s.Org, Moved{s.ID, s.Product, s.Model, from, step.To, s.Round, step.Reason})
	if err != nil {
		return s, Record{}, err
	}
	return s, Record{[]audit.Entry{entry}, []notice.Notice{n}}, nil
}

func theMover(by Mover) string {
	if by == ByProgramme {
		return "the programme"
	}
	return "a " + string(by)
}

// asMember refuses who may not act for the organisation.
func asMember(a Actor, org string) error {
	if !a.Of(org) {
		return Refuse(ErrForbidden, "member-only", "account %s is no member of %s", a.Account, org)
	}
	return nil
}

// asReviewer refuses who may not judge what the organisation submits.
func asReviewer(a Actor, org string) error {
	switch {
	case !a.Reviewer:
		return Refuse(ErrForbidden, "reviewer-only", "account %s is no reviewer", a.Account)
	case a.Of(org):
		return Refuse(ErrForbidden, "no-tie", "account %s is a member of %s, whose submission it is", a.Account, org)
	}
	return nil
}

// Editable says whether the vendor may change papers in that state: what the
// submission says of itself only in a draft, documents and statements also where
// changes were requested.
func (s SubmissionState) Editable() bool {
	return slices.Contains([]SubmissionState{Draft, ChangesRequested}, s)
}
