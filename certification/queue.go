package certification

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
)

// QueueQuery chooses submissions that wait. Empty members choose all.
type QueueQuery struct {
	State     SubmissionState // InReview when empty
	Org       string
	Model     string
	Class     *ChangeClass // nil: all; FirstTime is a class
	ClaimedBy string       // acc_…
	Unclaimed bool         // nobody looks at it
	Newest    bool         // first; the oldest otherwise
	After     QueueCursor
	Limit     int
	Suite     string // the release by which cases are counted: that of this program
}

// QueueCursor is where a page ended; the zero value is the beginning.
type QueueCursor struct {
	Since time.Time
	ID    string
}

// Queued is a submission that waits.
type Queued struct {
	Submission Submission
	Since      time.Time // in this state
	Claims     []Claim
	Counts     map[string]int // of its cases by verdict
	Approvals  int            // that count

	// Counted is what Counts were counted of; a store that has none of it leaves Counts nil.
	Counted Counted
}

// Counted is a submission and its runs as they were when its cases were counted: each
// change of one of them is seen in it.
type Counted struct {
	Submission string
	Rev        int64 // of the submission
	Runs       int64
	RunRevs    int64 // the sum of its runs' revisions
	Suite      string
}

// Cursor is where a page that ends with this one ends.
func (q *Queued) Cursor() QueueCursor { return QueueCursor{q.Since, q.Submission.ID} }

// Queue lists what waits for reviewers, the oldest first. What cases came to is counted
// once and kept with what it was counted of; whether an approval counts depends on all
// else, so that a submission with one is read as a whole.
func (r *Reviews) Queue(ctx context.Context, q QueueQuery) ([]Queued, error) {
	if q.State == "" {
		q.State = InReview
	}
	q.Suite = suite.Release
	found, err := r.store.Queue(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := r.count(ctx, &found[i]); err != nil {
			return nil, fmt.Errorf("queue: submission %s: %w", found[i].Submission.ID, err)
		}
	}
	return found, nil
}

// count completes a line of the queue.
func (r *Reviews) count(ctx context.Context, q *Queued) error {
	if q.Counts == nil {
		cases, err := r.cases(ctx, q.Submission, suite.Release)
		if err != nil {
			return err
		}
		q.Counts = countsOf(cases)
		if err := r.store.KeepCounts(ctx, q.Counted, q.Counts); err != nil {
			return err
		}
	}
	if q.Approvals == 0 {
		return nil
	}
	rv, err := r.review(ctx, q.Submission)
	if err != nil {
		return err
	}
	q.Approvals = len(rv.Approvers)
	return nil
}

// ServiceLevel is how long submissions wait.
type ServiceLevel struct {
	State   SubmissionState
	Waiting int
	Median  time.Duration
	Oldest  time.Duration
}

// ServiceLevel says how long submissions wait for reviewers now.
func (r *Reviews) ServiceLevel(ctx context.Context) (ServiceLevel, error) {
	since, err := r.store.WaitingSince(ctx, InReview)
	return serviceLevel(InReview, since, r.now()), err
}

// serviceLevel takes the moments oldest first. The median of an even number is
// the mean of the two in the middle.
func serviceLevel(s SubmissionState, since []time.Time, now time.Time) ServiceLevel {
	l := ServiceLevel{State: s, Waiting: len(since)}
	if n := len(since); n > 0 {
		l.Oldest = now.Sub(since[0])
		l.Median = (now.Sub(since[n/2]) + now.Sub(since[(n-1)/2])) / 2
	}
	return l
}

// Claim says that the actor looks at the submission. Others may all the same.
func (r *Reviews) Claim(ctx context.Context, actor Actor, id string) error {
	s, err := r.store.Submission(ctx, id)
	if err != nil {
		return err
	}
	ties, err := r.ties(ctx, s)
	if err != nil {
		return err
	}
	if r := mayReview(actor, &ties); r != nil {
		return r
	}
	if err := inReview(&s); err != nil {
		return err
	}
	return r.store.Claim(ctx, id, Claim{Reviewer: actor.Account, Since: r.now()})
}

// Unclaim takes that back.
func (r *Reviews) Unclaim(ctx context.Context, actor Actor, id string) error {
	if _, err := r.store.Submission(ctx, id); err != nil {
		return err
	}
	return r.store.Unclaim(ctx, id, actor.Account)
}
