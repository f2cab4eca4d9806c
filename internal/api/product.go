package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Product is a model.
type Product struct {
	ID        string    `json:"id" doc:"prd_…"`
	Model     string    `json:"model" doc:"Vendor and product of the spec's URN; unique." example:"aurora-pure1"`
	Name      string    `json:"name"`
	Org       string    `json:"org,omitempty" doc:"Whose the model is: only its members submit it. Absent: nobody's yet."`
	CreatedAt time.Time `json:"created_at"`
}

func productOf(p registry.Product) Product {
	return Product{ID: p.ID, Model: p.Model, Name: p.Name, Org: p.Org, CreatedAt: instant(p.CreatedAt)}
}

type productCreated struct {
	Product
	SpecID      string         `json:"spec_id" doc:"spv_…"`
	SpecVersion int            `json:"spec_version"`
	Findings    []miot.Finding `json:"findings" doc:"The linter's warnings; errors would have refused the document."`
}

type productList struct {
	Products []Product `json:"products"`
	Next     string    `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// OfProduct is the path of everything that is about one product.
type OfProduct struct {
	ID string `path:"id" maxLength:"100" doc:"prd_…"`
}

func (a *API) mountProducts() {
	startup(a, huma.Operation{
		OperationID: "create-product", Method: http.MethodPost, Path: "/products", Tags: []string{"Products"},
		Summary: "Register a product", DefaultStatus: http.StatusCreated,
		Description: "A product is a model, described by a MIoT-Spec-V2 document. It belongs to the organisation that registers it first.",
	}, a.createProduct)
	startup(a, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/products", Tags: []string{"Products"},
		Summary: "List products", Description: "Those of an organisation; for operators all where none is named.",
	}, a.products)
	startup(a, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/products/{id}", Tags: []string{"Products"},
		Summary: "Read a product",
	}, func(ctx context.Context, in *OfProduct) (*reply[Product], error) {
		p, err := a.ownProduct(ctx, in.ID)
		return answer(productOf(p), err)
	})
	operator(a, huma.Operation{
		OperationID: "give-product", Method: http.MethodPut, Path: "/products/{id}/owner", Tags: []string{"Products"},
		Summary: "Give a product that is nobody's to an organisation", Description: "Once: a model does not change hands.",
	}, func(ctx context.Context, in *struct {
		OfProduct
		Body struct {
			Org string `json:"org" minLength:"1" maxLength:"100" doc:"org_…"`
		}
	},
	) (*nothing, error) {
		return nil, a.registry.GiveProduct(ctx, in.ID, in.Body.Org)
	})
}

// ownProduct reads a product of the caller's organisations; an operator reads all.
// To others it does not exist.
func (a *API) ownProduct(ctx context.Context, id string) (registry.Product, error) {
	p, err := a.registry.Product(ctx, id)
	if err == nil && !isOperator(ctx) && !actorOf(ctx).MemberOf(p.Org) {
		return registry.Product{}, fmt.Errorf("product %s: %w", id, registry.ErrNotFound)
	}
	return p, err
}

// actsFor is the organisation for which the caller acts: the one that is named, or
// the caller's only one; for an operator, who needs none, whatever is named.
func actsFor(ctx context.Context, named string) (string, error) {
	actor := actorOf(ctx)
	switch {
	case isOperator(ctx), named != "" && actor.MemberOf(named):
		return named, nil
	case named != "":
		return "", newProblem(kindForbidden, "the caller is no member of "+named)
	case len(actor.Orgs) == 1:
		return actor.Orgs[0].Org, nil
	}
	return "", newProblem(kindInvalid, "org is missing: the caller is a member of several organisations")
}

func (a *API) products(ctx context.Context, in *struct {
	Page
	Org string `query:"org" maxLength:"100" doc:"A member of one organisation only need not name it."`
},
) (*reply[productList], error) {
	org, err := actsFor(ctx, in.Org)
	if err != nil {
		return nil, err
	}
	var found []registry.Product
	if org == "" {
		found, err = a.registry.Products(ctx, in.After, in.Limit+1)
	} else {
		found, err = a.registry.ProductsOf(ctx, org, in.After, in.Limit+1)
	}
	var list productList
	list.Products, list.Next = cut(found, in.Limit, productOf, func(p Product) string { return p.ID })
	return answer(list, err)
}

func (a *API) createProduct(ctx context.Context, in *struct {
	Body struct {
		Org  string          `json:"org,omitempty" maxLength:"100" doc:"org_… whose the model will be. A member of one organisation only need not name it; an operator may leave it nobody's."`
		Name string          `json:"name,omitempty" maxLength:"200" doc:"The model when empty."`
		Spec json.RawMessage `json:"spec" doc:"A MIoT-Spec-V2 instance document."`
	}
},
) (*reply[productCreated], error) {
	org, err := actsFor(ctx, in.Body.Org)
	if err != nil {
		return nil, err
	}
	p, s, err := a.registry.CreateProductOf(ctx, org, in.Body.Name, in.Body.Spec)
	if err != nil {
		return nil, err
	}
	return answer(productCreated{productOf(p), s.ID, s.Version, warnings(s.Document)}, nil)
}

// warnings are what the linter says of a document that was taken.
func warnings(document []byte) []miot.Finding {
	findings, err := miot.LintDocument(document)
	if err != nil || findings == nil {
		return []miot.Finding{}
	}
	return findings
}
