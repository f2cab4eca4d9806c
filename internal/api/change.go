package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

// changeView is what is said of a change, and what would be.
type changeView struct {
	Template certification.ChangeStatement `json:"template" doc:"What a statement about this submission must say, but for its changes."`
	Parts    []certification.Part          `json:"parts" doc:"What can be named as changed."`
	Given    *certification.SignedChange   `json:"given,omitempty" doc:"Absent: there is none yet."`
}

func (a *API) mountChanges() {
	involved(a, huma.Operation{
		OperationID: "get-change-statement", Method: http.MethodGet, Path: "/submissions/{id}/change-statement", Tags: []string{tagSubmissions},
		Summary: "Read the change statement", Description: "The one that was given, and what one about this submission has to say.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[changeView], error) {
		s, err := a.programme.Submission(ctx, partyOf(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		given, err := certification.ChangeOf(s)
		return answer(changeView{certification.StatementFor(s), certification.Parts(), given}, err)
	})
	startup(a, huma.Operation{
		OperationID: "put-change-statement", Method: http.MethodPut, Path: "/submissions/{id}/change-statement", Tags: []string{tagSubmissions},
		Summary:     "State what changed since the certificate",
		Description: "Signed (jws), or confirmed by the caller (statement). One of the two. Class F needs a signed one.",
	}, func(ctx context.Context, in *struct {
		ChangesSubmission
		Body struct {
			JWS       string          `json:"jws,omitempty" doc:"Compact, EdDSA, typ proofmark-change, kid of a key of the organisation; the payload is the statement."`
			Statement json.RawMessage `json:"statement,omitempty" doc:"The statement itself: who confirms it, when, and the SHA-256 of these bytes are recorded."`
		}
	},
	) (*submissionReply, error) {
		if (in.Body.JWS == "") == (len(in.Body.Statement) == 0) {
			return nil, newProblem(kindInvalid, "want either jws or statement")
		}
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			if in.Body.JWS != "" {
				return a.programme.SignChange(ctx, partyOf(ctx), in.ID, rev, in.Body.JWS)
			}
			return a.programme.StateChange(ctx, partyOf(ctx), in.ID, rev, in.Body.Statement)
		})
	})
	reviewer(a, huma.Operation{
		OperationID: "confirm-class", Method: http.MethodPut, Path: "/submissions/{id}/class", Tags: []string{tagSubmissions},
		Summary:     "Confirm or raise the class of a change",
		Description: "Never below what the statement and the facts demand. Raised in review, the submission goes back to testing.",
	}, func(ctx context.Context, in *struct {
		ChangesSubmission
		Body struct {
			Class string `json:"class" enum:"A,B,C,D,E,F,none" doc:"none: everything runs, as at first."`
			Note  string `json:"note,omitempty" maxLength:"4000" doc:"Why, where it is raised."`
		}
	},
	) (*submissionReply, error) {
		class := certification.ChangeClass(in.Body.Class)
		if class == "none" {
			class = ""
		}
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.ConfirmClass(ctx, partyOf(ctx), in.ID, rev, class, in.Body.Note)
		})
	})
}
