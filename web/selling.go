package web

import (
	"context"
	"errors"
	"slices"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry"
)

// Sellers are the pages on which a startup writes its campaigns, sends what was
// ordered, and sees what it gets for it.
type Sellers struct{ SellersOptions }

// SellersOptions are what the pages work with; all are needed.
type SellersOptions struct {
	Auth     *auth.Service
	Registry *registry.Registry
	Desk     *campaigns.Desk
	Fulfil   *campaigns.Fulfilment
	Ledger   Ledger
	Blobs    blob.Store
}

// Ledger reads the books of campaigns.
type Ledger interface {
	Balances(ctx context.Context, campaign string) ([]campaigns.Balance, error)
}

// NewSellers makes the section.
func NewSellers(o SellersOptions) *Sellers { return &Sellers{o} }

const sellPath = "/startup/campaigns/"

// Mount implements Section.
func (s *Sellers) Mount(p *Pages) {
	member := Only(auth.RoleStartup)
	p.Get("/orgs/{org}/campaigns", member, s.list)
	p.Get("/orgs/{org}/campaigns/new", member, s.begin)
	p.Post("/orgs/{org}/campaigns/new", member, s.create)
	const at = sellPath + "{campaign}"
	p.Get(at, member, func(v *Visit) error { return s.show(v, nil) })
	p.Get(at+"/edit", member, s.editor)
	p.Post(at+"/edit", member, s.edit)
	p.Post(at+"/pictures", member, s.addPicture)
	for place, do := range map[string]func(v *Visit, campaign string, f *Form) error{
		"submit": func(v *Visit, campaign string, f *Form) error {
			_, err := s.Desk.Submit(v.Context(), v.party(), campaign, f.Rev)
			return err
		},
		"take-back": func(v *Visit, campaign string, f *Form) error {
			_, err := s.Desk.TakeBack(v.Context(), v.party(), campaign, f.Rev)
			return err
		},
		"cancel": func(v *Visit, campaign string, f *Form) error {
			_, err := s.Desk.Cancel(v.Context(), v.party(), campaign, f.Rev, f.Get("reason"))
			return f.beside(err, func(*certification.Refusal) string { return "reason" })
		},
		"updates": func(v *Visit, campaign string, f *Form) error {
			_, err := s.Desk.PostUpdate(v.Context(), v.party(), campaigns.Update{Campaign: campaign, Key: f.Key, Title: f.Get("title"), Body: f.Raw("body")})
			return f.beside(err, func(r *certification.Refusal) string {
				return startsWith(r.Detail, "the title", "title", "the update", "body")
			})
		},
	} {
		p.Post(at+"/"+place, member, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.show(v, f) }, func(f *Form) (string, error) {
				campaign := v.Param("campaign")
				return sellPath + campaign, do(v, campaign, f)
			})
		})
	}
	s.mountShipping(p)
	s.mountPayouts(p)
}

// SellingPage lists an organisation's campaigns.
type SellingPage struct {
	OrgPage
	Rows []campaigns.Campaign
	Next string
}

// SellPage is one campaign, for those who sell by it.
type SellPage struct {
	OrgPage
	Campaign  campaigns.Campaign
	Stands    certification.Refusals // against its approval; none: a reviewer's word
	Progress  ProgressView
	Price     string
	Ship      string
	Pictures  []PictureView
	Updates   []campaigns.Update
	MaySubmit bool
	MayTake   bool
	MayCancel bool
	MayWrite  bool // its text
	Ships     bool // there is or was something to send
	Forms     *Forms
}

// orgHead is what the pages of an organisation begin with.
func orgHead(v *Visit, accounts *auth.Service, org, tab, title string) (OrgPage, error) {
	o, err := accounts.Org(v.Context(), v.Actor, org)
	return OrgPage{Page{Title: title + " · " + o.Name, Wide: true}, o, tab}, err
}

func (s *Sellers) list(v *Visit) error {
	head, err := orgHead(v, s.Auth, v.Param("org"), "campaigns", v.Say("selling.title"))
	if err != nil {
		return err
	}
	p := &SellingPage{OrgPage: head}
	if p.Rows, err = s.Desk.CampaignsOf(v.Context(), v.party(), head.Org.ID, v.Query("before"), rowsPerPage+1); err != nil {
		return err
	}
	if len(p.Rows) > rowsPerPage {
		p.Rows = p.Rows[:rowsPerPage]
		p.Next = "?before=" + p.Rows[rowsPerPage-1].ID
	}
	return v.Show("selling", p)
}

