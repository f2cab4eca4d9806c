package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// Listings are the pages on which campaigns are approved, and on which an operator
// says who a startup is.
type Listings struct{ ListingsOptions }

// ListingsOptions are what the pages work with; all are needed.
type ListingsOptions struct {
	Auth *auth.Service
	Desk *campaigns.Desk
}

// NewListings makes the section.
func NewListings(o ListingsOptions) *Listings { return &Listings{o} }

// ListingsPage are the campaigns that wait for a reviewer.
type ListingsPage struct {
	Page
	Rows []campaigns.Campaign
}

// ListingPage is one campaign, for those who decide on it.
type ListingPage struct {
	Page
	Campaign     campaigns.Campaign
	OrgName      string
	Author       string
	Identity     campaigns.Identity
	Stands       certification.Refusals
	Price, Ship  string
	Schedule     []string
	Story, Risks template.HTML
	Pictures     []PictureView
	FAQ          []QuestionView
	MayDecide    bool // it is in review, and the visitor is a reviewer
	MayCancel    bool // the visitor is an operator, and it is not over
	Operator     bool
	Forms        *Forms
}

// IdentityPage is who a startup is, as an operator recorded it.
type IdentityPage struct {
	Page
	Org      auth.Org
	Identity campaigns.Identity
	Record   *Form
	Forms    *Forms
}

// Mount implements Section.
func (s *Listings) Mount(p *Pages) {
	judges := func(a auth.Actor) bool { return a.Is(auth.RoleReviewer) || a.Is(auth.RoleOperator) }
	p.Get("/review/listings", judges, s.queue)
	const at = "/review/listings/{campaign}"
	p.Get(at, judges, func(v *Visit) error { return s.show(v, nil) })
	type reasoned func(context.Context, campaigns.Actor, string, int64, string) (campaigns.Campaign, error)
	approve := func(ctx context.Context, a campaigns.Actor, campaign string, version int64, _ string) (campaigns.Campaign, error) {
		return s.Desk.Approve(ctx, a, campaign, version)
	}
	for place, do := range map[string]reasoned{"approve": approve, "send-back": s.Desk.SendBack, "cancel": s.Desk.Cancel} {
		p.Post(at+"/"+place, judges, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.show(v, f) }, func(f *Form) (string, error) {
				c, err := do(v.Context(), v.party(), v.Param("campaign"), f.Rev, f.Get("reason"))
				if err == nil {
					v.Note("good", v.Say("listing.done", c.Title, v.Say(fmt.Sprintf("campaign-state.%s", c.State))))
				}
				return "/review/listings", f.beside(err, func(r *certification.Refusal) string {
					if r.Rule == "campaign-reason" {
						return "reason"
					}
					return ""
				})
			})
		})
	}
	operator := Only(auth.RoleOperator)
	const known = "/operator/organisations/{org}/identity"
	p.Get(known, operator, func(v *Visit) error { return s.identity(v, nil) })
	p.Post(known+"/record", operator, func(v *Visit) error {
		return s.identify(v, func(f *Form, org string) error {
			_, err := s.Desk.Identify(v.Context(), v.party(), campaigns.Identity{Org: org, LegalName: f.Get("legal"), Registration: f.Get("registration"), BankAccount: f.Get("account")})
			return f.beside(err, func(r *certification.Refusal) string {
				return startsWith(r.Detail, "the legal name", "legal", "the registration", "registration", "the reference", "account")
			})
		})
	})
	p.Post(known+"/withdraw", operator, func(v *Visit) error {
		return s.identify(v, func(f *Form, org string) error {
			_, err := s.Desk.WithdrawIdentity(v.Context(), v.party(), org, f.Get("reason"))
			return f.beside(err, func(*certification.Refusal) string { return "reason" })
		})
	})
}

func (s *Listings) queue(v *Visit) error {
	p := &ListingsPage{Page: Page{Title: v.Say("listing.title"), Wide: true}}
	var err error
	if p.Rows, err = s.Desk.InReview(v.Context(), v.party()); err != nil {
		return err
	}
	return v.Show("listings", p)
}

