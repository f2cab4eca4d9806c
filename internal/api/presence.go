package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

type presence struct {
	DID    string          `json:"did"`
	Online bool            `json:"online"`
	Reason registry.Reason `json:"reason,omitempty" doc:"Such as connected, keep-alive missed, replaced; absent if it never connected." example:"keep-alive missed"`
	Node   string          `json:"node,omitempty" doc:"The gateway node that holds or held the connection."`
	Since  time.Time       `json:"since"`
}

func (a *API) mountPresence() {
	watcher(a, huma.Operation{
		OperationID: "get-presence", Method: http.MethodGet, Path: "/devices/{did}/presence", Tags: []string{"Devices"},
		Summary: "Is the device online?",
	}, func(ctx context.Context, in *OfDevice) (*reply[presence], error) {
		p, err := a.registry.Presence(ctx, in.DID)
		return answer(presence{p.DID, p.Online, p.Reason, p.Node, instant(p.Since)}, err)
	})
}
