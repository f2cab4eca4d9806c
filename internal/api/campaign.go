package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/media"
)

const tagCampaigns = "Campaigns"

// Said is what a campaign says of itself.
type Said struct {
	Title    string             `json:"title" maxLength:"400" example:"Pure: an air purifier that shows its work"`
	Category campaigns.Category `json:"category,omitempty" enum:"air,climate,lighting,cleaning,kitchen,security,sensors,energy,entertainment,health,gateway,other"`
	Tagline  string             `json:"tagline,omitempty" maxLength:"800"`
	Story    string             `json:"story,omitempty" maxLength:"200000" doc:"Markdown. It is kept as it is written; escape it where you show it."`
	Risks    string             `json:"risks,omitempty" maxLength:"200000" doc:"Markdown."`
	Pictures []Picture          `json:"pictures,omitempty" maxItems:"20" doc:"Those that were uploaded, in the order of the page."`
	FAQ      []FAQ              `json:"faq,omitempty" maxItems:"50"`
}

func saidOf(title string, category campaigns.Category, p campaigns.Page) Said {
	return Said{
		Title: title, Category: category, Tagline: p.Tagline, Story: p.Story, Risks: p.Risks,
		Pictures: each(p.Pictures, func(p campaigns.Picture) Picture { return Picture{p.SHA256, p.Alt, p.Width, p.Height} }),
		FAQ:      each(p.FAQ, func(q campaigns.Question) FAQ { return FAQ(q) }),
	}
}

// Offer is what a startup writes of a campaign: what it says, and what it offers.
type Offer struct {
	Said
	Regions        []string            `json:"regions" maxItems:"20" example:"[\"IN\"]"`
	Price          int64               `json:"price" doc:"Of a unit, in minor units (paise)." example:"499900"`
	RetailPrice    int64               `json:"retail_price,omitempty" doc:"What it will cost later, in minor units."`
	Currency       string              `json:"currency,omitempty" default:"INR" maxLength:"3" doc:"ISO 4217."`
	TargetUnits    int64               `json:"target_units" example:"500"`
	StockLimit     int64               `json:"stock_limit,omitempty" doc:"Most units to be sold, not below the target; 0: no limit."`
	PerBackerLimit int64               `json:"per_backer_limit,omitempty" doc:"Most units of one backer; 0: no limit."`
	Spares         int64               `json:"spares,omitempty" doc:"Units that are made beyond those paid for, for repairs and losses."`
	OpensAt        time.Time           `json:"opens_at"`
	ClosesAt       time.Time           `json:"closes_at" doc:"The deadline: no order is taken from then on."`
	Ship           ShipPromise         `json:"ship"`
	Schedule       []campaigns.Advance `json:"schedule,omitempty" maxItems:"2" doc:"What the startup is paid before the delivery; the rest comes with it."`
	Variants       []Variant           `json:"variants,omitempty" maxItems:"50"`
}

// Picture is one picture of a campaign.
type Picture struct {
	SHA256 string `json:"sha256" maxLength:"64" doc:"GET /campaigns/{id}/pictures/{sha256} serves it."`
	Alt    string `json:"alt" maxLength:"1200" doc:"What is to be seen, for those who do not see it."`
	Width  int    `json:"width,omitempty" doc:"Pixels."`
	Height int    `json:"height,omitempty" doc:"Pixels."`
}

// FAQ is a question that is asked often.
type FAQ struct {
	Ask    string `json:"ask" maxLength:"1200"`
	Answer string `json:"answer" maxLength:"20000"`
}

// ShipPromise is by when a unit is handed over to the carrier.
type ShipPromise struct {
	Kind campaigns.ShipKind `json:"kind" enum:"date,success,order" doc:"By a date; within days of the campaign's success; within days of the later of order and success."`
	By   *time.Time         `json:"by,omitempty" doc:"With date."`
	Days int                `json:"days,omitempty" minimum:"0" maximum:"365" doc:"With success and order."`
}

// Variant is a kind of unit, such as a colour.
type Variant struct {
	ID         string `json:"id,omitempty" maxLength:"100" doc:"var_…; absent: a new one."`
	Name       string `json:"name" maxLength:"240"`
	StockLimit int64  `json:"stock_limit,omitempty" doc:"0: only the campaign's."`
}

