package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

var _ certification.ReviewStore = Programme{}

// SaveReview stores one act of a review, or nothing of it.
func (s Programme) SaveReview(ctx context.Context, c certification.ReviewChange) error {
	return s.recorded(ctx, c.Audit, c.Notices, func(q *dbgen.Queries) error {
		// First, since its row is what everybody who changes a review meets at.
		if c.Submission != nil {
			if err := saveSubmission(ctx, q, c.Was, *c.Submission); err != nil {
				return err
			}
		}
		if err := errors.Join(putDecision(ctx, q, c.Decision), takeBack(ctx, q, c.TakeBack), saveWaiver(ctx, q, c.WaiverWas, c.Waiver)); err != nil {
			return err
		}
		for _, e := range c.Entries {
			if err := q.InsertReviewEntry(ctx, dbgen.InsertReviewEntryParams{
				ID: e.ID, Submission: e.Submission, Round: e.Round, Kind: string(e.Kind), Item: e.Item, Author: e.Author,
				At: micros.Of(e.At), Body: text(string(e.Body)),
			}); err != nil {
				return fmt.Errorf("entry %s: %w", e.ID, err)
			}
		}
		return nil
	}, "review of %s", aboutWhat(c))
}

func aboutWhat(c certification.ReviewChange) string {
	switch {
	case c.Submission != nil:
		return "submission " + c.Submission.ID
	case c.Waiver != nil:
		return "waiver " + c.Waiver.ID
	case len(c.Entries) > 0:
		return "submission " + c.Entries[0].Submission
	}
	return "nothing"
}

func putDecision(ctx context.Context, q *dbgen.Queries, d *certification.Decision) error {
	if d == nil {
		return nil
	}
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return q.PutDecision(ctx, dbgen.PutDecisionParams{
		Submission: d.Submission, Round: d.Round, Reviewer: d.Reviewer, Kind: string(d.Kind), Evidence: d.Evidence,
		At: micros.Of(d.At), Body: text(string(body)),
	})
}

func takeBack(ctx context.Context, q *dbgen.Queries, d *certification.Decision) error {
	if d == nil {
		return nil
	}
	n, err := q.DeleteDecision(ctx, dbgen.DeleteDecisionParams{Submission: d.Submission, Round: d.Round, Reviewer: d.Reviewer})
	if err == nil && n == 0 {
		return fmt.Errorf("no decision of %s in round %d: %w", d.Reviewer, d.Round, registry.ErrConflict)
	}
	return err
}

// Decisions are those of all rounds, by time.
func (s Programme) Decisions(ctx context.Context, submission string) ([]certification.Decision, error) {
	rows, err := s.read.Decisions(ctx, submission)
	found, err := unmarshalled[certification.Decision](rows, err)
	return found, s.wrap(ctx, err, "decisions on submission %s", submission)
}

// ReviewEntries are the lines of a review, by time.
func (s Programme) ReviewEntries(ctx context.Context, submission string) ([]certification.ReviewEntry, error) {
	rows, err := s.read.ReviewEntries(ctx, submission)
	return list(rows, func(e dbgen.ReviewEntry) certification.ReviewEntry {
		return certification.ReviewEntry{
			ID: e.ID, Submission: e.Submission, Round: e.Round, Kind: certification.EntryKind(e.Kind), Item: e.Item, Author: e.Author,
			At: e.At.Time(), Body: raw(e.Body),
		}
	}), s.wrap(ctx, err, "review of submission %s", submission)
}

// TiedMembers are the members of the organisation, and those that it had at any
// time since the submission left its draft.
func (s Programme) TiedMembers(ctx context.Context, submission, org string) ([]string, error) {
	found, err := s.read.TiedMembers(ctx, dbgen.TiedMembersParams{Submission: submission, Org: org})
	return found, s.wrap(ctx, err, "members of %s for submission %s", org, submission)
}

// Reviewers are the accounts that have the role, and are not blocked.
func (s Programme) Reviewers(ctx context.Context) ([]string, error) {
	found, err := s.read.Reviewers(ctx)
	return found, s.wrap(ctx, err, "reviewers")
}

// Claim says that a reviewer looks at a submission.
func (s Programme) Claim(ctx context.Context, submission string, c certification.Claim) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.PutClaim(ctx, dbgen.PutClaimParams{Submission: submission, Reviewer: c.Reviewer, Since: micros.Of(c.Since)})
	})
	return s.wrap(ctx, err, "claim of submission %s by %s", submission, c.Reviewer)
}

