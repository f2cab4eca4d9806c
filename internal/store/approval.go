package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/store/dbgen"
)

var _ certification.Approvals = Programme{}

// Approval is what the review of a submission's round has stored. The submission
// is read first: a change after that is found by its revision when the intent is
// stored.
func (s Programme) Approval(ctx context.Context, submission string) (a certification.Approval, err error) {
	if a.Submission, err = s.Submission(ctx, submission); err != nil {
		return a, err
	}
	if a.OrgName, err = s.read.OrgName(ctx, a.Submission.Org); err != nil {
		return a, s.wrap(ctx, err, "organisation %s of submission %s", a.Submission.Org, submission)
	}
	rows, err := s.read.FinishedRuns(ctx, dbgen.FinishedRunsParams{Submission: submission, Round: a.Submission.Round})
	if a.Runs, err = unmarshalled[certification.Run](rows, err); err != nil {
		return a, s.wrap(ctx, err, "runs of submission %s", submission)
	}
	if a.Decisions, err = s.Decisions(ctx, submission); err != nil {
		return a, err
	}
	waivers, err := s.Waivers(ctx, submission)
	a.Waivers = slices.DeleteFunc(waivers, func(w certification.Waiver) bool { return w.State != certification.WaiverApproved })
	if err != nil {
		return a, err
	}
	entries, err := s.ReviewEntries(ctx, submission)
	for _, e := range slices.Backward(entries) { // the last list is the one that stands
		if e.Kind == certification.EntryConditions && e.Round == a.Submission.Round {
			err = errors.Join(err, json.Unmarshal(e.Body, &a.Conditions))
			break
		}
	}
	if err != nil {
		return a, fmt.Errorf("conditions of submission %s: %w", submission, err)
	}
	return a, nil
}
