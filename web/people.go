package web

import (
	"context"
	"strings"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
)

// Mails are what was written to people.
type Mails interface {
	Messages(ctx context.Context, account, before string, limit int) ([]mail.Message, error)
	Keeps() bool // no mail server is configured: they are only here

	Choice(ctx context.Context, account string) (mail.Choice, error)
	Choose(ctx context.Context, account string, wants map[mail.Topic]bool) error
	Unsubscribed(ctx context.Context, key string, t mail.Topic) (bool, error)
	Unsubscribe(ctx context.Context, key string, t mail.Topic, wants bool) error
}

// People are the pages about who somebody is: signing up, logging in, the account.
type People struct {
	auth   *auth.Service
	mails  Mails
	orders OrderSource
	where  AddressSource
	url    string
	openID bool
	demo   func() []DemoPerson
}

// PeopleOptions are what the pages work with; Auth and Mails are needed.
type PeopleOptions struct {
	Auth      *auth.Service
	Mails     Mails
	Orders    OrderSource         // of backers; none when nil
	Addresses AddressSource       // of backers' orders; none when nil
	URL       string              // our address as it stands in mails
	OpenID    bool                // people log in by another service too
	Demo      func() []DemoPerson // whom anybody may be; nil outside the demonstration
}

// NewPeople makes the pages.
func NewPeople(o PeopleOptions) *People {
	return &People{auth: o.Auth, mails: o.Mails, orders: o.Orders, where: o.Addresses, url: strings.TrimSuffix(o.URL, "/"), openID: o.OpenID, demo: o.Demo}
}

// mailbox says whether whoever waits for a mail finds it on a page here.
func (p *People) mailbox() bool { return p.demo != nil && p.mails.Keeps() }

// Mount implements Section.
func (p *People) Mount(to *Pages) {
	to.Get(auth.LogInPage, Anybody, p.logInPage)
	to.Post(auth.LogInPage, Anybody, p.logIn)
	to.Post("/log-out", Anybody, p.logOut)
	to.Get("/sign-up", Anybody, p.signUpPage)
	to.Post("/sign-up", Anybody, p.signUp)
	to.Get(auth.ConfirmPage, Anybody, p.confirmPage)
	to.Post(auth.ConfirmPage, Anybody, p.confirm)
	to.Get(auth.ResetPage, Anybody, p.resetPage)
	to.Post(auth.ResetPage, Anybody, p.requestReset)
	to.Post(auth.ResetPage+"/finish", Anybody, p.reset)
	to.Get(auth.InvitationPage, LoggedIn, p.invitationPage)
	to.Post(auth.InvitationPage, LoggedIn, p.acceptInvitation)
	to.Get("/mailbox", Anybody, p.mailboxPage)
	if p.demo != nil {
		to.Post("/demo/log-in", Anybody, p.demoLogIn)
	}

	to.Get("/account", LoggedIn, p.accountPage)
	to.Post("/account/name", LoggedIn, p.rename)
	to.Post("/account/password", LoggedIn, p.changePassword)
	to.Post("/account/sessions/end", LoggedIn, p.endOtherSessions)
	to.Post("/account/sessions/{id}/end", LoggedIn, p.endSession)
	to.Get("/account/tokens", LoggedIn, p.tokensPage)
	to.Post("/account/tokens", LoggedIn, p.createToken)
	to.Post("/account/tokens/{id}/revoke", LoggedIn, p.revokeToken)
	to.Get("/account/organisations", LoggedIn, p.orgsPage)
	to.Post("/account/organisations", LoggedIn, p.createOrg)
	to.Get("/account/notifications", LoggedIn, p.notificationsPage)
	to.Post("/account/notifications", LoggedIn, p.notifications)
	to.Get(mail.UnsubscribePage+"/{key}/{topic}", Anybody, p.unsubscribePage)
	to.Post(mail.UnsubscribePage+"/{key}/{topic}", Anybody, p.unsubscribe)
	to.Get("/account/farewell", LoggedIn, p.farewellPage)
	to.Post("/account/farewell", LoggedIn, p.farewell)
	to.Get("/account/export.json", LoggedIn, p.exportAccount)
}
