package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/media"
)

// Obstacle is what stands between a campaign and its approval.
type Obstacle struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
}

func (a *API) mountCampaignWriting() {
	startup(a, huma.Operation{
		OperationID: "create-campaign", Method: http.MethodPost, Path: "/campaigns", Tags: []string{tagCampaigns},
		Summary: "Begin a campaign of a product", DefaultStatus: http.StatusCreated,
		Description: "A draft, which only the startup, reviewers and operators see. `rule` names what is refused (docs/campaigns.md).",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Product string `json:"product" maxLength:"100" doc:"prd_… of your organisation."`
			Offer
		}
	},
	) (*campaignReply, error) {
		return campaignAnswer(a.desk.Create(ctx, partyOf(ctx), in.Body.Product, in.Body.draft()))
	})
	startup(a, huma.Operation{
		OperationID: "change-campaign", Method: http.MethodPut, Path: "/campaigns/{id}", Tags: []string{tagCampaigns},
		Summary: "Change a campaign",
		Description: "Of a draft, everything. From its approval on only what it says, each version of which stays readable, and while it is live " +
			"its stock may be raised. Send the whole offer; what it must not change must be as it is.",
	}, func(ctx context.Context, in *struct {
		OfCampaign
		IfMatch
		Body Offer
	},
	) (*campaignReply, error) {
		version, err := in.revision()
		if err != nil {
			return nil, err
		}
		c, err := a.desk.Edit(ctx, partyOf(ctx), in.ID, version, in.Body.draft())
		return campaignAnswer(c, stale(err))
	})
	startup(a, a.takesFile(huma.Operation{
		OperationID: "add-campaign-picture", Method: http.MethodPost, Path: "/campaigns/{id}/pictures", Tags: []string{tagCampaigns},
		Summary: "Add a picture to a campaign", Description: "PNG, JPEG or WebP. It comes to the end; change-campaign orders and removes.",
	}), a.addCampaignPicture)
	type change func(context.Context, campaigns.Actor, string, int64) (campaigns.Campaign, error)
	for _, m := range []struct {
		id, path, summary, description string
		do                             change
	}{
		{"submit-campaign", "submit", "Give a campaign to the reviewers", "It is complete, and its window lies ahead.", a.desk.Submit},
		{"take-back-campaign", "take-back", "Make a submitted or scheduled campaign a draft again", "It is reviewed anew.", a.desk.TakeBack},
	} {
		startup(a, huma.Operation{
			OperationID: m.id, Method: http.MethodPost, Path: "/campaigns/{id}/" + m.path, Tags: []string{tagCampaigns},
			Summary: m.summary, Description: m.description,
		}, func(ctx context.Context, in *Versioned) (*campaignReply, error) {
			version, err := in.revision()
			if err != nil {
				return nil, err
			}
			c, err := m.do(ctx, partyOf(ctx), in.ID, version)
			return campaignAnswer(c, stale(err))
		})
	}
	person(a, huma.Operation{
		OperationID: "cancel-campaign", Method: http.MethodPost, Path: "/campaigns/{id}/cancel", Tags: []string{tagCampaigns},
		Summary: "End a campaign before its time", Description: "By its startup until the deadline, or by an operator. Whoever paid is refunded.",
	}, a.withReason(a.desk.Cancel))
	involved(a, huma.Operation{
		OperationID: "list-obstacles", Method: http.MethodGet, Path: "/campaigns/{id}/obstacles", Tags: []string{tagCampaigns},
		Summary: "What stands between a campaign and its approval now", Description: "An empty list: nothing but a reviewer's word.",
	}, func(ctx context.Context, in *OfCampaign) (*reply[[]Obstacle], error) {
		found, err := a.desk.Stands(ctx, partyOf(ctx), in.ID)
		return answer(each(found, func(r *certification.Refusal) Obstacle { return Obstacle{r.Rule, r.Detail} }), err)
	})
	involved(a, huma.Operation{
		OperationID: "list-org-campaigns", Method: http.MethodGet, Path: "/orgs/{id}/campaigns", Tags: []string{tagCampaigns},
		Summary: "List the campaigns of a startup", Description: "In every state, the newest first.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100" doc:"org_…"`
		Page
	},
	) (*reply[campaignList], error) {
		found, err := a.desk.CampaignsOf(ctx, partyOf(ctx), in.ID, in.After, in.Limit+1)
		var list campaignList
		list.Campaigns, list.Next = cut(found, in.Limit, campaignOf, func(c Campaign) string { return c.ID })
		return answer(list, err)
	})
}

// Versioned is the input of what happens to the version of a campaign that was read.
type Versioned struct {
	OfCampaign
	IfMatch
}

// VersionedWithReason likewise, with a reason.
type VersionedWithReason struct {
	Versioned
	Body struct {
		Reason string `json:"reason" minLength:"10" maxLength:"4000"`
	}
}

// withReason is the handler of what is done to a version of a campaign with a reason.
func (a *API) withReason(do func(context.Context, campaigns.Actor, string, int64, string) (campaigns.Campaign, error)) func(context.Context, *VersionedWithReason) (*campaignReply, error) {
	return func(ctx context.Context, in *VersionedWithReason) (*campaignReply, error) {
		version, err := in.revision()
		if err != nil {
			return nil, err
		}
		c, err := do(ctx, partyOf(ctx), in.ID, version, in.Body.Reason)
		return campaignAnswer(c, stale(err))
	}
}

func (a *API) addCampaignPicture(ctx context.Context, in *struct {
	Versioned
	Alt string `query:"alt" maxLength:"1200" required:"true" doc:"What is to be seen, for those who do not see it."`
	Upload
},
) (*campaignReply, error) {
	version, err := in.revision()
	if err != nil {
		return nil, err
	}
	c, err := a.desk.Campaign(ctx, partyOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if !partyOf(ctx).Of(c.Org) { // before the file is read
		return nil, certification.Refuse(certification.ErrForbidden, "campaign-member", "the caller is no member of %s, whose campaign %s is", c.Org, c.ID)
	}
	file, err := a.receive(ctx, &in.Upload, media.Pictures...)
	if err != nil {
		return nil, err
	}
	c, err = a.desk.AddPicture(ctx, partyOf(ctx), in.ID, version, campaigns.Picture{
		SHA256: file.SHA256, Media: file.Kind.Type(), Width: file.Width, Height: file.Height, Size: file.Size, Alt: in.Alt,
	})
	return campaignAnswer(c, stale(err))
}
