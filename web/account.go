package web

import (
	"github.com/proofmark/proofmark/internal/auth"
)

// AccountPage is what somebody's account is, and the way to all that can be
// changed of it.
type AccountPage struct {
	Page
	ID    string
	Email string
	Roles []string
	Name  *Form
}

func (p *People) accountPage(v *Visit) error {
	page, err := p.account(v)
	if err != nil {
		return err
	}
	page.Name = v.NewForm("/account/name", "name", page.Person.Name)
	return v.Show("account", page)
}

func (p *People) account(v *Visit) (*AccountPage, error) {
	a, err := p.auth.Account(v.Context(), v.Actor.Account)
	if err != nil {
		return nil, err
	}
	return &AccountPage{
		Page: Page{Title: v.Say("account.title"), Path: "/account", Person: personOf(a, v.Actor)},
		ID:   a.ID, Email: a.Email, Roles: personOf(a, v.Actor).Roles,
	}, nil
}

func (p *People) rename(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = p.auth.Rename(v.Context(), v.Actor, f.Get("name"))
	if f.Took(err, Place{auth.ErrBadName, "name"}) {
		page, err := p.account(v)
		if err != nil {
			return err
		}
		page.Name = f
		return v.Again("account", page)
	}
	if err != nil {
		return err
	}
	v.Note("good", v.Say("account.renamed"))
	return v.Go("/account")
}
