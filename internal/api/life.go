package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

// OfCertificate is the path of everything that is about one certificate.
type OfCertificate struct {
	Serial string `path:"serial" maxLength:"40" example:"PM-2026-000001"`
}

// CertificateDecision is what somebody wants to become of a certificate.
type CertificateDecision struct {
	Rev    int64  `json:"rev" doc:"The revision that was read; a certificate that changed since is refused."`
	Reason string `json:"reason" minLength:"10" maxLength:"1000" doc:"Public, and in the log for ever."`
}

const tagCertificates = "Certificates"

func (a *API) mountLife() {
	type decision struct {
		OfCertificate
		Body CertificateDecision
	}
	type decide func(context.Context, certification.Actor, string, int64, string) (certification.Certificate, error)
	for _, d := range []struct {
		id, path, summary, description string
		do                             decide
	}{
		{
			"suspend-certificate", "suspend", "Suspend a certificate",
			"By a reviewer or an operator who is no member of its holder. Listings and shipments of the model stop with it.", a.life.Suspend,
		},
		{
			"reinstate-certificate", "reinstate", "Reinstate a suspended certificate",
			"The reason says how the cause was mended.", a.life.Reinstate,
		},
		{
			"propose-revocation", "revocation", "Propose to revoke a certificate",
			"Another person confirms it. The proposal is not public; its reason will be, once it is confirmed.", a.life.ProposeRevocation,
		},
		{
			"drop-revocation", "revocation/drop", "Take the proposal to revoke back", "", a.life.DropRevocation,
		},
	} {
		reviewer(a, huma.Operation{
			OperationID: d.id, Method: http.MethodPost, Path: "/certificates/{serial}/" + d.path, Tags: []string{tagCertificates},
			Summary: d.summary, Description: d.description,
		}, func(ctx context.Context, in *decision) (*reply[certification.Certificate], error) {
			return answer(d.do(ctx, partyOf(ctx), in.Serial, in.Body.Rev, in.Body.Reason))
		})
	}
	reviewer(a, huma.Operation{
		OperationID: "revoke-certificate", Method: http.MethodPost, Path: "/certificates/{serial}/revoke", Tags: []string{tagCertificates},
		Summary: "Revoke a certificate, for good", Description: "Confirms what another person proposed.",
	}, func(ctx context.Context, in *struct {
		OfCertificate
		Body struct {
			Rev int64 `json:"rev" doc:"The revision that was read."`
		}
	},
	) (*reply[certification.Certificate], error) {
		return answer(a.life.Revoke(ctx, partyOf(ctx), in.Serial, in.Body.Rev))
	})
	startup(a, huma.Operation{
		OperationID: "give-back-certificate", Method: http.MethodPost, Path: "/certificates/{serial}/withdraw", Tags: []string{tagCertificates},
		Summary: "Give a certificate back", Description: "By a member of its holder.",
	}, func(ctx context.Context, in *decision) (*reply[certification.Certificate], error) {
		c, err := a.life.GiveBack(ctx, partyOf(ctx), in.Serial, in.Body.Rev, in.Body.Reason)
		return answer(c.Public(), err)
	})
	reviewer(a, huma.Operation{
		OperationID: "meet-condition", Method: http.MethodPost, Path: "/certificates/{serial}/conditions/{condition}/met", Tags: []string{tagCertificates},
		Summary: "Say that a condition is met", Description: "By a reviewer who has seen it. One that was missed can still be met; the suspension is lifted by a decision of its own.",
	}, func(ctx context.Context, in *struct {
		OfCertificate
		Condition string `path:"condition" maxLength:"60" doc:"cnd_…"`
		Body      struct {
			Rev  int64  `json:"rev"`
			Note string `json:"note" minLength:"1" maxLength:"10000"`
		}
	},
	) (*reply[certification.Certificate], error) {
		return answer(a.life.MeetCondition(ctx, partyOf(ctx), in.Serial, in.Body.Rev, in.Condition, in.Body.Note))
	})
}
