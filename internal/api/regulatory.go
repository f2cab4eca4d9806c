package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/media"
)

const tagRegulatory = "Regulatory documents"

type regulatoryList struct {
	Documents []certification.RegulatoryDocument `json:"documents"`
}

// OfRegulatory is the path of everything that is about one regulatory document.
type OfRegulatory struct {
	ID string `path:"id" maxLength:"60" doc:"reg_…"`
}

func (a *API) mountRegulatory() {
	startup(a, a.takesFile(huma.Operation{
		OperationID: "submit-regulatory", Method: http.MethodPost, Path: "/orgs/{org}/regulatory", Tags: []string{tagRegulatory},
		Summary: "Submit a regulatory document", DefaultStatus: http.StatusCreated,
		Description: "The body is the file. It counts once a reviewer has verified it. docs/regulatory.md lists regions, schemes and terms.",
	}), a.submitRegulatory)
	startup(a, huma.Operation{
		OperationID: "list-regulatory", Method: http.MethodGet, Path: "/orgs/{org}/regulatory", Tags: []string{tagRegulatory},
		Summary: "List an organisation's regulatory documents",
	}, func(ctx context.Context, in *struct {
		Org   string                        `path:"org" maxLength:"60"`
		State certification.RegulatoryState `query:"state" enum:"submitted,verified,refused,expired,withdrawn"`
	},
	) (*reply[regulatoryList], error) {
		found, err := a.regulatory.Documents(ctx, partyOf(ctx), in.Org, in.State)
		return answer(regulatoryList{found}, err)
	})
	reviewer(a, huma.Operation{
		OperationID: "regulatory-queue", Method: http.MethodGet, Path: "/regulatory", Tags: []string{tagRegulatory},
		Summary: "List the regulatory documents that wait for a reviewer",
	}, func(ctx context.Context, _ *struct{}) (*reply[regulatoryList], error) {
		found, err := a.regulatory.Queue(ctx, partyOf(ctx))
		return answer(regulatoryList{found}, err)
	})
	person(a, huma.Operation{
		OperationID: "get-regulatory", Method: http.MethodGet, Path: "/regulatory/{id}", Tags: []string{tagRegulatory},
		Summary: "Read a regulatory document",
	}, func(ctx context.Context, in *OfRegulatory) (*reply[certification.RegulatoryDocument], error) {
		return answer(a.regulatory.Document(ctx, partyOf(ctx), in.ID))
	})
	person(a, huma.Operation{
		OperationID: "get-regulatory-file", Method: http.MethodGet, Path: "/regulatory/{id}/file", Tags: []string{tagRegulatory},
		Summary: "Download a regulatory document's file",
	}, func(ctx context.Context, in *OfRegulatory) (*huma.StreamResponse, error) {
		d, err := a.regulatory.Document(ctx, partyOf(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return a.serveBlob(ctx, d.File.SHA256, d.File.Name, media.Kind(d.File.Media))
	})
	a.mountRegulatoryDecisions()
}

func (a *API) submitRegulatory(ctx context.Context, in *struct {
	Org      string    `path:"org" maxLength:"60"`
	Region   string    `query:"region" required:"true" maxLength:"2" example:"IN"`
	Scheme   string    `query:"scheme" required:"true" maxLength:"20" example:"BIS-CRS"`
	Number   string    `query:"number" required:"true" maxLength:"200"`
	Holder   string    `query:"holder" required:"true" maxLength:"200"`
	Models   []string  `query:"models" required:"true" maxItems:"100"`
	Hardware []string  `query:"hardware" maxItems:"100" doc:"Revisions; none: all of these models."`
	Issued   time.Time `query:"issued" required:"true"`
	Expires  time.Time `query:"expires" doc:"Absent: it has no end."`
	Follow   time.Time `query:"surveillance_due" doc:"By when its issuer looks again, where the scheme asks for it."`
	Upload
},
) (*reply[certification.RegulatoryDocument], error) {
	d := certification.RegulatoryDocument{
		Org: in.Org, Region: in.Region, Scheme: in.Scheme, Number: in.Number, Holder: in.Holder, Models: in.Models, Hardware: in.Hardware,
		Issued: in.Issued, Expires: in.Expires, Follow: in.Follow,
	}
	actor := partyOf(ctx)
	if err := a.regulatory.MaySubmit(actor, d); err != nil {
		return nil, err
	}
	file, err := a.receive(ctx, &in.Upload, media.Documents...)
	if err != nil {
		return nil, err
	}
	return answer(a.regulatory.Submit(ctx, actor, d, certification.Document{
		Name: file.Name, Media: string(file.Kind), Size: file.Size, SHA256: file.SHA256,
	}))
}

func (a *API) mountRegulatoryDecisions() {
	type decision struct {
		OfRegulatory
		Body struct {
			Rev    int64  `json:"rev" doc:"The revision that was read."`
			Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Needed where it is refused or withdrawn; for a verified one, how it was checked."`
		}
	}
	type decide func(context.Context, certification.Actor, string, int64, string) (certification.RegulatoryDocument, error)
	on := func(do decide) func(context.Context, *decision) (*reply[certification.RegulatoryDocument], error) {
		return func(ctx context.Context, in *decision) (*reply[certification.RegulatoryDocument], error) {
			return answer(do(ctx, partyOf(ctx), in.ID, in.Body.Rev, in.Body.Reason))
		}
	}
	op := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: "/regulatory/{id}/" + path, Tags: []string{tagRegulatory}, Summary: summary}
	}
	reviewer(a, op("verify-regulatory", "verify", "Say that a regulatory document's issuer confirms it"), on(a.regulatory.Verify))
	reviewer(a, op("refuse-regulatory", "refuse", "Refuse a regulatory document"), on(a.regulatory.Refuse))
	reviewer(a, op("follow-up-regulatory", "follow-up", "Say that a regulatory document's issuer has looked again"), func(ctx context.Context, in *struct {
		OfRegulatory
		Body struct {
			Rev  int64     `json:"rev" doc:"The revision that was read."`
			Next time.Time `json:"surveillance_due" doc:"By when its issuer looks the next time."`
			Note string    `json:"note" minLength:"1" maxLength:"1000" doc:"How it was checked."`
		}
	},
	) (*reply[certification.RegulatoryDocument], error) {
		return answer(a.regulatory.FollowUp(ctx, partyOf(ctx), in.ID, in.Body.Rev, in.Body.Next, in.Body.Note))
	})
	person(a, op("withdraw-regulatory", "withdraw", "Withdraw a regulatory document"), on(a.regulatory.Withdraw))
}
