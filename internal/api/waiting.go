package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// Waiting is an entry of a campaign's waiting list.
type Waiting struct {
	ID        string    `json:"id" doc:"wtg_…"`
	Campaign  string    `json:"campaign"`
	Variant   string    `json:"variant,omitempty"`
	Units     int64     `json:"units"`
	State     string    `json:"state" enum:"waits,offered,left,ended"`
	Order     string    `json:"order,omitempty" doc:"ord_… that was made for it; pay it within its window."`
	Ahead     int64     `json:"ahead" doc:"Entries before it; 0 once it does not wait."`
	CreatedAt time.Time `json:"created_at"`
}

// OfCampaign is the path of what is about one campaign.
type OfCampaign struct {
	ID string `path:"id" maxLength:"100" doc:"cmp_…"`
}

func (a *API) mountWaiting() {
	backer(a, huma.Operation{
		OperationID: "join-waiting-list", Method: http.MethodPost, Path: "/campaigns/{id}/waiting", Tags: []string{"Orders"},
		Summary: "Wait for units of a campaign that is sold out",
		Description: "What comes free is offered in order: an order is made for you, to be paid within two hours. " +
			"If fewer units come free than you want, the order is of those. Who waits already stays where he is.",
	}, a.joinWaiting)
	backer(a, huma.Operation{
		OperationID: "get-waiting", Method: http.MethodGet, Path: "/campaigns/{id}/waiting", Tags: []string{"Orders"},
		Summary: "Your entries of a campaign's waiting list",
	}, func(ctx context.Context, in *OfCampaign) (*reply[[]Waiting], error) {
		found, err := a.campaigns.WaitingOfBacker(ctx, in.ID, actorOf(ctx).Account)
		if err != nil {
			return nil, err
		}
		entries := make([]Waiting, len(found))
		for i, w := range found {
			if entries[i], err = a.waiting(ctx, w); err != nil {
				return nil, err
			}
		}
		return answer(entries, nil)
	})
	backer(a, huma.Operation{
		OperationID: "leave-waiting-list", Method: http.MethodDelete, Path: "/campaigns/{id}/waiting/{entry}", Tags: []string{"Orders"},
		Summary: "Leave a waiting list", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		OfCampaign
		Entry string `path:"entry" maxLength:"100" doc:"wtg_…"`
	},
	) (*nothing, error) {
		_, err := a.decided(ctx, &campaigns.Leave{Campaign: in.ID, EntryID: in.Entry, Backer: actorOf(ctx).Account})
		return &nothing{}, err
	})
}

func (a *API) joinWaiting(ctx context.Context, in *struct {
	OfCampaign
	Body struct {
		Units   int64  `json:"units" minimum:"1" maximum:"1000"`
		Variant string `json:"variant,omitempty" maxLength:"100" doc:"var_…, where the campaign has variants."`
	}
},
) (*reply[Waiting], error) {
	joined, err := a.decided(ctx, &campaigns.Join{Entry: campaigns.Waiting{
		ID: id.New("wtg"), Campaign: in.ID, Variant: in.Body.Variant, Backer: actorOf(ctx).Account, Units: in.Body.Units,
	}})
	if err != nil {
		return nil, err
	}
	return answer(a.waiting(ctx, joined.Entry))
}

func (a *API) waiting(ctx context.Context, w campaigns.Waiting) (Waiting, error) {
	out := Waiting{
		ID: w.ID, Campaign: w.Campaign, Variant: w.Variant, Units: w.Units, State: string(w.State), Order: w.Order, CreatedAt: instant(w.CreatedAt),
	}
	var err error
	if w.State == campaigns.WaitingWaits {
		out.Ahead, err = a.campaigns.WaitingAhead(ctx, w)
	}
	return out, err
}
