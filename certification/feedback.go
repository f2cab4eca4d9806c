package certification

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// Feedback is a review as the vendor sees it: what was decided and why, what has to
// change, the public comments. Who the reviewers are, and what they think of it
// among themselves, is not in it.
type Feedback struct {
	Submission string          `json:"submission"`
	State      SubmissionState `json:"state"`
	Reason     string          `json:"reason,omitempty"`
	Round      int             `json:"round"`
	Counts     map[string]int  `json:"counts"` // of cases by verdict
	Asked      []Asked         `json:"asked"`  // what has to change now
	Decisions  []FeedbackWord  `json:"decisions"`
	Comments   []Comment       `json:"comments"`
	Conditions []Condition     `json:"conditions"`
	Waivers    []PublicWaiver  `json:"waivers"` // that were approved, ended ones too
}

// FeedbackWord is a decision without who took it.
type FeedbackWord struct {
	Round  int          `json:"round"`
	Kind   DecisionKind `json:"kind"`
	Reason string       `json:"reason,omitempty"`
	Asked  []Asked      `json:"asked,omitempty"`
	At     time.Time    `json:"at"`
}

// Feedback is the review of a submission for a member of its organisation. To
// others the submission is not there.
func (r *Reviews) Feedback(ctx context.Context, actor Actor, id string) (Feedback, error) {
	s, err := r.store.Submission(ctx, id)
	if err != nil {
		return Feedback{}, err
	}
	if !actor.MayRead(s.Org) {
		return Feedback{}, fmt.Errorf("submission %s: %w", id, registry.ErrNotFound)
	}
	rv, err := r.evidence(ctx, s)
	if err != nil {
		return Feedback{}, err
	}
	return rv.feedback(), nil
}

func (rv *Review) feedback() Feedback {
	s := &rv.Submission
	f := Feedback{
		Submission: s.ID, State: s.State, Reason: s.Reason, Round: s.Round, Counts: rv.Counts, Asked: []Asked{}, Decisions: []FeedbackWord{},
		Comments: []Comment{}, Conditions: []Condition{}, Waivers: []PublicWaiver{},
	}
	for _, d := range slices.Concat(rv.Earlier, rv.Decisions) {
		f.Decisions = append(f.Decisions, FeedbackWord{d.Round, d.Kind, d.Reason, d.Asked, d.At})
		if d.Kind == RequestChanges && d.Round == s.Round && s.State == ChangesRequested {
			f.Asked = d.Asked // the last one stands: it was the one that moved it
		}
	}
	for _, c := range rv.Comments {
		if c.Public {
			f.Comments = append(f.Comments, c.ForVendor())
		}
	}
	f.Conditions = append(f.Conditions, rv.Conditions...)
	for _, w := range rv.Waivers {
		if w.State == WaiverApproved || w.State == WaiverEnded && !w.DecidedAt.IsZero() {
			f.Waivers = append(f.Waivers, w.Public())
		}
	}
	return f
}

// ReviewFor is the review for a reviewer or an operator. Who belongs to the vendor
// does not see what reviewers say among themselves.
func (r *Reviews) ReviewFor(ctx context.Context, actor Actor, id string) (*Review, error) {
	return r.readFor(ctx, actor, id, r.review)
}

// EvidenceFor is ReviewFor without its hashes and without what follows from them: the
// members Papers, SHA256, Approvers, Against and Checklist are empty.
func (r *Reviews) EvidenceFor(ctx context.Context, actor Actor, id string) (*Review, error) {
	return r.readFor(ctx, actor, id, r.evidence)
}

func (r *Reviews) readFor(ctx context.Context, actor Actor, id string, how func(context.Context, Submission) (*Review, error)) (*Review, error) {
	if !actor.Reviewer && !actor.Operator {
		return nil, Refuse(ErrForbidden, "reviewer-only", "account %q does not act as a reviewer", actor.Account)
	}
	rv, err := r.read(ctx, id, how)
	if err != nil {
		return nil, err
	}
	if actor.Of(rv.Submission.Org) || slices.Contains(rv.ties.Members, actor.Account) {
		return nil, Refuse(ErrForbidden, "no-tie", "account %s is a member of %s, or was when it was submitted", actor.Account, rv.Submission.Org)
	}
	return rv, nil
}
