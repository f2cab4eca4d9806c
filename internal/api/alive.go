package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/registry"
)

// Alive is how many devices of a campaign's product are alive in homes.
type Alive struct {
	AtLeast int64     `json:"at_least" doc:"A multiple of 10; 0 where there are fewer than 10: then it is not told."`
	Days    int       `json:"days" doc:"They were connected within so many days."`
	At      time.Time `json:"at" doc:"When they were counted: every 5 minutes at most."`
}

func (a *API) mountAlive() {
	public(a, huma.Operation{
		OperationID: "get-campaign-alive", Method: http.MethodGet, Path: "/campaigns/{id}/alive", Tags: []string{tagCampaigns},
		Summary: "Read how many devices of the campaign's model are alive in homes", Description: "Devices that somebody outside the startup claimed, and that were connected within the last days.",
	}, func(ctx context.Context, in *OfCampaign) (*reply[Alive], error) {
		x, err := a.desk.Shown(ctx, campaigns.Actor{}, in.ID)
		if err != nil {
			return nil, err
		}
		n, err := a.registry.Alive(ctx, x.ProductID)
		return answer(Alive{n.Devices, registry.AliveDays, instant(n.At)}, err)
	})
}
