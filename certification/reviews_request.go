package certification

import (
	"context"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/registry"
)

// Request hands what a member of the vendor saw at revision rev to the reviewers:
// each case that the submission has to run has a verdict by a run that counts. A
// verdict may be a FAIL, for which a waiver is to be proposed. A run that is still
// going on is cancelled by the move; what it found until then counts.
func (r *Reviews) Request(ctx context.Context, actor Actor, id string, rev int64) (Submission, error) {
	s, err := r.store.Submission(ctx, id)
	if err == nil && !actor.MayRead(s.Org) {
		return Submission{}, fmt.Errorf("submission %s: %w", id, registry.ErrNotFound)
	}
	if err == nil {
		err = asMember(actor, s.Org)
	}
	if err == nil {
		err = seen(s, rev)
	}
	if err != nil {
		return s, err
	}
	next := s
	c := ReviewChange{Was: s.State, Submission: &next}
	if err := c.move(Step{To: InReview, By: ByVendor, Who: actor.Account, At: r.now()}); err != nil {
		return s, err
	}
	if err := r.ran(ctx, s); err != nil {
		return s, err
	}
	if err := r.store.SaveReview(ctx, c); err != nil {
		return s, err
	}
	next.Rev++
	return next, nil
}

// ran refuses a submission with cases that it has to run and that no run has ended.
func (r *Reviews) ran(ctx context.Context, s Submission) error {
	cases, err := r.tested.CaseEvidence(ctx, s, suite.Release)
	if err != nil {
		return fmt.Errorf("what submission %s has run: %w", s.ID, err)
	}
	var missing []string
	for _, c := range cases {
		if c.Verdict == "" {
			missing = append(missing, c.ID)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return Refuse(ErrState, "runs-missing", "submission %s has to run %s on firmware %s with suite %s: %s",
		s.ID, counted(len(missing), "more case"), s.Firmware.Version, suite.Release, strings.Join(missing, ", "))
}
