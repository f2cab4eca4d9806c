package web

import (
	"net/url"

	"github.com/proofmark/proofmark/internal/auth"
)

// SignUpPage begins an account; once it was sent, it says to look at the mail.
type SignUpPage struct {
	Page
	Form    *Form
	As      []Option // backer or startup
	Mailed  string   // the address to which a code went; empty: not yet
	Mailbox bool     // mails are read here, because none are sent
}

// CodePage takes a code from a mail, with a password: to confirm an address, or
// to choose a new password.
type CodePage struct {
	Page
	Form   *Form
	Mailed string // the address to which a new code went
	Box    bool   // mails are read here
}

// afterKey keeps where to go once the address is confirmed.
const afterKey = "after"

func (p *People) signUpPage(v *Visit) error {
	if v.Actor.Account != "" {
		return v.Go("/account")
	}
	as := v.Query("as")
	if as != "startup" {
		as = "backer"
	}
	return v.Show("sign-up", p.signUpForm(v, v.NewForm("/sign-up", "as", as, "next", auth.LocalPath(v.Query("next")))))
}

func (p *People) signUpForm(v *Visit, f *Form) *SignUpPage {
	return &SignUpPage{Page: Page{Title: v.Say("sign-up.title"), Quiet: true}, Form: f, Mailbox: p.mailbox(), As: []Option{
		{"backer", v.Say("sign-up.backer")}, {"startup", v.Say("sign-up.startup")},
	}}
}

func (p *People) signUp(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = p.auth.SignUp(v.Context(), f.Get("email"), f.Get("name"), f.Raw("password"), v.Client())
	if f.Took(err, Place{auth.ErrBadEmail, "email"}, Place{auth.ErrBadName, "name"}, Place{auth.ErrWeakPassword, "password"}, Place{auth.ErrNoMail, ""}) {
		return v.Again("sign-up", p.signUpForm(v, f))
	}
	if err != nil {
		return err
	}
	after := auth.LocalPath(f.Get("next"))
	if f.Get("as") == "startup" {
		after = "/account/organisations"
	}
	v.pages.browsers.Put(v.Context(), afterKey, after)
	page := p.signUpForm(v, f)
	page.Mailed = f.Get("email")
	return v.Show("sign-up", page)
}

func (p *People) confirmPage(v *Visit) error {
	return v.Show("confirm", p.confirmForm(v, newForm("/confirm", url.Values{"code": {v.Query("code")}})))
}

func (p *People) confirmForm(v *Visit, f *Form) *CodePage {
	return &CodePage{Page: Page{Title: v.Say("confirm.title"), Quiet: true}, Form: f}
}

func (p *People) confirm(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	a, err := p.auth.Confirm(v.Context(), f.Get("code"), f.Raw("password"), v.Client())
	if f.Took(err, Place{auth.ErrBadCode, "code"}, Place{auth.ErrBadLogin, "password"}, Place{auth.ErrBusy, ""}) {
		return v.Again("confirm", p.confirmForm(v, f))
	}
	if err != nil {
		return err
	}
	after := auth.LocalPath(v.pages.browsers.GetString(v.Context(), afterKey))
	if err := v.begin(a.ID); err != nil {
		return err
	}
	v.Note("good", v.Say("confirm.done", a.Name))
	return v.Go(after)
}

func (p *People) resetPage(v *Visit) error {
	code := v.Query("code")
	if code == "" {
		return v.Show("reset", p.resetForm(v, newForm("/reset", url.Values{})))
	}
	return v.Show("reset", p.resetForm(v, newForm("/reset/finish", url.Values{"code": {code}})))
}

func (p *People) resetForm(v *Visit, f *Form) *CodePage {
	return &CodePage{Page: Page{Title: v.Say("reset.title"), Path: "/reset", Quiet: true}, Form: f, Box: p.mailbox()}
}

func (p *People) requestReset(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = p.auth.RequestReset(v.Context(), f.Get("email"), v.Client())
	page := p.resetForm(v, f)
	if f.Took(err, Place{auth.ErrBadEmail, "email"}, Place{auth.ErrNoMail, ""}, Place{auth.ErrBusy, ""}) {
		return v.Again("reset", page)
	}
	if err != nil {
		return err
	}
	page.Mailed = f.Get("email")
	return v.Show("reset", page)
}

func (p *People) reset(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = p.auth.Reset(v.Context(), f.Get("code"), f.Raw("password"), v.Client())
	if f.Took(err, Place{auth.ErrBadCode, "code"}, Place{auth.ErrWeakPassword, "password"}, Place{auth.ErrBusy, ""}) {
		return v.Again("reset", p.resetForm(v, f))
	}
	if err != nil {
		return err
	}
	v.Note("good", v.Say("reset.done"))
	return v.Go(auth.LogInPage)
}

func init() {
	page := func(f *Form) *SignUpPage {
		return &SignUpPage{Page: Page{Title: "Sign up", Path: "/sign-up"}, Form: f, Mailbox: true, As: []Option{
			{"backer", "I want to back products"}, {"startup", "I make products"},
		}}
	}
	story("sign-up", "sign-up", func() Pager { return page(newForm("#", url.Values{"as": {"backer"}})) })
	story("sign-up-refused", "sign-up", func() Pager {
		f := newForm("#", url.Values{"as": {"startup"}, "name": {`<b onmouseover=alert(1)>Asha`}, "email": {"asha@"}})
		f.Refuse("email", "E-mail address refused: \"asha@\" has nothing behind its @.")
		f.Refuse("password", "Password refused: 5 characters, at least 10.")
		return page(f)
	})
	story("sign-up-mailed", "sign-up", func() Pager {
		p := page(newForm("#", url.Values{}))
		p.Mailed = `asha"><script>alert(1)</script>@example.com`
		return p
	})
	story("confirm", "confirm", func() Pager {
		return &CodePage{Page: Page{Title: "Confirm"}, Form: newForm("#", url.Values{"code": {"pmc_cod_0198_x"}})}
	})
	story("reset", "reset", func() Pager { return &CodePage{Page: Page{Title: "Reset"}, Form: newForm("/reset", url.Values{})} })
	story("reset-mailed", "reset", func() Pager {
		return &CodePage{Page: Page{Title: "Reset"}, Form: newForm("/reset", url.Values{}), Mailed: "asha@example.com", Box: true}
	})
	story("reset-code", "reset", func() Pager {
		f := newForm("/reset/finish", url.Values{"code": {"pmc_x"}})
		f.Refuse("code", "Code refused: it expired at 2026-11-29T10:00:00Z.")
		return &CodePage{Page: Page{Title: "Reset"}, Form: f}
	})
}
