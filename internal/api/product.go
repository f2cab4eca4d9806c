package api

import (
	"context"
	"encoding/json"
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
	CreatedAt time.Time `json:"created_at"`
}

func productOf(p registry.Product) Product {
	return Product{ID: p.ID, Model: p.Model, Name: p.Name, CreatedAt: instant(p.CreatedAt)}
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
	operator(a, huma.Operation{
		OperationID: "create-product", Method: http.MethodPost, Path: "/products", Tags: []string{"Products"},
		Summary: "Register a product", DefaultStatus: http.StatusCreated,
		Description: "A product is a model, described by a MIoT-Spec-V2 document.",
	}, a.createProduct)
	operator(a, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/products", Tags: []string{"Products"},
		Summary: "List products",
	}, func(ctx context.Context, in *Page) (*reply[productList], error) {
		found, err := a.registry.Products(ctx, in.After, in.Limit+1)
		var list productList
		list.Products, list.Next = cut(found, in.Limit, productOf, func(p Product) string { return p.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/products/{id}", Tags: []string{"Products"},
		Summary: "Read a product",
	}, func(ctx context.Context, in *OfProduct) (*reply[Product], error) {
		p, err := a.registry.Product(ctx, in.ID)
		return answer(productOf(p), err)
	})
}

func (a *API) createProduct(ctx context.Context, in *struct {
	Body struct {
		Name string          `json:"name,omitempty" maxLength:"200" doc:"The model when empty."`
		Spec json.RawMessage `json:"spec" doc:"A MIoT-Spec-V2 instance document."`
	}
},
) (*reply[productCreated], error) {
	p, s, err := a.registry.CreateProduct(ctx, in.Body.Name, in.Body.Spec)
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
