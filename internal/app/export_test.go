package app

import (
	"context"
	"errors"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/demo"
)

// Lived is closed when what a visitor can watch has happened.
func (a *App) Lived() <-chan struct{} { return a.lived }

// Grown is closed when the sample world is there, or cannot be.
func (a *App) Grown() <-chan struct{} { return a.grown }

// World is the sample world of this service, before anything is in it.
func (a *App) World() *demo.World { return a.sampleWorld() }

// OrdersOf are the paid orders of a campaign.
func (a *App) OrdersOf(ctx context.Context, campaign string) ([]campaigns.Order, error) {
	return a.fulfil.Orders(ctx, campaign, "", campaigns.Order{}, 100)
}

// TokenOf is a token of somebody, who is named by an e-mail address or account.
func (a *App) TokenOf(ctx context.Context, who string, scopes ...auth.Scope) (string, error) {
	if acc, err := a.auth.AccountByEmail(ctx, who); err == nil {
		who = acc.ID
	}
	_, token, err := a.auth.CreateToken(ctx, auth.NewToken{Account: who, Name: "test", Scopes: scopes})
	return token, err
}

// Evaluate judges all fleets now, after what their devices did was written.
func (a *App) Evaluate(ctx context.Context) error {
	a.registry.FlushField(ctx)
	return a.fleet.health.Evaluate(ctx)
}

// Certify makes the people of the sample world, and certifies its purifier by
// recorded runs. Nothing of its campaigns is sold. In a browser anybody may be one of
// the people.
func (a *App) Certify(ctx context.Context) error {
	w := a.sampleWorld()
	w.Shop.PSP = nil
	if err := w.Settle(ctx); err != nil {
		return err
	}
	if err := a.invite(ctx); err != nil {
		return err
	}
	return w.Grow(ctx)
}

// Token is one of a person of the sample world, or of somebody who is made for it.
func (a *App) Token(ctx context.Context, email string, roles []auth.Role, scopes ...auth.Scope) (string, error) {
	who, err := a.auth.AccountByEmail(ctx, email)
	if errors.Is(err, auth.ErrNotFound) {
		who, err = a.auth.CreatePerson(ctx, auth.System, email, "Somebody", "a long enough pass phrase", roles...)
	}
	if err != nil {
		return "", err
	}
	_, text, err := a.auth.CreateToken(ctx, auth.NewToken{Account: who.ID, Name: "test", Scopes: scopes})
	return text, err
}

// Audited audits the books of all campaigns, and says how many there are.
func (a *App) Audited(ctx context.Context) (int, error) {
	return campaigns.AuditAll(ctx, a.db.Campaigns())
}
