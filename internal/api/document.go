package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/media"
)

// OfDocument is the path of one document of a submission.
type OfDocument struct {
	OfSubmission
	Document string `path:"document" maxLength:"100" doc:"doc_…"`
}

type documentList struct {
	Documents []certification.Document `json:"documents" doc:"The oldest first."`
}

// documentAdded says what became of an upload.
type documentAdded struct {
	ETag string `header:"ETag" doc:"The submission's revision from now on."`
	Body certification.Document
}

func (a *API) mountDocuments() {
	startup(a, a.takesFile(huma.Operation{
		OperationID: "add-document", Method: http.MethodPost, Path: "/submissions/{id}/documents", Tags: []string{tagSubmissions},
		Summary: "Add a document", DefaultStatus: http.StatusCreated,
		Description: "The file must be what its name says, and of a kind that is accepted for what it is (docs/programme.md). A firmware image gives the submission its SHA-256, or must have the declared one.",
	}), func(ctx context.Context, in *struct {
		ChangesSubmission
		Upload
		Kind string `query:"kind" required:"true" maxLength:"40" doc:"What it is: sbom, disclosure, photo, …" example:"sbom"`
	},
	) (*documentAdded, error) {
		rev, err := in.revision()
		if err != nil {
			return nil, err
		}
		d, s, err := a.programme.Upload(ctx, partyOf(ctx), in.ID, rev, in.Kind, func(ctx context.Context, accept []media.Kind) (certification.Taken, error) {
			f, err := a.receive(ctx, &in.Upload, accept...)
			return certification.Taken{Name: f.Name, SHA256: f.SHA256, Size: f.Size, Kind: f.Kind}, err
		})
		if err != nil {
			return nil, stale(err)
		}
		return &documentAdded{etag(s.Rev), d}, nil
	})
	involved(a, huma.Operation{
		OperationID: "list-documents", Method: http.MethodGet, Path: "/submissions/{id}/documents", Tags: []string{tagSubmissions},
		Summary: "List the documents of a submission",
	}, func(ctx context.Context, in *OfSubmission) (*reply[documentList], error) {
		found, err := a.programme.Documents(ctx, partyOf(ctx), in.ID)
		return answer(documentList{found}, err)
	})
	involved(a, huma.Operation{
		OperationID: "get-document", Method: http.MethodGet, Path: "/submissions/{id}/documents/{document}", Tags: []string{tagSubmissions},
		Summary: "Download a document", Description: "Always as an attachment, in a sandbox without scripts. The ETag is its SHA-256.",
	}, func(ctx context.Context, in *OfDocument) (*huma.StreamResponse, error) {
		d, err := a.programme.Document(ctx, partyOf(ctx), in.ID, in.Document)
		if err != nil {
			return nil, err
		}
		return a.serveBlob(ctx, d.SHA256, d.Name, media.KindOf(d.Media))
	})
	startup(a, huma.Operation{
		OperationID: "remove-document", Method: http.MethodDelete, Path: "/submissions/{id}/documents/{document}", Tags: []string{tagSubmissions},
		Summary: "Remove a document", Description: "From a draft, or where changes were requested.",
	}, func(ctx context.Context, in *struct {
		OfDocument
		IfMatch
	},
	) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.RemoveDocument(ctx, partyOf(ctx), in.ID, rev, in.Document)
		})
	})
}
