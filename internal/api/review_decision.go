package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

// Ruling is what a reviewer decides.
type Ruling struct {
	Evidence string `json:"evidence_sha256" maxLength:"64" doc:"Of the review that was read: another one by now is refused."`
	Reason   string `json:"reason,omitempty" maxLength:"10000" doc:"The vendor reads it."`
	Note     string `json:"note,omitempty" maxLength:"10000" doc:"Only reviewers read it."`
}

// Demand is one thing that has to change.
type Demand struct {
	Case string `json:"case,omitempty" maxLength:"100" doc:"With its member; empty: in general."`
	Text string `json:"text" minLength:"10" maxLength:"10000"`
}

type ruling struct {
	OfSubmission
	Body Ruling
}

// ReasonGiven says why something is taken back or done again.
type ReasonGiven struct {
	Reason string `json:"reason" minLength:"10" maxLength:"10000"`
}

type reasoned struct {
	OfSubmission
	Body ReasonGiven
}

func (a *API) mountDecisions() {
	reviewer(a, huma.Operation{
		OperationID: "approve-submission", Method: http.MethodPost, Path: "/submissions/{id}/approve", Tags: []string{tagReviews},
		Summary: "Approve a submission", Description: "Two different reviewers without a tie to the vendor or its runs approve the same evidence; the second makes it approved.",
	}, func(ctx context.Context, in *ruling) (*reply[certification.Review], error) {
		b := in.Body
		return answerReview(a.reviews.Approve(ctx, certActor(ctx), in.ID, certification.Ruling{Evidence: b.Evidence, Reason: b.Reason, Note: b.Note}))
	})
	reviewer(a, huma.Operation{
		OperationID: "request-changes", Method: http.MethodPost, Path: "/submissions/{id}/request-changes", Tags: []string{tagReviews},
		Summary: "Ask the vendor for changes",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Ruling
			Asked []Demand `json:"asked" minItems:"1" maxItems:"200"`
		}
	},
	) (*reply[certification.Review], error) {
		r := certification.Ruling{Evidence: in.Body.Evidence, Reason: in.Body.Reason, Note: in.Body.Note}
		for _, asked := range in.Body.Asked {
			r.Asked = append(r.Asked, certification.Asked{Case: asked.Case, Text: asked.Text})
		}
		return answerReview(a.reviews.RequestChanges(ctx, certActor(ctx), in.ID, r))
	})
	reviewer(a, huma.Operation{
		OperationID: "reject-submission", Method: http.MethodPost, Path: "/submissions/{id}/reject", Tags: []string{tagReviews},
		Summary: "Reject a submission", Description: "For good.",
	}, func(ctx context.Context, in *ruling) (*reply[certification.Review], error) {
		b := in.Body
		return answerReview(a.reviews.Reject(ctx, certActor(ctx), in.ID, certification.Ruling{Evidence: b.Evidence, Reason: b.Reason, Note: b.Note}))
	})
	reviewer(a, huma.Operation{
		OperationID: "take-back-approval", Method: http.MethodPost, Path: "/submissions/{id}/take-back-approval", Tags: []string{tagReviews},
		Summary: "Take one's approval back", Description: "As long as no certificate is being issued. An approved submission goes back to review.",
	}, func(ctx context.Context, in *reasoned) (*reply[certification.Review], error) {
		return answerReview(a.reviews.TakeBackApproval(ctx, certActor(ctx), in.ID, in.Body.Reason))
	})
	reviewer(a, huma.Operation{
		OperationID: "repeat-runs", Method: http.MethodPost, Path: "/submissions/{id}/repeat", Tags: []string{tagReviews},
		Summary: "Send a submission back to testing", Description: "A run has to be made again.",
	}, func(ctx context.Context, in *reasoned) (*reply[certification.Review], error) {
		return answerReview(a.reviews.Repeat(ctx, certActor(ctx), in.ID, in.Body.Reason))
	})
}
