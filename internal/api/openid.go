package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// redirected sends a browser elsewhere.
type redirected struct {
	Status    int
	Location  string        `header:"Location"`
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

func (a *API) mountOpenID() {
	elsewhere := map[string]*huma.Response{"303": {Description: "Go there"}}
	public(a, huma.Operation{
		OperationID: "openid-log-in", Method: http.MethodGet, Path: "/openid/log-in", Tags: []string{peopleTag},
		Summary: "Log in by another service (OpenID Connect)", DefaultStatus: http.StatusSeeOther, Responses: elsewhere,
		Description: "For browsers: sends them to the login service that this installation trusts; 404 if it trusts none.",
	}, func(ctx context.Context, in *struct {
		Next string `query:"next" maxLength:"500" doc:"The path to go to in the end; / when absent or of another site."`
	},
	) (*redirected, error) {
		if a.openID == nil {
			return nil, noOpenID()
		}
		there, cookie, err := a.openID.Begin(ctx, in.Next, clientOf(ctx))
		if err != nil {
			return nil, err
		}
		return &redirected{http.StatusSeeOther, there, []http.Cookie{*cookie}}, nil
	})
	public(a, huma.Operation{
		OperationID: "openid-callback", Method: http.MethodGet, Path: "/openid/callback", Tags: []string{peopleTag},
		Summary: "Come back from the login service", DefaultStatus: http.StatusSeeOther, Responses: elsewhere,
		Description: "The account is the one that is linked to the service's user, or the one with the address that the service has verified, or a new one.",
	}, func(ctx context.Context, in *struct {
		Cookie string `cookie:"proofmark_openid" maxLength:"200"`
		State  string `query:"state" maxLength:"500"`
		Code   string `query:"code" maxLength:"4000"`
		Error  string `query:"error" maxLength:"500"`
	},
	) (*redirected, error) {
		if a.openID == nil {
			return nil, noOpenID()
		}
		acc, next, err := a.openID.Finish(ctx, in.Cookie, url.Values{"state": {in.State}, "code": {in.Code}, "error": {in.Error}})
		if err != nil {
			return nil, err
		}
		session, err := a.beginSession(ctx, acc)
		if err != nil {
			return nil, err
		}
		spent := http.Cookie{Name: auth.OpenIDCookie, Path: auth.OpenIDCallback, MaxAge: -1, HttpOnly: true}
		return &redirected{http.StatusSeeOther, next, []http.Cookie{session.SetCookie, spent}}, nil
	})
}

func noOpenID() *Problem {
	return newProblem(kindNotFound, "this installation trusts no login service: see the flags --oidc-… of serve")
}
