package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

// NewCondition is what a certificate will ask for.
type NewCondition struct {
	Text string    `json:"text" minLength:"10" maxLength:"10000"`
	Due  time.Time `json:"due" doc:"At most 180 days from now. Unmet by then, the certificate is suspended."`
}

const tagReviews = "Reviews"

func (a *API) mountReviews() {
	a.mountQueue()
	reviewer(a, huma.Operation{
		OperationID: "get-review", Method: http.MethodGet, Path: "/submissions/{id}/review", Tags: []string{tagReviews},
		Summary:     "Read what a decision rests on",
		Description: "Each case with its findings, what changed since the certified firmware, documents, waivers, conditions, what reviewers said, and what stands against approving it. A decision names evidence_sha256, a mark papers_sha256.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[certification.Review], error) {
		return answerReview(a.reviews.ReviewFor(ctx, partyOf(ctx), in.ID))
	})
	involved(a, huma.Operation{
		OperationID: "get-feedback", Method: http.MethodGet, Path: "/submissions/{id}/feedback", Tags: []string{tagReviews},
		Summary: "Read a review as its vendor", Description: "For members of the submitting organisation: what was decided, what has to change, the public comments. Needs scope startup.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[certification.Feedback], error) {
		return answer(a.reviews.Feedback(ctx, partyOf(ctx), in.ID))
	})
	involved(a, huma.Operation{
		OperationID: "comment", Method: http.MethodPost, Path: "/submissions/{id}/comments", Tags: []string{tagReviews},
		Summary: "Comment on a submission", DefaultStatus: http.StatusCreated,
		Description: "By a reviewer, or by a member of the submitting organisation, whose comments are always public to both. Comments are never edited.",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Case    string `json:"case,omitempty" maxLength:"100" doc:"With its member: WRITE-03[2.1]. Empty: in general."`
			ReplyTo string `json:"reply_to,omitempty" maxLength:"100" doc:"ent_… of the comment that is answered."`
			Public  bool   `json:"public,omitempty" doc:"The vendor sees it."`
			Text    string `json:"text" minLength:"1" maxLength:"10000"`
		}
	},
	) (*reply[certification.Comment], error) {
		b := in.Body
		return answer(a.reviews.Comment(ctx, partyOf(ctx), in.ID, certification.NewComment{Case: b.Case, ReplyTo: b.ReplyTo, Public: b.Public, Text: b.Text}))
	})
	reviewer(a, huma.Operation{
		OperationID: "mark-item", Method: http.MethodPost, Path: "/submissions/{id}/marks", Tags: []string{tagReviews},
		Summary: "Mark an item of the checklist",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Item   string `json:"item" maxLength:"100"`
			OK     bool   `json:"ok" doc:"False: looked at, and not all right."`
			Note   string `json:"note" minLength:"1" maxLength:"10000"`
			Papers string `json:"papers_sha256" maxLength:"64" doc:"Of the review that was read."`
		}
	},
	) (*reply[certification.Review], error) {
		b := in.Body
		return answerReview(a.reviews.Mark(ctx, partyOf(ctx), in.ID, certification.NewMark{Item: b.Item, OK: b.OK, Note: b.Note, Papers: b.Papers}))
	})
	reviewer(a, huma.Operation{
		OperationID: "accept-verdict", Method: http.MethodPost, Path: "/submissions/{id}/acceptances", Tags: []string{tagReviews},
		Summary: "Accept a REVIEW verdict", Description: "Of one case in one run.",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Case string `json:"case" maxLength:"100"`
			Run  string `json:"run" maxLength:"100" doc:"run_… whose verdict it is."`
			Note string `json:"note" minLength:"10" maxLength:"10000"`
		}
	},
	) (*reply[certification.Review], error) {
		b := in.Body
		return answerReview(a.reviews.Accept(ctx, partyOf(ctx), in.ID, b.Case, b.Run, b.Note))
	})
	reviewer(a, huma.Operation{
		OperationID: "set-conditions", Method: http.MethodPut, Path: "/submissions/{id}/conditions", Tags: []string{tagReviews},
		Summary: "Set the conditions of an approval", Description: "All of them; an empty list for an approval without. They are part of the evidence: approvals that were given before no longer count.",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Conditions []NewCondition `json:"conditions" maxItems:"20"`
		}
	},
	) (*reply[certification.Review], error) {
		var list []certification.NewCondition
		for _, c := range in.Body.Conditions {
			list = append(list, certification.NewCondition{Text: c.Text, Due: c.Due})
		}
		return answerReview(a.reviews.SetConditions(ctx, partyOf(ctx), in.ID, list))
	})
	a.mountDecisions()
	a.mountWaivers()
}

func answerReview(rv *certification.Review, err error) (*reply[certification.Review], error) {
	if err != nil {
		return nil, err
	}
	return &reply[certification.Review]{*rv}, nil
}
