package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

type violation struct {
	Day      string    `json:"day" format:"date"`
	Rule     string    `json:"rule" example:"value-range"`
	SIID     int       `json:"siid,omitempty"`
	IID      int       `json:"iid,omitempty" doc:"piid or eiid; absent where the message could not be read that far."`
	Firmware string    `json:"firmware,omitempty"`
	Count    int64     `json:"count"`
	LastAt   time.Time `json:"last_at"`
	Last     string    `json:"last" doc:"The last offending value or message, at most 256 bytes."`
}

type violationList struct {
	Violations []violation `json:"violations"`
}

func violationOf(v registry.Violation) violation {
	return violation{v.Day.UTC().Format(time.DateOnly), v.Rule, v.SIID, v.IID, v.Firmware, v.Count, instant(v.LastAt), v.Last}
}

func (a *API) mountViolations() {
	operator(a, huma.Operation{
		OperationID: "list-violations", Method: http.MethodGet, Path: "/devices/{did}/violations", Tags: []string{"History"},
		Summary: "List how a device broke its spec", Description: "Refused items, counted per UTC day, rule, member and firmware.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Span
	},
	) (*reply[violationList], error) {
		from, to := in.bounds(time.Now(), 30*24*time.Hour)
		found, err := a.registry.Violations(ctx, in.DID, from, to)
		return answer(violationList{each(found, violationOf)}, err)
	})
}
