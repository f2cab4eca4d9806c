package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// SpecVersion is a stored version of a spec, without its document.
type SpecVersion struct {
	ID        string    `json:"id" doc:"spv_…"`
	ProductID string    `json:"product_id"`
	Version   int       `json:"version" doc:"The URN's version."`
	URN       string    `json:"urn"`
	SHA256    string    `json:"sha256" doc:"Of the document as it was given, hex."`
	CreatedAt time.Time `json:"created_at"`
}

func specOf(s registry.SpecVersion) SpecVersion {
	return SpecVersion{ID: s.ID, ProductID: s.ProductID, Version: s.Version, URN: s.URN, SHA256: s.SHA256, CreatedAt: instant(s.CreatedAt)}
}

type specCreated struct {
	SpecVersion
	Changes  miot.Changes   `json:"changes" doc:"What the version adds to the one before."`
	Findings []miot.Finding `json:"findings" doc:"The linter's warnings."`
}

type specList struct {
	Specs []SpecVersion `json:"specs" doc:"The oldest version first."`
}

type lintResult struct {
	Findings []miot.Finding `json:"findings"`
	Errors   int            `json:"errors" doc:"How many of them are errors."`
}

// SpecDocument is a body that is kept as it came, byte by byte.
type SpecDocument struct {
	RawBody []byte `contentType:"application/json"`
}

func (a *API) mountSpecs() {
	startup(a, specBody(huma.Operation{
		OperationID: "add-spec", Method: http.MethodPost, Path: "/products/{id}/specs", Tags: []string{"Products"},
		Summary: "Add a spec version", DefaultStatus: http.StatusCreated,
		Description: "The body is the document. It may only add to the version before; anything else is a new product version.",
	}), a.addSpec)
	startup(a, huma.Operation{
		OperationID: "list-specs", Method: http.MethodGet, Path: "/products/{id}/specs", Tags: []string{"Products"},
		Summary: "List the spec versions of a product",
	}, func(ctx context.Context, in *OfProduct) (*reply[specList], error) {
		if _, err := a.ownProduct(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.registry.Specs(ctx, in.ID)
		return answer(specList{each(found, specOf)}, err)
	})
	startup(a, huma.Operation{
		OperationID: "get-spec", Method: http.MethodGet, Path: "/specs/{id}", Tags: []string{"Products"},
		Summary: "Read a spec document", Description: "As it was given; the ETag is its SHA-256. Documents never change.",
	}, a.spec)
	person(a, specBody(huma.Operation{
		OperationID: "lint-spec", Method: http.MethodPost, Path: "/specs:lint", Tags: []string{"Products"},
		Summary: "Lint a spec document", Description: "The body is the document; nothing is stored.",
	}), func(_ context.Context, in *struct {
		Profile string `query:"profile" enum:"default,certification" default:"default" doc:"certification is stricter: what is only a warning on the bench."`
		SpecDocument
	},
	) (*reply[lintResult], error) {
		profile := miot.LintDefault
		if in.Profile == "certification" {
			profile = miot.LintForCertification
		}
		findings, err := miot.LintDocument(in.RawBody, profile)
		if findings == nil {
			findings = []miot.Finding{}
		}
		return answer(lintResult{findings, miot.Errors(findings)}, err)
	})
	for _, path := range []string{"/products/{id}/specs", "/specs:lint"} {
		describeSpec(a.huma.OpenAPI().Paths[prefix+path].Post)
	}
}

// describeSpec says in the document what the body of the operation is.
func describeSpec(op *huma.Operation) {
	op.RequestBody.Content["application/json"].Schema = &huma.Schema{
		Type: huma.TypeObject, Description: "A MIoT-Spec-V2 instance document.", AdditionalProperties: true,
	}
}

// specBody leaves the judgement of the document to the linter.
func specBody(op huma.Operation) huma.Operation {
	op.SkipValidateBody = true
	return op
}

func (a *API) addSpec(ctx context.Context, in *struct {
	OfProduct
	SpecDocument
},
) (*reply[specCreated], error) {
	if _, err := a.ownProduct(ctx, in.ID); err != nil {
		return nil, err
	}
	s, changes, err := a.registry.AddSpec(ctx, in.ID, bytes.Clone(in.RawBody)) // huma takes its buffer back
	if err != nil {
		return nil, refusedChanges(err, changes)
	}
	if changes == nil {
		changes = miot.Changes{}
	}
	return answer(specCreated{specOf(s), changes, warnings(s.Document)}, nil)
}

// refusedChanges adds to an error which changes are more than additions.
func refusedChanges(err error, changes miot.Changes) error {
	if changes == nil || !errors.Is(err, registry.ErrBadRequest) {
		return err
	}
	p := newProblem(kindSpecRefused, strings.TrimPrefix(err.Error(), registry.ErrBadRequest.Error()+": "))
	for _, c := range changes {
		if c.Breaking {
			p.Errors = append(p.Errors, Fault{Message: c.What + " " + string(c.Kind) + ": " + c.Why, Pointer: c.Pointer, Severity: miot.SeverityError})
		}
	}
	return p
}

type specOutput struct {
	Status       int
	ETag         string `header:"ETag" doc:"The document's SHA-256."`
	CacheControl string `header:"Cache-Control"`
	ContentType  string `header:"Content-Type"`
	Body         []byte
}

func (a *API) spec(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"100" doc:"spv_…"`
	Have string `header:"If-None-Match" maxLength:"1000"`
},
) (*specOutput, error) {
	s, err := a.registry.Spec(ctx, in.ID)
	if err == nil {
		_, err = a.ownProduct(ctx, s.ProductID)
	}
	if err != nil {
		return nil, err
	}
	out := &specOutput{
		Status: http.StatusOK, ETag: `"` + s.SHA256 + `"`, CacheControl: "private, max-age=31536000, immutable",
		ContentType: "application/json", Body: s.Document,
	}
	if in.Have == "*" || strings.Contains(in.Have, out.ETag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}
