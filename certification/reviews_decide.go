package certification

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// Ruling is what a reviewer decides.
type Ruling struct {
	Evidence string  // Dossier.SHA256 of what the reviewer saw
	Reason   string  // for the vendor; needed for all but an approval
	Note     string  // for reviewers
	Asked    []Asked // of RequestChanges
}

// Approve is the word of one reviewer. The second that counts makes the submission
// approved, in the same transaction.
func (r *Reviews) Approve(ctx context.Context, actor Actor, id string, in Ruling) (*Review, error) {
	return r.change(ctx, actor, id, func(rv *Review, c *ReviewChange) error {
		if err := rv.decidable(in); err != nil {
			return err
		}
		if slices.Contains(rv.Approvers, actor.Account) {
			return Refuse(ErrState, "approved-already", "account %s has approved this evidence already; the second approval is for another reviewer", actor.Account)
		}
		d := rv.decision(actor, Approve, in)
		decisions := append(slices.DeleteFunc(slices.Clone(rv.Decisions), func(o Decision) bool { return o.Reviewer == actor.Account }), *d)
		approvers, _ := Counting(&rv.Dossier, decisions, &rv.ties)
		if against := open(&rv.Dossier, decisions, rv.marks, approvers, &rv.ties, rv.now); len(against) > 0 {
			return against
		}
		c.Decision = d
		if err := c.note(rv.now, actor.Account, "submission.approval-given", id, rv.Submission.Org, d); err != nil {
			return err
		}
		if len(approvers) < Approvers {
			return nil
		}
		return c.move(Step{To: Approved, By: ByReviewer, Who: actor.Account, At: rv.now, Detail: d})
	})
}

// RequestChanges sends the submission back to its vendor with what has to change.
func (r *Reviews) RequestChanges(ctx context.Context, actor Actor, id string, in Ruling) (*Review, error) {
	return r.change(ctx, actor, id, func(rv *Review, c *ReviewChange) error {
		if err := rv.decidable(in); err != nil {
			return err
		}
		if err := refused(checkAsked(in.Asked, rv.Cases)); err != nil {
			return err
		}
		return rv.turnDown(c, actor, RequestChanges, ChangesRequested, in)
	})
}

// Reject ends the submission.
func (r *Reviews) Reject(ctx context.Context, actor Actor, id string, in Ruling) (*Review, error) {
	return r.change(ctx, actor, id, func(rv *Review, c *ReviewChange) error {
		if err := rv.decidable(in); err != nil {
			return err
		}
		return rv.turnDown(c, actor, Reject, Rejected, in)
	})
}

// Repeat sends the submission back to testing: a run has to be made again.
func (r *Reviews) Repeat(ctx context.Context, actor Actor, id, reason string) (*Review, error) {
	return r.change(ctx, actor, id, func(rv *Review, c *ReviewChange) error {
		if err := errors.Join(inReview(&rv.Submission), refused(checkText("reason", "reason", reason, shortestReason))); err != nil {
			return err
		}
		return c.move(Step{To: Testing, By: ByReviewer, Who: actor.Account, At: rv.now, Reason: reason})
	})
}

// TakeBackApproval withdraws the actor's approval, as long as nothing is issued.
func (r *Reviews) TakeBackApproval(ctx context.Context, actor Actor, id, reason string) (*Review, error) {
	return r.change(ctx, actor, id, func(rv *Review, c *ReviewChange) error {
		s := &rv.Submission
		if s.State != InReview && s.State != Approved {
			return Refuse(ErrState, "wrong-state", "submission %s is %s; an approval is taken back while it is %s or %s", id, s.State, InReview, Approved)
		}
		at := slices.IndexFunc(rv.Decisions, func(d Decision) bool { return d.Reviewer == actor.Account && d.Kind == Approve })
		if at < 0 {
			return Refuse(ErrState, "not-approved", "account %s has not approved submission %s in round %d", actor.Account, id, s.Round)
		}
		if err := refused(checkText("reason", "reason", reason, shortestReason)); err != nil {
			return err
		}
		c.TakeBack = &rv.Decisions[at]
		if err := c.note(rv.now, actor.Account, "submission.approval-taken-back", id, s.Org, map[string]string{"reason": reason}); err != nil {
			return err
		}
		if s.State == InReview {
			return nil
		}
		return c.move(Step{To: InReview, By: ByReviewer, Who: actor.Account, At: rv.now, Reason: reason})
	})
}

// decidable refuses a decision in the wrong state, or on what is not so any more.
func (rv *Review) decidable(in Ruling) error {
	if err := inReview(&rv.Submission); err != nil {
		return err
	}
	if in.Evidence != rv.SHA256 {
		return Refuse(ErrState, "evidence-changed", "you saw evidence %.12s…, it is %.12s… now: read it again", in.Evidence, rv.SHA256)
	}
	return errors.Join(refused(checkText("reason", "reason", in.Reason, 0)), refused(checkText("reason", "note", in.Note, 0)))
}

func (rv *Review) decision(actor Actor, kind DecisionKind, in Ruling) *Decision {
	return &Decision{
		Submission: rv.Submission.ID, Round: rv.Submission.Round, Reviewer: actor.Account, Kind: kind,
		Reason: in.Reason, Note: in.Note, Asked: in.Asked, Evidence: rv.SHA256, At: rv.now,
	}
}

// turnDown is what request and rejection have in common.
func (rv *Review) turnDown(c *ReviewChange, actor Actor, kind DecisionKind, to SubmissionState, in Ruling) error {
	if err := refused(checkText("reason", "reason", in.Reason, shortestReason)); err != nil {
		return err
	}
	c.Decision = rv.decision(actor, kind, in)
	return c.move(Step{To: to, By: ByReviewer, Who: actor.Account, At: rv.now, Reason: in.Reason, Detail: c.Decision})
}

// refused is an error only where there is a refusal: a nil *Refusal is none.
func refused(r *Refusal) error {
	if r == nil {
		return nil
	}
	return r
}

// StillReady says what stands against issuing what was approved: a waiver may have
// ended, a reviewer joined the vendor, a parent been revoked. Whoever prepares a
// certificate asks it.
func (r *Reviews) StillReady(ctx context.Context, id string) (Refusals, error) {
	rv, err := r.Review(ctx, id)
	if err != nil {
		return nil, err
	}
	return rv.Against, nil
}

// unapprove takes an approved submission back into review, since what it rested on is
// no longer true.
func (c *ReviewChange) unapprove(why string, now time.Time) error {
	return c.move(Step{To: InReview, By: ByProgramme, Who: audit.System, At: now, Reason: why})
}