// owned is a campaign of the visitor's. One of others is as if it were not there.
func (s *Sellers) owned(v *Visit) (campaigns.Shown, error) {
	x, err := s.Desk.Shown(v.Context(), v.party(), v.Param("campaign"))
	if err == nil && !v.Actor.MemberOf(x.Org) && !v.Actor.Is(auth.RoleOperator) {
		err = errAbsent
	}
	return x, err
}

func (s *Sellers) show(v *Visit, sent *Form) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	head, err := orgHead(v, s.Auth, x.Org, "campaigns", x.Title)
	if err != nil {
		return err
	}
	forms := newForms(sellPath + x.ID).at(x.Version).with(sent)
	may := func(to campaigns.CampaignState, place string) bool {
		return forms.Refused(place) || certification.MayMove(campaigns.CampaignMoves, x.State, to, certification.ByVendor)
	}
	p := &SellPage{
		OrgPage: head, Campaign: x.Campaign, Progress: progressView(x.Progress()), Price: amount(x.Price, x.Currency), Ship: shipSentence(v, x.Ship),
		MaySubmit: may(campaigns.CampaignInReview, "submit"), MayTake: may(campaigns.CampaignDraft, "take-back"), MayCancel: may(campaigns.CampaignCancelled, "cancel"),
		MayWrite: forms.Refused("pictures") || x.State != campaigns.CampaignInReview && !x.State.Final(), Ships: !x.DecidedAt.IsZero() && x.State != campaigns.CampaignFailed,
		Forms: forms,
	}
	for _, pic := range x.Page.Pictures {
		p.Pictures = append(p.Pictures, PictureView{URL: pictureURL(x.ID, pic.SHA256), Alt: pic.Alt, Width: pic.Width, Height: pic.Height})
	}
	if !x.Public() && !x.State.Final() {
		if p.Stands, err = s.Desk.Stands(v.Context(), v.party(), x.ID); err != nil {
			return err
		}
	}
	if p.Updates, err = s.Desk.Updates(v.Context(), v.party(), x.ID); err != nil {
		return err
	}
	if sent != nil {
		return v.Again("sell", p)
	}
	return v.Show("sell", p)
}

func (s *Sellers) addPicture(v *Visit) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	f, err := v.FormWithFiles(mostUploaded)
	if err != nil {
		return err
	}
	return v.actOn(f, func(f *Form) error { return s.show(v, f) }, func(f *Form) (string, error) {
		file, err := v.takePicture(s.Blobs, f, "file")
		if err != nil {
			return "", err
		}
		file.Alt = f.Get("alt")
		_, err = s.Desk.AddPicture(v.Context(), v.party(), x.ID, f.Rev, file)
		return sellPath + x.ID, f.beside(err, func(r *certification.Refusal) string { return startsWith(r.Detail, "the alternative text", "alt") })
	}, filePlaces...)
}

// takePicture stores the picture of a form.
func (v *Visit) takePicture(blobs blob.Store, f *Form, field string) (campaigns.Picture, error) {
	taken, found, err := v.takeMedia(blobs, f, field, media.Pictures)
	return campaigns.Picture{SHA256: taken.SHA256, Media: found.Kind.Type(), Width: found.Width, Height: found.Height, Size: taken.Size}, err
}

// beside puts what the domain refuses where it belongs: field says with which field
// a refusal does, with the form as a whole when that is empty. Other errors stay.
func (f *Form) beside(err error, field func(*certification.Refusal) string) error {
	var (
		several certification.Refusals
		one     *certification.Refusal
	)
	switch {
	case errors.As(err, &several):
	case errors.As(err, &one):
		several = certification.Refusals{one}
	default:
		return err
	}
	if slices.ContainsFunc(several, func(r *certification.Refusal) bool { return errors.Is(r, certification.ErrForbidden) }) {
		return err
	}
	for _, r := range several {
		f.Refuse(field(r), sentence(r.Detail))
	}
	return nil
}
