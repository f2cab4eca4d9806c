package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// documentOrders adds the hot path to the OpenAPI document: it is a plain handler.
func (a *API) documentOrders() {
	order := func(description string) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: a.schema(reflect.TypeFor[Order]())}}}
	}
	one, thousand := 1.0, 1000.0
	keyLength := 64
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "create-order", Method: http.MethodPost, Path: prefix + "/campaigns/{id}/orders", Tags: []string{"Orders"},
		Summary: "Order units of a live campaign",
		Description: "The stock is kept for 15 minutes, in which the order must be paid. The answer comes after the order is stored. " +
			"Send the same request with the same Idempotency-Key until there is an answer: it never makes a second order.",
		Security: []map[string][]string{{"token": {string(auth.ScopeBacker)}}, {"session": {string(auth.ScopeBacker)}}},
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "cmp_…", Schema: &huma.Schema{Type: huma.TypeString}},
			{
				Name: "Idempotency-Key", In: "header", Required: true, Description: "Your own name for this order, 1 to 64 visible ASCII characters.",
				Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &keyLength},
			},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"units"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{
				"units":   {Type: huma.TypeInteger, Minimum: &one, Maximum: &thousand},
				"variant": {Type: huma.TypeString, Description: "var_…, where the campaign has variants."},
				"price":   {Type: huma.TypeInteger, Description: "The price that was shown, in minor units: refused if it is another one now."},
			},
		}}}},
		Responses: map[string]*huma.Response{
			"201": order("Created"), "200": order("It was made before, with the same Idempotency-Key"), "default": a.problemResponse(),
		},
	})
}
