package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

type onWaiver struct {
	ID   string `path:"id" maxLength:"100" doc:"wvr_…"`
	Body ReasonGiven
}

func (a *API) mountWaivers() {
	reviewer(a, huma.Operation{
		OperationID: "propose-waiver", Method: http.MethodPost, Path: "/submissions/{id}/waivers", Tags: []string{tagReviews},
		Summary: "Propose that a requirement may be unmet for a time", DefaultStatus: http.StatusCreated,
		Description: "Another reviewer approves it; it is public then. CONN-03 to CONN-06 and SEC-03 to SEC-05 cannot be waived.",
	}, func(ctx context.Context, in *struct {
		OfSubmission
		Body struct {
			Requirement string    `json:"requirement" maxLength:"100" example:"WRITE-03"`
			Cases       []string  `json:"cases" minItems:"1" maxItems:"200" doc:"With their members: WRITE-03[2.1]."`
			Scope       string    `json:"scope" minLength:"10" maxLength:"4000" doc:"Where it holds, in words."`
			Reason      string    `json:"reason" minLength:"40" maxLength:"4000"`
			Until       time.Time `json:"until" doc:"Its last moment, at most 12 months from now."`
		}
	},
	) (*reply[certification.Waiver], error) {
		b := in.Body
		return answer(a.reviews.ProposeWaiver(ctx, certActor(ctx), in.ID, certification.NewWaiver{
			Requirement: b.Requirement, Cases: b.Cases, Scope: b.Scope, Reason: b.Reason, Until: b.Until,
		}))
	})
	reviewer(a, huma.Operation{
		OperationID: "approve-waiver", Method: http.MethodPost, Path: "/waivers/{id}/approve", Tags: []string{tagReviews},
		Summary: "Approve a waiver", Description: "Not by who proposed it.",
	}, func(ctx context.Context, in *onWaiver) (*reply[certification.Waiver], error) {
		return answer(a.reviews.DecideWaiver(ctx, certActor(ctx), in.ID, true, in.Body.Reason))
	})
	reviewer(a, huma.Operation{
		OperationID: "refuse-waiver", Method: http.MethodPost, Path: "/waivers/{id}/refuse", Tags: []string{tagReviews},
		Summary: "Refuse a waiver",
	}, func(ctx context.Context, in *onWaiver) (*reply[certification.Waiver], error) {
		return answer(a.reviews.DecideWaiver(ctx, certActor(ctx), in.ID, false, in.Body.Reason))
	})
	reviewer(a, huma.Operation{
		OperationID: "take-back-waiver", Method: http.MethodPost, Path: "/waivers/{id}/take-back", Tags: []string{tagReviews},
		Summary: "End a waiver before its date", Description: "Of an issued certificate too: what becomes of that is decided with the certificate.",
	}, func(ctx context.Context, in *onWaiver) (*reply[certification.Waiver], error) {
		return answer(a.reviews.TakeBackWaiver(ctx, certActor(ctx), in.ID, in.Body.Reason))
	})
}
