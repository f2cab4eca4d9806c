package web

import (
	"errors"
	"net/url"

	"github.com/proofmark/proofmark/internal/auth"
)

// LogInPage is where somebody says who they are.
type LogInPage struct {
	Page
	Form   *Form
	OpenID string       // where the login service's way begins; empty: there is none
	Others []DemoPerson // of the demonstration: one click each
}

// DemoPerson is somebody of the demonstration whom anybody may be.
type DemoPerson struct {
	Account string // acc_…
	Name    string
	Role    string // backer, startup, reviewer, operator
	Story   string // what there is to see as this person
}

func (p *People) logInPage(v *Visit) error {
	next := auth.LocalPath(v.Query("next"))
	if v.Actor.Account != "" {
		return v.Go(next)
	}
	if next != "/" {
		v.note("info", v.Say("log-in.first"))
	}
	return v.Show("log-in", p.logInForm(v, newForm("/log-in", url.Values{"next": {next}})))
}

func (p *People) logInForm(v *Visit, f *Form) *LogInPage {
	out := &LogInPage{Page: Page{Title: v.Say("log-in.title"), Quiet: true}, Form: f}
	if p.openID {
		out.OpenID = "/api/v1/openid/log-in?next=" + url.QueryEscape(auth.LocalPath(f.Get("next")))
	}
	if p.demo != nil {
		out.Others = p.demo()
	}
	return out
}

func (p *People) logIn(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	a, err := p.auth.LogIn(v.Context(), f.Get("email"), f.Raw("password"), v.Client())
	if f.Took(err, Place{auth.ErrBadLogin, ""}, Place{auth.ErrBlocked, ""}, Place{auth.ErrBusy, ""}) {
		return v.Again("log-in", p.logInForm(v, f))
	}
	if err != nil {
		return err
	}
	if err := v.begin(a.ID); err != nil {
		return err
	}
	return v.Go(f.Get("next"))
}

// begin logs the visitor in. What they had typed before stays.
func (v *Visit) begin(account string) error {
	b := v.pages.browsers
	was := b.GetString(v.Context(), typedKey)
	if err := b.Begin(v.Context(), account, v.Client()); err != nil {
		return err
	}
	if was != "" {
		b.Put(v.Context(), typedKey, was)
	}
	return nil
}

func (p *People) logOut(v *Visit) error {
	if err := v.pages.browsers.Destroy(v.Context()); err != nil {
		return err
	}
	return v.Go("/")
}

// demoLogIn lets anybody be one of the demonstration's people, and nobody else.
func (p *People) demoLogIn(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	for _, d := range p.demo() {
		if d.Account == f.Get("account") {
			if err := v.begin(d.Account); err != nil {
				return err
			}
			return v.Go(f.Get("next"))
		}
	}
	return errAbsent
}

func init() {
	page := func(f *Form) *LogInPage {
		return &LogInPage{Page: Page{Title: "Log in", Path: "/log-in"}, Form: f, OpenID: "#openid"}
	}
	story("log-in", "log-in", func() Pager {
		p := page(newForm("/log-in", url.Values{}))
		p.Others = []DemoPerson{
			{"acc_1", "Meera Iyer", "backer", "Two orders, one of them delivered."},
			{"acc_2", "Arjun Rao", "startup", "A certified purifier and a lamp that fails."},
			{"acc_3", `<img src=x onerror=alert(1)>`, "reviewer", "A queue with three submissions."},
		}
		return p
	})
	story("log-in-refused", "log-in", func() Pager {
		f := newForm("/log-in", url.Values{"email": {`"><script>alert(1)</script>@example.com`}})
		f.Took(errors.Join(auth.ErrBadLogin), Place{auth.ErrBadLogin, ""})
		return page(f)
	})
}