// identityOf is what is on record; nothing is an Identity that does not stand.
func (s *Listings) identityOf(v *Visit, org string) (campaigns.Identity, error) {
	i, err := s.Desk.Identity(v.Context(), v.party(), org)
	if errors.Is(err, registry.ErrNotFound) {
		return campaigns.Identity{}, nil
	}
	return i, err
}

func (s *Listings) show(v *Visit, sent *Form) error {
	x, err := s.Desk.Shown(v.Context(), v.party(), v.Param("campaign"))
	if err != nil {
		return err
	}
	p := &ListingPage{
		Page: Page{Title: x.Title, Wide: true}, Campaign: x.Campaign, OrgName: x.OrgName, Author: v.people(x.Author).Who(x.Author),
		Price: amount(x.Price, x.Currency), Ship: shipSentence(v, x.Ship), Schedule: scheduleSentences(v, x.Schedule), Story: prose(x.Page.Story), Risks: prose(x.Page.Risks),
		MayDecide: x.State == campaigns.CampaignInReview && v.Actor.Is(auth.RoleReviewer), Operator: v.Actor.Is(auth.RoleOperator),
		Forms: newForms("/review/listings/" + x.ID).at(x.Version).with(sent),
	}
	p.MayDecide = p.MayDecide || p.Forms.Refused("approve") || p.Forms.Refused("send-back")
	p.MayCancel = p.Forms.Refused("cancel") || p.Operator && certification.MayMove(campaigns.CampaignMoves, x.State, campaigns.CampaignCancelled, certification.ByOperator)
	for _, pic := range x.Page.Pictures {
		p.Pictures = append(p.Pictures, PictureView{URL: pictureURL(x.ID, pic.SHA256), Alt: pic.Alt, Width: pic.Width, Height: pic.Height})
	}
	for _, q := range x.Page.FAQ {
		p.FAQ = append(p.FAQ, QuestionView{q.Ask, prose(q.Answer)})
	}
	if p.Identity, err = s.identityOf(v, x.Org); err != nil {
		return err
	}
	if x.State == campaigns.CampaignInReview {
		if p.Stands, err = s.Desk.Stands(v.Context(), v.party(), x.ID); err != nil {
			return err
		}
	}
	if sent != nil {
		return v.Again("listing", p)
	}
	return v.Show("listing", p)
}

// scheduleSentences say what the startup is paid before the delivery.
func scheduleSentences(v *Visit, schedule campaigns.Schedule) []string {
	var out []string
	for _, a := range schedule {
		switch a.When {
		case campaigns.AdvanceAtSuccess:
			out = append(out, v.Say("campaign.advance-success", shareText(a.Share)))
		case campaigns.AdvanceAtHandover:
			out = append(out, v.Say("campaign.advance-handover", shareText(a.Share)))
		}
	}
	return out
}

func (s *Listings) identity(v *Visit, sent *Form) error {
	o, err := s.Auth.Org(v.Context(), v.Actor, v.Param("org"))
	if err != nil {
		return err
	}
	p := &IdentityPage{Page: Page{Title: v.Say("identity.title", o.Name)}, Org: o, Forms: newForms("/operator/organisations/" + o.ID + "/identity").with(sent)}
	if p.Identity, err = s.identityOf(v, o.ID); err != nil {
		return err
	}
	p.fill()
	if sent != nil {
		return v.Again("identity", p)
	}
	return v.Show("identity", p)
}

// fill puts what is on record into the form.
func (p *IdentityPage) fill() {
	legal := p.Identity.LegalName
	if legal == "" {
		legal = p.Org.LegalName
	}
	p.Record = p.Forms.Of("record", "legal", legal, "registration", p.Identity.Registration, "account", p.Identity.BankAccount)
}

func (s *Listings) identify(v *Visit, do func(f *Form, org string) error) error {
	return v.act(func(f *Form) error { return s.identity(v, f) }, func(f *Form) (string, error) {
		org := v.Param("org")
		return "/operator/organisations/" + org + "/identity", do(f, org)
	})
}
