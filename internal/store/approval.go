package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/store/dbgen"
)

// Approval implements certification.Approvals: what the review stored of the
// submission's round. The submission is read first: a change after that is found
// by its revision when the intent is stored.
func (s Programme) Approval(ctx context.Context, submission string) (certification.Approval, error) {
	sub, err := s.Submission(ctx, submission)
	if err != nil {
		return certification.Approval{}, err
	}
	a := certification.Approval{Submission: sub}
	err = errors.Join(
		func() (err error) { a.OrgName, err = s.read.ApprovalOrg(ctx, sub.Org); return err }(),
		collect(&a.Decisions)(s.read.ApprovalDecisions(ctx, dbgen.ApprovalDecisionsParams{Submission: sub.ID, Round: sub.Round})),
		collect(&a.Runs)(s.read.ApprovalRuns(ctx, dbgen.ApprovalRunsParams{Submission: sub.ID, Round: sub.Round})),
		collect(&a.Waivers)(s.read.ApprovalWaivers(ctx, sub.ID)),
	)
	if err != nil {
		return a, s.wrap(ctx, err, "what submission %s was approved on", submission)
	}
	conditions, err := s.read.ApprovalConditions(ctx, dbgen.ApprovalConditionsParams{Submission: sub.ID, Round: sub.Round})
	if err == nil {
		err = json.Unmarshal([]byte(conditions), &a.Conditions)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return a, s.wrap(ctx, err, "conditions of submission %s", submission)
}

// collect reads stored JSON into a list.
func collect[T any](to *[]T) func([]string, error) error {
	return func(rows []string, err error) error {
		if err != nil {
			return fmt.Errorf("%T: %w", *to, err)
		}
		*to, err = bodies[T](rows)
		return err
	}
}
