package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// loggedIn is an answer that begins a session.
type loggedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      logIn
}

type logIn struct {
	Account Account       `json:"account"`
	Token   *tokenCreated `json:"token,omitempty" doc:"The token that was asked for."`
}

// tokenWanted says what a token is to be.
type tokenWanted struct {
	Name   string       `json:"name,omitempty" maxLength:"200"`
	Scopes []auth.Scope `json:"scopes" minItems:"1" maxItems:"5" enum:"operator,app,startup,reviewer,backer"`
	TTL    int          `json:"ttl_s,omitempty" minimum:"0" maximum:"315360000" doc:"Seconds until it expires; 0: it does not."`
}

func (a *API) mountLogIn() {
	public(a, huma.Operation{
		OperationID: "log-in", Method: http.MethodPost, Path: "/log-in", Tags: []string{peopleTag},
		Summary:     "Log in",
		Description: "The session's cookie is good for 30 days, 7 of them without a request. A program asks for a token too, and keeps that.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Email    string       `json:"email" maxLength:"254"`
			Password string       `json:"password" maxLength:"1024"`
			Token    *tokenWanted `json:"token,omitempty" doc:"Makes an access token beside the session."`
		}
	},
	) (*loggedIn, error) {
		acc, err := a.auth.LogIn(ctx, in.Body.Email, in.Body.Password, clientOf(ctx))
		if err != nil {
			return nil, err
		}
		out, err := a.beginSession(ctx, acc)
		if err != nil || in.Body.Token == nil {
			return out, err
		}
		actor, err := a.auth.Actor(ctx, auth.Credential{Session: out.SetCookie.Value})
		if err != nil {
			return nil, err
		}
		made, err := a.createToken(ctx, actor, acc.ID, *in.Body.Token)
		out.Body.Token = &made
		return out, err
	})
	public(a, huma.Operation{
		OperationID: "log-out", Method: http.MethodPost, Path: "/log-out", Tags: []string{peopleTag},
		Summary: "End the session of the cookie", DefaultStatus: http.StatusNoContent,
		Description: "Nothing happens without one. A token is ended by revoking it.",
	}, func(ctx context.Context, _ *struct{}) (*struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}, error,
	) {
		cookie, err := a.browsers.LogOut(ctx, visitOf(ctx).credential.Session)
		if err != nil {
			return nil, err
		}
		return &struct {
			SetCookie http.Cookie `header:"Set-Cookie"`
		}{*cookie}, nil
	})
}

// beginSession logs an account in; whatever session the browser had, ends.
func (a *API) beginSession(ctx context.Context, acc auth.Account) (*loggedIn, error) {
	cookie, err := a.browsers.LogIn(ctx, visitOf(ctx).credential.Session, acc.ID, clientOf(ctx))
	if err != nil {
		return nil, err
	}
	return &loggedIn{SetCookie: *cookie, Body: logIn{Account: accountOf(acc)}}, nil
}

func (a *API) createToken(ctx context.Context, by auth.Actor, account string, w tokenWanted) (tokenCreated, error) {
	t, text, err := a.auth.CreateToken(ctx, auth.NewToken{By: by, Account: account, Name: w.Name, Scopes: w.Scopes, Life: seconds(w.TTL)})
	return tokenCreated{tokenOf(t), text}, err
}
