package web

import (
	"net/url"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
)

// AccountPage is what somebody's account is, and the way to all that can be
// changed of it.
type AccountPage struct {
	Page
	ID       string
	Email    string
	Roles    []string
	Since    time.Time
	Name     *Form
	Password *Form
	Sessions []SessionRow
}

// SessionRow is a browser in which somebody is logged in.
type SessionRow struct {
	ID, Address, Agent string
	Began, Seen        time.Time
	Current            bool
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
	open, err := p.auth.Sessions(v.Context(), v.Actor.Account)
	if err != nil {
		return nil, err
	}
	who := personOf(a, v.Actor)
	page := &AccountPage{
		Page: Page{Title: v.Say("account.title"), Path: "/account", Person: who, Quiet: true},
		ID:   a.ID, Email: a.Email, Roles: who.Roles, Since: a.CreatedAt,
		Name: newForm("/account/name", url.Values{"name": {a.Name}}), Password: newForm("/account/password", url.Values{}),
	}
	for _, s := range open {
		page.Sessions = append(page.Sessions, SessionRow{s.ID, s.Address, s.Agent, s.CreatedAt, s.SeenAt, s.ID == v.Actor.Session})
	}
	return page, nil
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

func (p *People) changePassword(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = p.auth.ChangePassword(v.Context(), v.Actor, f.Raw("old"), f.Raw("new"), v.Client())
	if f.Took(err, Place{auth.ErrBadLogin, "old"}, Place{auth.ErrWeakPassword, "new"}, Place{auth.ErrBusy, ""}) {
		if f.Errors["old"] != "" {
			f.Errors["old"] = v.Say("account.old-wrong")
		}
		page, err := p.account(v)
		if err != nil {
			return err
		}
		page.Password = f
		return v.Again("account", page)
	}
	if err != nil {
		return err
	}
	v.Note("good", v.Say("account.password-changed"))
	return v.Go("/account")
}

func (p *People) endSession(v *Visit) error {
	if err := p.auth.EndSession(v.Context(), v.Actor, v.Param("id")); err != nil {
		return err
	}
	v.Note("good", v.Say("account.session-ended"))
	return v.Go("/account")
}

func (p *People) endOtherSessions(v *Visit) error {
	if err := p.auth.EndOtherSessions(v.Context(), v.Actor); err != nil {
		return err
	}
	v.Note("good", v.Say("account.sessions-ended"))
	return v.Go("/account")
}

// samplePerson is who looks at the stories.
var samplePerson = &Person{Name: "Meera <b>Iyer</b>", Roles: []string{"backer"}}

func init() {
	page := func() *AccountPage {
		return &AccountPage{
			Page: Page{Title: "Your account", Path: "/account", Person: samplePerson},
			ID:   "acc_0198f6a2", Email: "meera@example.com", Roles: []string{"backer", "startup"}, Since: day(2026, 3, 14),
			Name: newForm("#", url.Values{"name": {samplePerson.Name}}), Password: newForm("#", url.Values{}),
			Sessions: []SessionRow{
				{"ses_1", "192.0.2.17", "Mozilla/5.0 (Linux; Android 15) Firefox/140.0", day(2026, 11, 2), day(2026, 11, 29), true},
				{"ses_2", "2001:db8::17", `<script>alert("agent")</script>`, day(2026, 10, 2), day(2026, 11, 20), false},
			},
		}
	}
	story("account", "account", func() Pager { return page() })
	story("account-refused", "account", func() Pager {
		p := page()
		p.Password.Refuse("new", "Password refused: it is one of the most common ones.")
		return p
	})
}
