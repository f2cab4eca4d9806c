package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

// Queued is a submission that waits for reviewers.
type Queued struct {
	Submission string                        `json:"submission" doc:"sub_…"`
	Org        string                        `json:"org"`
	Product    string                        `json:"product"`
	Model      string                        `json:"model"`
	Firmware   string                        `json:"firmware" doc:"Its version."`
	Class      certification.ChangeClass     `json:"class" doc:"Of its change; empty: a first certification."`
	State      certification.SubmissionState `json:"state"`
	Round      int                           `json:"round"`
	Since      time.Time                     `json:"since" doc:"When it came into this state."`
	Age        int64                         `json:"age_s" doc:"Seconds in this state."`
	Claims     []certification.Claim         `json:"claims" doc:"Who looks at it."`
	Counts     map[string]int                `json:"counts" doc:"Cases by verdict; open have none."`
	Approvals  int                           `json:"approvals" doc:"That count now."`
}

func queuedOf(now time.Time) func(certification.Queued) Queued {
	return func(q certification.Queued) Queued {
		s := &q.Submission
		return Queued{
			Submission: s.ID, Org: s.Org, Product: s.Product, Model: s.Model, Firmware: s.Firmware.Version, Class: s.Class, State: s.State,
			Round: s.Round, Since: instant(q.Since), Age: int64(now.Sub(q.Since) / time.Second), Claims: each(q.Claims, func(c certification.Claim) certification.Claim { return c }),
			Counts: q.Counts, Approvals: q.Approvals,
		}
	}
}

type queueList struct {
	Queue []Queued `json:"queue"`
	Next  string   `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// ReviewAge is how long submissions wait for reviewers.
type ReviewAge struct {
	Waiting int   `json:"waiting" doc:"Submissions in review."`
	Median  int64 `json:"median_s" doc:"Seconds that they wait."`
	Oldest  int64 `json:"oldest_s"`
}

func (a *API) mountQueue() {
	reviewer(a, huma.Operation{
		OperationID: "list-queue", Method: http.MethodGet, Path: "/reviews", Tags: []string{tagReviews},
		Summary: "List what waits for reviewers", Description: "The oldest first.",
	}, a.listQueue)
	reviewer(a, huma.Operation{
		OperationID: "get-review-age", Method: http.MethodGet, Path: "/reviews/age", Tags: []string{tagReviews},
		Summary: "Read how long submissions wait",
	}, func(ctx context.Context, _ *struct{}) (*reply[ReviewAge], error) {
		l, err := a.reviews.ServiceLevel(ctx)
		return answer(ReviewAge{l.Waiting, int64(l.Median / time.Second), int64(l.Oldest / time.Second)}, err)
	})
	reviewer(a, huma.Operation{
		OperationID: "claim-submission", Method: http.MethodPut, Path: "/submissions/{id}/claim", Tags: []string{tagReviews},
		Summary: "Say that one looks at a submission", Description: "It keeps nobody out.",
	}, func(ctx context.Context, in *OfSubmission) (*nothing, error) {
		return nil, a.reviews.Claim(ctx, partyOf(ctx), in.ID)
	})
	reviewer(a, huma.Operation{
		OperationID: "unclaim-submission", Method: http.MethodDelete, Path: "/submissions/{id}/claim", Tags: []string{tagReviews},
		Summary: "Say that one looks no longer",
	}, func(ctx context.Context, in *OfSubmission) (*nothing, error) {
		return nil, a.reviews.Unclaim(ctx, partyOf(ctx), in.ID)
	})
}

func (a *API) listQueue(ctx context.Context, in *struct {
	State     string `query:"state" enum:"testing,review,changes-requested,approved" default:"review"`
	Org       string `query:"org" maxLength:"100"`
	Model     string `query:"model" maxLength:"200"`
	Class     string `query:"class" enum:"first,A,B,C,D,E,F" doc:"first: a first certification."`
	ClaimedBy string `query:"claimed_by" maxLength:"100" doc:"acc_… who looks at it; me for oneself."`
	Unclaimed bool   `query:"unclaimed" doc:"Only what nobody looks at."`
	Order     string `query:"order" enum:"oldest,newest" default:"oldest"`
	After     string `query:"after" maxLength:"100" doc:"The next of the page before; empty for the first."`
	Limit     int    `query:"limit" minimum:"1" maximum:"100" default:"25"`
},
) (*reply[queueList], error) {
	q := certification.QueueQuery{
		State: certification.SubmissionState(in.State), Org: in.Org, Model: in.Model, ClaimedBy: in.ClaimedBy, Unclaimed: in.Unclaimed,
		Newest: in.Order == "newest", Limit: in.Limit + 1,
	}
	if in.ClaimedBy == "me" {
		q.ClaimedBy = partyOf(ctx).Account
	}
	if in.Class != "" {
		class := certification.ChangeClass(in.Class)
		if in.Class == "first" {
			class = certification.FirstTime
		}
		q.Class = &class
	}
	var err error
	if q.After, err = parseCursor(in.After); err != nil {
		return nil, err
	}
	found, err := a.reviews.Queue(ctx, q)
	if err != nil {
		return nil, err
	}
	var list queueList
	list.Queue, _ = cut(found, in.Limit, queuedOf(time.Now()), func(Queued) string { return "" })
	if len(found) > in.Limit {
		list.Next = formatCursor(found[in.Limit-1].Cursor())
	}
	return answer(list, nil)
}

// A cursor is the moment in microseconds, a dot, and the submission's id.
func formatCursor(c certification.QueueCursor) string {
	return fmt.Sprintf("%d.%s", c.Since.UnixMicro(), c.ID)
}

func parseCursor(s string) (certification.QueueCursor, error) {
	if s == "" {
		return certification.QueueCursor{}, nil
	}
	since, id, found := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(since, 10, 64)
	if !found || err != nil {
		return certification.QueueCursor{}, newProblem(kindInvalid, fmt.Sprintf("after is %q; want the next of the page before", s))
	}
	return certification.QueueCursor{Since: time.UnixMicro(micros).UTC(), ID: id}, nil
}