// Unclaim takes that back.
func (s Programme) Unclaim(ctx context.Context, submission, reviewer string) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.DeleteClaim(ctx, dbgen.DeleteClaimParams{Submission: submission, Reviewer: reviewer})
	})
	return s.wrap(ctx, err, "claim of submission %s by %s", submission, reviewer)
}

// Claims are those who look at a submission.
func (s Programme) Claims(ctx context.Context, submission string) ([]certification.Claim, error) {
	rows, err := s.read.Claims(ctx, submission)
	return list(rows, func(c dbgen.ReviewClaim) certification.Claim {
		return certification.Claim{Reviewer: c.Reviewer, Since: c.Since.Time()}
	}), s.wrap(ctx, err, "claims of submission %s", submission)
}

// Queue lists the submissions of a state by how long they are in it.
func (s Programme) Queue(ctx context.Context, want certification.QueueQuery) ([]certification.Queued, error) {
	p := dbgen.OldestParams{
		State: string(want.State), AfterSince: want.After.Since.UnixMicro(), AfterID: want.After.ID, Org: want.Org, Model: want.Model,
		AnyClass: 1, ClaimedBy: want.ClaimedBy, Most: most(want.Limit), Suite: want.Suite,
	}
	if want.After.Since.IsZero() {
		p.AfterSince = 0
		if want.Newest {
			p.AfterSince = math.MaxInt64
		}
	}
	if want.Class != nil {
		p.AnyClass, p.Class = 0, string(*want.Class)
	}
	if want.Unclaimed {
		p.Unclaimed = 1
	}
	var rows []dbgen.OldestRow
	var err error
	if want.Newest {
		var newest []dbgen.NewestRow
		newest, err = s.read.Newest(ctx, dbgen.NewestParams(p))
		rows = list(newest, func(r dbgen.NewestRow) dbgen.OldestRow { return dbgen.OldestRow(r) })
	} else {
		rows, err = s.read.Oldest(ctx, p)
	}
	out := make([]certification.Queued, len(rows))
	for i, r := range rows {
		if err == nil {
			out[i], err = queued(r, want.Suite)
		}
	}
	if err == nil && len(out) > 0 {
		err = s.queueClaims(ctx, want.State, out)
	}
	return out, s.wrap(ctx, err, "queue of submissions in %s", want.State)
}

func queued(r dbgen.OldestRow, suite string) (q certification.Queued, err error) {
	if err := json.Unmarshal([]byte(r.Body), &q.Submission); err != nil {
		return q, err
	}
	q.Since, q.Approvals = r.Since.Time(), int(r.Approvals)
	q.Counted = certification.Counted{Submission: q.Submission.ID, Rev: r.Rev, Runs: r.Runs, RunRevs: r.RunRevs, Suite: suite}
	if r.Counts != "" {
		err = json.Unmarshal([]byte(r.Counts), &q.Counts)
	}
	return q, err
}

// queueClaims fills in who looks at the lines of a page of the queue.
func (s Programme) queueClaims(ctx context.Context, state certification.SubmissionState, page []certification.Queued) error {
	first, last := page[0].Since, page[len(page)-1].Since
	if last.Before(first) { // the newest come first
		first, last = last, first
	}
	rows, err := s.read.ClaimsOfQueue(ctx, dbgen.ClaimsOfQueueParams{State: string(state), First: micros.Of(first), Last: micros.Of(last)})
	of := make(map[string][]certification.Claim)
	for _, c := range rows {
		of[c.Submission] = append(of[c.Submission], certification.Claim{Reviewer: c.Reviewer, Since: c.Since.Time()})
	}
	for i := range page {
		page[i].Claims = of[page[i].Submission.ID]
	}
	return err
}

// KeepCounts keeps what the cases of a submission came to.
func (s Programme) KeepCounts(ctx context.Context, of certification.Counted, counts map[string]int) error {
	body, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		return q.KeepReviewCount(ctx, dbgen.KeepReviewCountParams{
			Submission: of.Submission, Rev: of.Rev, Runs: of.Runs, RunRevs: of.RunRevs, Suite: of.Suite, Counts: text(string(body)),
		})
	})
	return s.wrap(ctx, err, "counts of submission %s", of.Submission)
}

// WaitingSince are the moments since which submissions are in the state.
func (s Programme) WaitingSince(ctx context.Context, state certification.SubmissionState) ([]time.Time, error) {
	rows, err := s.read.WaitingSince(ctx, string(state))
	return list(rows, micros.Time.Time), s.wrap(ctx, err, "submissions in %s", state)
}