// Campaign is a campaign as everybody may see it.
type Campaign struct {
	ID          string     `json:"id" doc:"cmp_…"`
	Org         string     `json:"org" doc:"org_… of the startup."`
	OrgName     string     `json:"org_name,omitempty"`
	Product     string     `json:"product" doc:"prd_…"`
	Model       string     `json:"model"`
	Certificate string     `json:"certificate,omitempty" doc:"Serial of the certificate on which it stands."`
	State       string     `json:"state" enum:"draft,in_review,scheduled,live,closing,succeeded,failed,fulfilling,completed,cancelled"`
	Held        bool       `json:"held" doc:"The certificate gate is closed: no orders and no shipments until it opens again."`
	HeldReason  string     `json:"held_reason,omitempty"`
	HeldAt      *time.Time `json:"held_at,omitempty"`
	Reason      string     `json:"reason,omitempty" doc:"Why it was cancelled, or what has to change."`
	Version     int64      `json:"version" doc:"Changes with each change; its ETag."`
	TextVersion int64      `json:"text_version" doc:"Of what it says; the versions before are readable."`
	PublishedAt *time.Time `json:"published_at,omitempty"`
	DecidedAt   *time.Time `json:"decided_at,omitempty" doc:"When it succeeded, failed or was cancelled."`
	Offer
	Progress *CampaignProgress `json:"progress,omitempty"`
}

func offerOf(d campaigns.Draft) Offer {
	return Offer{
		Said: saidOf(d.Title, d.Category, d.Page), Regions: d.Regions, Price: d.Price, RetailPrice: d.RetailPrice, Currency: d.Currency, TargetUnits: d.TargetUnits,
		StockLimit: d.StockLimit, PerBackerLimit: d.PerBackerLimit, Spares: d.Spares, OpensAt: instant(d.OpensAt), ClosesAt: instant(d.ClosesAt),
		Ship: ShipPromise{Kind: d.Ship.Kind, By: someday(d.Ship.By), Days: d.Ship.Days}, Schedule: d.Schedule,
		Variants: each(d.Variants, func(v campaigns.Variant) Variant { return Variant{v.ID, v.Name, v.StockLimit} }),
	}
}

func (o *Offer) draft() campaigns.Draft {
	d := campaigns.Draft{
		Title: o.Title, Category: o.Category, Page: campaigns.Page{Tagline: o.Tagline, Story: o.Story, Risks: o.Risks},
		Regions: o.Regions, Price: o.Price, RetailPrice: o.RetailPrice, Currency: o.Currency, TargetUnits: o.TargetUnits,
		StockLimit: o.StockLimit, PerBackerLimit: o.PerBackerLimit, Spares: o.Spares, OpensAt: o.OpensAt, ClosesAt: o.ClosesAt,
		Ship: campaigns.ShipPromise{Kind: o.Ship.Kind, Days: o.Ship.Days}, Schedule: o.Schedule,
	}
	if o.Ship.By != nil {
		d.Ship.By = *o.Ship.By
	}
	for _, v := range o.Variants {
		d.Variants = append(d.Variants, campaigns.Variant{ID: v.ID, Name: v.Name, StockLimit: v.StockLimit})
	}
	for _, p := range o.Pictures {
		d.Page.Pictures = append(d.Page.Pictures, campaigns.Picture{SHA256: p.SHA256, Alt: p.Alt})
	}
	for _, q := range o.FAQ {
		d.Page.FAQ = append(d.Page.FAQ, campaigns.Question(q))
	}
	return d
}

func campaignOf(c campaigns.Campaign) Campaign {
	return Campaign{
		ID: c.ID, Org: c.Org, Product: c.ProductID, Model: c.Model, Certificate: c.Certificate, State: string(c.State),
		Held: c.Held, HeldReason: c.HeldReason, HeldAt: someday(c.HeldAt), Reason: c.Reason, Version: c.Version, TextVersion: c.TextVersion,
		PublishedAt: someday(c.PublishedAt), DecidedAt: someday(c.DecidedAt), Offer: offerOf(campaigns.DraftOf(&c)),
	}
}

func shownOf(s campaigns.Shown) Campaign {
	c := campaignOf(s.Campaign)
	p := progressOf(s.Progress(), time.Now())
	c.OrgName, c.Progress = s.OrgName, &p
	return c
}

