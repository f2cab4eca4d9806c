package web

import (
	"net/url"

	"github.com/proofmark/proofmark/internal/auth"
)

// OrgsPage is in which organisations somebody works, and founds another one.
type OrgsPage struct {
	Page
	Form *Form
	Rows []OrgRow
}

// OrgRow is one organisation of somebody.
type OrgRow struct{ ID, Name, LegalName, Country, Role string }

func (p *People) orgsPage(v *Visit) error {
	return p.showOrgs(v, v.NewForm("/account/organisations", "country", "IN"))
}

func (p *People) showOrgs(v *Visit, f *Form) error {
	page := &OrgsPage{Page: Page{Title: v.Say("orgs.title"), Path: "/account/organisations", Quiet: true}, Form: f}
	for _, m := range v.Actor.Orgs {
		o, err := p.auth.Org(v.Context(), v.Actor, m.Org)
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, OrgRow{o.ID, o.Name, o.LegalName, o.Country, string(m.Role)})
	}
	if !f.OK() {
		return v.Again("orgs", page)
	}
	return v.Show("orgs", page)
}

func (p *People) createOrg(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	o := auth.Org{Name: f.Get("name"), LegalName: f.Get("legal-name"), Country: f.Get("country")}
	path, err := v.Once(f, func() (string, error) {
		made, err := p.auth.CreateOrg(v.Context(), v.Actor, o)
		if err == nil {
			v.Note("good", v.Say("orgs.founded", made.Name))
		}
		return "/account/organisations", err
	})
	if f.Took(err, Place{auth.ErrBadName, "name"}) {
		return p.showOrgs(v, f)
	}
	if err != nil {
		return err
	}
	return v.Go(path)
}

func init() {
	page := func(rows ...OrgRow) *OrgsPage {
		return &OrgsPage{Page: Page{Title: "Organisations", Person: samplePerson}, Form: newForm("#", url.Values{"country": {"IN"}}), Rows: rows}
	}
	story("orgs-none", "orgs", func() Pager { return page() })
	story("orgs", "orgs", func() Pager {
		return page(OrgRow{"org_1", "Aurora Air", `Aurora Air <script>alert(1)</script> Private Limited`, "IN", "owner"}, OrgRow{"org_2", "Kiran Lights", "Kiran Lights LLP", "IN", "member"})
	})
}
