package certification

import (
	"context"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/internal/audit"
)

// ConfirmClass is a reviewer's word on the class of a change: it confirms the class
// or raises it (to F never: that needs a parent). Where more has to run now than
// was run, a submission in review goes back to testing.
func (p *Programme) ConfirmClass(ctx context.Context, a Actor, id string, rev int64, class ChangeClass, note string) (Submission, error) {
	sub, err := p.Submission(ctx, a, id)
	if err == nil {
		err = asReviewer(a, sub.Org)
	}
	if err == nil {
		err = seen(sub, rev)
	}
	if err != nil {
		return sub, err
	}
	if err := mayConfirm(sub, class, note); err != nil {
		return sub, err
	}
	c := *sub.Classification
	raised := class != c.Class
	c.ConfirmedBy, c.ConfirmedAt, c.Note = a.Account, p.now(), note
	if raised {
		c.Class = class
		c.Applies = append(slices.Clone(c.Applies), class)
		c.Reasons = append(slices.Clone(c.Reasons), ClassReason{class, "raised by a reviewer: " + note})
	}
	next := sub
	next.Class, next.Classification, next.UpdatedAt = c.Class, &c, c.ConfirmedAt
	var record Record
	if raised && sub.State == InReview {
		if next, record, err = next.Move(Step{To: Testing, By: ByReviewer, Who: a.Account, At: c.ConfirmedAt, Reason: "the change is of class " + className(class) + ": " + note}); err != nil {
			return sub, err
		}
	}
	entry, err := audit.New(c.ConfirmedAt, a.Account, "submission.class-confirmed", sub.ID, sub.Org, c)
	if err != nil {
		return sub, err
	}
	if err := p.store.SaveSubmission(ctx, sub.State, next, append(record.Entries, entry), record.Notices); err != nil {
		return sub, err
	}
	next.Rev++
	return next, nil
}

func mayConfirm(sub Submission, class ChangeClass, note string) error {
	switch {
	case sub.Classification == nil:
		return Refuse(ErrState, "class-none", "submission %s follows no certificate", sub.ID)
	case sub.State != Testing && sub.State != InReview:
		return Refuse(ErrState, "class-state", "submission %s is %s: a class is confirmed while it is tested or reviewed", sub.ID, sub.State)
	case !slices.Contains(classes, class), class == ClassF && sub.Class != ClassF:
		return Refuse(ErrInvalid, "submission-form", "class %q: want A to E, or none for everything anew", class)
	case Stronger(sub.Class, class):
		return Refuse(ErrInvalid, "class-lowered", "class %s of submission %s cannot be lowered to %s", className(sub.Class), sub.ID, className(class))
	case class != sub.Class && strings.TrimSpace(note) == "":
		return Refuse(ErrInvalid, "submission-form", "the class is raised from %s to %s without a note that says why", className(sub.Class), className(class))
	}
	return nil
}

func className(c ChangeClass) string {
	if c == "" {
		return "none (everything runs)"
	}
	return string(c)
}