type campaignList struct {
	Campaigns []Campaign `json:"campaigns"`
	Next      string     `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// campaignReply is a campaign with its version as ETag.
type campaignReply struct {
	ETag string `header:"ETag"`
	Body Campaign
}

func campaignAnswer(c campaigns.Campaign, err error) (*campaignReply, error) {
	if err != nil {
		return nil, err
	}
	return &campaignReply{etag(c.Version), campaignOf(c)}, nil
}

func (a *API) mountCampaigns() {
	public(a, huma.Operation{
		OperationID: "list-campaigns", Method: http.MethodGet, Path: "/campaigns", Tags: []string{tagCampaigns},
		Summary:     "List the campaigns that everybody sees",
		Description: "live: those that end first at the top; upcoming: those that open first; past: the latest first. Needs no token.",
	}, func(ctx context.Context, in *struct {
		Shelf    campaigns.ShelfName `query:"shelf" enum:"live,upcoming,past" default:"live"`
		Words    string              `query:"q" maxLength:"200" doc:"In title, tagline, model or the startup's name."`
		Category campaigns.Category  `query:"category" enum:"air,climate,lighting,cleaning,kitchen,security,sensors,energy,entertainment,health,gateway,other"`
		After    string              `query:"after" maxLength:"200" doc:"The next of the page before; empty for the first."`
		Limit    int                 `query:"limit" minimum:"1" maximum:"100" default:"24"`
	},
	) (*reply[campaignList], error) {
		found, err := a.desk.Shelf(ctx, campaigns.ShelfQuery{Shelf: in.Shelf, Words: in.Words, Category: in.Category, After: in.After, Limit: in.Limit + 1})
		list := campaignList{Campaigns: []Campaign{}}
		for i, s := range found {
			if i == in.Limit {
				list.Next = found[i-1].Cursor
				break
			}
			c := shownOf(s)
			c.Story, c.Risks, c.FAQ = "", "", nil // for its page
			list.Campaigns = append(list.Campaigns, c)
		}
		return answer(list, err)
	})
	public(a, huma.Operation{
		OperationID: "get-campaign", Method: http.MethodGet, Path: "/campaigns/{id}", Tags: []string{tagCampaigns},
		Summary: "Read a campaign", Description: "From its approval on everybody sees it; before, members of its startup, reviewers and operators.",
	}, func(ctx context.Context, in *OfCampaign) (*campaignReply, error) {
		s, err := a.desk.Shown(ctx, partyOf(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &campaignReply{etag(s.Version), shownOf(s)}, nil
	})
	public(a, huma.Operation{
		OperationID: "list-campaign-texts", Method: http.MethodGet, Path: "/campaigns/{id}/texts", Tags: []string{tagCampaigns},
		Summary: "The published versions of what a campaign says", Description: "The last one holds.",
	}, func(ctx context.Context, in *OfCampaign) (*reply[[]CampaignText], error) {
		found, err := a.desk.Texts(ctx, partyOf(ctx), in.ID)
		return answer(each(found, textOf), err)
	})
	public(a, huma.Operation{
		OperationID: "get-campaign-picture", Method: http.MethodGet, Path: "/campaigns/{id}/pictures/{sha256}", Tags: []string{tagCampaigns},
		Summary: "A picture of a campaign",
		Responses: map[string]*huma.Response{"200": {Description: "The picture", Content: map[string]*huma.MediaType{
			"image/png": {}, "image/jpeg": {}, "image/webp": {},
		}}},
	}, a.campaignPicture)
}

// CampaignText is one version of what a campaign says.
type CampaignText struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	Said
}

func textOf(t campaigns.Text) CampaignText {
	return CampaignText{t.Version, instant(t.At), saidOf(t.Title, t.Category, t.Page)}
}

// campaignPicture serves a picture to be shown on a page: it was found to be one
// when it came, and is sent as what it was found to be.
func (a *API) campaignPicture(ctx context.Context, in *struct {
	OfCampaign
	SHA256 string `path:"sha256" maxLength:"64"`
},
) (*huma.StreamResponse, error) {
	p, err := a.desk.Picture(ctx, partyOf(ctx), in.ID, in.SHA256)
	if err != nil {
		return nil, err
	}
	kind := media.KindOf(p.Media)
	return a.serveBlob(ctx, p.SHA256, p.SHA256+"."+string(kind), kind, func(h http.Header) {
		if c, err := a.desk.Campaign(ctx, campaigns.Actor{}, in.ID); err == nil && c.Public() {
			h.Set("Cache-Control", "public, max-age=86400") // its name is its content
		}
	})
}
