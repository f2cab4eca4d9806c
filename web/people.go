package web

import (
	"github.com/proofmark/proofmark/internal/auth"
)

// People are the pages about who somebody is: signing up, logging in, the account.
type People struct {
	auth   *auth.Service
	openID bool
	demo   func() []DemoPerson
}

// PeopleOptions are what the pages work with; Auth is needed.
type PeopleOptions struct {
	Auth   *auth.Service
	OpenID bool                // people log in by another service too
	Demo   func() []DemoPerson // whom anybody may be; nil outside the demonstration
}

// NewPeople makes the pages.
func NewPeople(o PeopleOptions) *People {
	return &People{auth: o.Auth, openID: o.OpenID, demo: o.Demo}
}

// Mount implements Section.
func (p *People) Mount(to *Pages) {
	to.Get(auth.LogInPage, Anybody, p.logInPage)
	to.Post("/log-in", Anybody, p.logIn)
	to.Post("/log-out", Anybody, p.logOut)
	to.Post("/demo/log-in", Anybody, p.demoLogIn)
	to.Get("/account", LoggedIn, p.accountPage)
	to.Post("/account/name", LoggedIn, p.rename)
}
