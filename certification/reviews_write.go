package certification

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// NewComment is what somebody remarks.
type NewComment struct {
	Case    string
	ReplyTo string
	Public  bool // the vendor sees it; what a vendor writes always is
	Text    string
}

// Comment adds a remark of a reviewer, or of a member of the vendor. It touches no
// evidence.
func (r *Reviews) Comment(ctx context.Context, actor Actor, submission string, in NewComment) (Comment, error) {
	rv, err := r.Review(ctx, submission)
	if err != nil {
		return Comment{}, err
	}
	s := &rv.Submission
	vendor := actor.Of(s.Org)
	if !vendor {
		if err := refused(mayReview(actor, &rv.ties)); err != nil {
			return Comment{}, err
		}
	}
	c := Comment{
		ID: newEntry(), Submission: submission, Round: s.Round, Case: in.Case, ReplyTo: in.ReplyTo, Public: in.Public || vendor, Vendor: vendor,
		Text: strings.TrimSpace(in.Text), By: actor.Account, At: rv.now,
	}
	if err := refused(rv.checkComment(&c)); err != nil {
		return Comment{}, err
	}
	var change ReviewChange
	if err := change.write(s, EntryComment, c.Case, c.By, c.At, c.ID, c); err != nil {
		return Comment{}, err
	}
	if c.Public {
		if err := change.tell(rv.now, "submission.commented", submission, s.Org, c.ForVendor()); err != nil {
			return Comment{}, err
		}
	}
	return c, r.store.SaveReview(ctx, change)
}

func (rv *Review) checkComment(c *Comment) *Refusal {
	s := &rv.Submission
	if s.State == Draft || Final(SubmissionMoves, s.State) {
		return Refuse(ErrState, "wrong-state", "submission %s is %s: nothing is said of it now", s.ID, s.State)
	}
	if r := checkText("comment-text", "comment", c.Text, 1); r != nil {
		return r
	}
	if c.Case != "" && !hasCase(rv.Cases, c.Case) {
		return noCase(c.Case)
	}
	if c.ReplyTo == "" {
		return nil
	}
	at := slices.IndexFunc(rv.Comments, func(o Comment) bool { return o.ID == c.ReplyTo && (o.Public || !c.Vendor) })
	switch {
	case at < 0:
		return Refuse(ErrInvalid, "comment-reply", "comment %q, which is answered, is not there", c.ReplyTo)
	case c.Public && !rv.Comments[at].Public:
		return Refuse(ErrInvalid, "comment-reply", "comment %s is internal: its answer cannot be public", c.ReplyTo)
	}
	return nil
}

// ForVendor is the comment without who of the reviewers wrote it.
func (c Comment) ForVendor() Comment {
	if !c.Vendor {
		c.By = ""
	}
	return c
}

// NewMark is what a reviewer says of an item of the checklist.
type NewMark struct {
	Item   string
	OK     bool
	Note   string
	Papers string // Dossier.Papers of what the reviewer saw
}

// Mark says that the actor has looked at an item of the checklist.
func (r *Reviews) Mark(ctx context.Context, actor Actor, submission string, in NewMark) (*Review, error) {
	return r.change(ctx, actor, submission, func(rv *Review, c *ReviewChange) error {
		s := &rv.Submission
		if err := inReview(s); err != nil {
			return err
		}
		if !slices.ContainsFunc(rv.Checklist, func(i CheckedItem) bool { return i.ID == in.Item }) {
			return Refuse(ErrInvalid, "unknown-item", "item %q is not on the checklist of class %q", in.Item, s.Class)
		}
		if in.Papers != rv.Papers {
			return Refuse(ErrState, "evidence-changed", "you saw papers %.12s…, they are %.12s… now: read them again", in.Papers, rv.Papers)
		}
		if err := refused(checkText("note", "note", in.Note, 1)); err != nil {
			return err
		}
		m := Mark{Item: in.Item, OK: in.OK, Note: in.Note, Papers: in.Papers, By: actor.Account, At: rv.now}
		if err := c.write(s, EntryMark, in.Item, actor.Account, rv.now, newEntry(), m); err != nil {
			return err
		}
		return c.note(rv.now, actor.Account, "submission.item-marked", s.ID, s.Org, m)
	})
}

// Accept says that the REVIEW verdict of a case in a run is all right.
func (r *Reviews) Accept(ctx context.Context, actor Actor, submission, caseID, run, note string) (*Review, error) {
	return r.change(ctx, actor, submission, func(rv *Review, c *ReviewChange) error {
		s := &rv.Submission
		if err := inReview(s); err != nil {
			return err
		}
		if err := refused(acceptable(rv.Cases, caseID, run)); err != nil {
			return err
		}
		if err := refused(checkText("note", "note", note, shortestReason)); err != nil {
			return err
		}
		a := Acceptance{Case: caseID, Run: run, By: actor.Account, Note: note, At: rv.now}
		if err := c.write(s, EntryAcceptance, caseID, actor.Account, rv.now, newEntry(), a); err != nil {
			return err
		}
		return c.note(rv.now, actor.Account, "submission.verdict-accepted", s.ID, s.Org, a)
	})
}

// NewCondition is what the certificate will ask for by a date.
type NewCondition struct {
	Text string
	Due  time.Time
}

// SetConditions says under which conditions the submission is to be approved: all
// of them, none for an approval without. They are part of the evidence.
func (r *Reviews) SetConditions(ctx context.Context, actor Actor, submission string, in []NewCondition) (*Review, error) {
	return r.change(ctx, actor, submission, func(rv *Review, c *ReviewChange) error {
		s := &rv.Submission
		if err := inReview(s); err != nil {
			return err
		}
		if len(in) > mostConditions {
			return Refuse(ErrInvalid, "condition-text", "%d conditions; want at most %d", len(in), mostConditions)
		}
		list := make([]Condition, len(in))
		for i, n := range in {
			list[i] = Condition{ID: id.New("cnd"), Text: strings.TrimSpace(n.Text), Due: n.Due.UTC()}
			if err := refused(checkCondition(list[i], rv.now)); err != nil {
				return err
			}
		}
		if err := c.write(s, EntryConditions, "", actor.Account, rv.now, newEntry(), list); err != nil {
			return err
		}
		return c.note(rv.now, actor.Account, "submission.conditions-set", s.ID, s.Org, list)
	})
}
