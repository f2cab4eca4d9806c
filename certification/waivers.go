package certification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// NewWaiver is what a reviewer proposes.
type NewWaiver struct {
	Requirement string
	Cases       []string
	Scope       string
	Reason      string
	Until       time.Time
}

// WaiverNotice is what is told of a waiver.
type WaiverNotice struct {
	PublicWaiver
	Submission string `json:"submission"`
	Model      string `json:"model"`
	Why        string `json:"why,omitempty"` // it was refused, or ended
}

// ProposeWaiver asks another reviewer to let a requirement pass unmet for a time.
func (r *Reviews) ProposeWaiver(ctx context.Context, actor Actor, submission string, in NewWaiver) (Waiver, error) {
	var w Waiver
	_, err := r.change(ctx, actor, submission, func(rv *Review, c *ReviewChange) error {
		if err := inReview(&rv.Submission); err != nil {
			return err
		}
		w = Waiver{
			ID: id.New("wvr"), Submission: submission, Requirement: in.Requirement, Cases: in.Cases, Scope: in.Scope, Reason: in.Reason,
			Until: in.Until.UTC().Truncate(time.Microsecond), State: WaiverProposed, ProposedBy: actor.Account, ProposedAt: rv.now,
		}
		if err := refused(checkWaiver(&w, rv.Cases, rv.now)); err != nil {
			return err
		}
		return c.waiver(&rv.Submission, "", &w, actor.Account, "waiver.proposed", "", rv.now)
	})
	return w, err
}

// DecideWaiver approves or refuses a proposal; its proposer cannot.
func (r *Reviews) DecideWaiver(ctx context.Context, actor Actor, waiver string, approve bool, why string) (Waiver, error) {
	return r.changeWaiver(ctx, actor, waiver, func(rv *Review, w *Waiver, c *ReviewChange) error {
		if err := inReview(&rv.Submission); err != nil {
			return err
		}
		if w.State != WaiverProposed {
			return Refuse(ErrState, "waiver-state", "waiver %s is %s; want %s", w.ID, w.State, WaiverProposed)
		}
		if w.ProposedBy == actor.Account {
			return Refuse(ErrForbidden, "waiver-two-people", "account %s proposed waiver %s; another reviewer decides on it", actor.Account, w.ID)
		}
		if err := refused(checkText("reason", "reason", why, shortestReason)); err != nil {
			return err
		}
		was, what := w.State, "waiver.refused"
		w.State, w.DecidedBy, w.DecidedAt, w.Decision = WaiverRefused, actor.Account, rv.now, why
		if approve {
			// What was proposed is held to the rules of today: its date may have passed,
			// its cases may be gone.
			if err := refused(checkWaiver(w, rv.Cases, rv.now)); err != nil {
				return err
			}
			w.State, what = WaiverApproved, "waiver.approved"
		}
		return c.waiver(&rv.Submission, was, w, actor.Account, what, why, rv.now)
	})
}

// TakeBackWaiver ends a waiver before its date.
func (r *Reviews) TakeBackWaiver(ctx context.Context, actor Actor, waiver, why string) (Waiver, error) {
	return r.changeWaiver(ctx, actor, waiver, func(rv *Review, w *Waiver, c *ReviewChange) error {
		if err := refused(checkText("reason", "reason", why, shortestReason)); err != nil {
			return err
		}
		if w.ended() {
			return Refuse(ErrState, "waiver-state", "waiver %s is %s already", w.ID, w.State)
		}
		return c.endWaiver(w, actor.Account, why, rv.now)
	})
}

func (w *Waiver) ended() bool { return w.State == WaiverRefused || w.State == WaiverEnded }

// changeWaiver is change for the submission that a waiver belongs to.
func (r *Reviews) changeWaiver(ctx context.Context, actor Actor, waiver string, act func(rv *Review, w *Waiver, c *ReviewChange) error) (Waiver, error) {
	w, err := r.store.Waiver(ctx, waiver)
	if err != nil {
		return w, err
	}
	_, err = r.change(ctx, actor, w.Submission, func(rv *Review, c *ReviewChange) error {
		for _, now := range rv.Waivers {
			if now.ID == waiver {
				w = now
				return act(rv, &w, c)
			}
		}
		return fmt.Errorf("waiver %s of submission %s: %w", waiver, w.Submission, registry.ErrNotFound)
	})
	return w, err
}

// EndWaiver ends a waiver whose last moment has passed; one that has ended before
// is left as it is. A job calls it.
func (r *Reviews) EndWaiver(ctx context.Context, waiver string) error {
	var err error
	for range attempts {
		if err = r.endWaiver(ctx, waiver); !errors.Is(err, registry.ErrConflict) {
			return err
		}
	}
	return err
}

func (r *Reviews) endWaiver(ctx context.Context, waiver string) error {
	w, err := r.store.Waiver(ctx, waiver)
	if err != nil || w.ended() {
		return err
	}
	now := r.now()
	if !now.After(w.Until) {
		return fmt.Errorf("waiver %s holds until %s, it is %s: %w", waiver, stamp(w.Until), stamp(now), ErrState)
	}
	s, err := r.store.Submission(ctx, w.Submission)
	if err != nil {
		return err
	}
	c := ReviewChange{Was: s.State, Submission: &s}
	if err := c.endWaiver(&w, audit.System, "its last day has passed", now); err != nil {
		return err
	}
	return r.store.SaveReview(ctx, c)
}

// endWaiver ends it, and with it an approval that rested on it. Once the
// certificate is being issued, that is for whoever watches over certificates: the
// notice says so.
func (c *ReviewChange) endWaiver(w *Waiver, actor, why string, now time.Time) error {
	s, was := c.Submission, w.State
	w.State, w.EndedAt, w.EndReason = WaiverEnded, now, why
	if actor != audit.System {
		w.EndedBy = actor
	}
	switch {
	case s.State == Issuing || Final(SubmissionMoves, s.State):
		c.Submission = nil
	case s.State == Approved && was == WaiverApproved:
		if err := c.unapprove(fmt.Sprintf("waiver %s of %s has ended: %s", w.ID, w.Requirement, why), now); err != nil {
			return err
		}
	}
	return c.waiver(s, was, w, actor, "waiver.ended", why, now)
}

// waiver stores what became of one, records it, and tells the vendor.
func (c *ReviewChange) waiver(s *Submission, was WaiverState, w *Waiver, actor, what, why string, now time.Time) error {
	c.Waiver, c.WaiverWas = w, was
	return errors.Join(
		c.note(now, actor, what, w.ID, s.Org, w),
		c.tell(now, what, w.ID, s.Org, WaiverNotice{PublicWaiver: w.Public(), Submission: s.ID, Model: s.Model, Why: why}),
	)
}
