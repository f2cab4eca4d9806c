package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

type me struct {
	Account Account      `json:"account"`
	Roles   []auth.Role  `json:"roles" doc:"What the caller may do, as far as the scopes reach."`
	Scopes  []auth.Scope `json:"scopes" doc:"Of the token; a session has all."`
	Orgs    []membership `json:"orgs"`
	Token   string       `json:"token,omitempty" doc:"The token in use: tok_…"`
	Session string       `json:"session,omitempty" doc:"The session in use: ses_…"`
}

type membership struct {
	Org  string       `json:"org" doc:"org_…"`
	Role auth.OrgRole `json:"role"`
}

type session struct {
	ID        string    `json:"id" doc:"ses_…"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"To the hour."`
	ExpiresAt time.Time `json:"expires_at" doc:"At the latest; earlier after 7 days without a request."`
	Address   string    `json:"address" doc:"Where the login came from."`
	Agent     string    `json:"agent" doc:"What the browser calls itself."`
	Current   bool      `json:"current" doc:"It is the one in use."`
}

type sessionList struct {
	Sessions []session `json:"sessions"`
}

func (a *API) mountMe() {
	person(a, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/me", Tags: []string{peopleTag},
		Summary: "Who am I, and what may I do?",
	}, func(ctx context.Context, _ *struct{}) (*reply[me], error) {
		actor := actorOf(ctx)
		acc, err := a.auth.Account(ctx, actor.Account)
		return answer(me{
			Account: accountOf(acc), Token: actor.Token, Session: actor.Session,
			Roles: each(actor.Roles, itself), Scopes: each(actor.Scopes, itself),
			Orgs: each(actor.Orgs, func(m auth.Membership) membership { return membership(m) }),
		}, err)
	})
	person(a, huma.Operation{
		OperationID: "change-me", Method: http.MethodPatch, Path: "/me", Tags: []string{peopleTag},
		Summary: "Change the name by which others see me",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"200"`
		}
	},
	) (*nothing, error) {
		return nil, a.auth.Rename(ctx, actorOf(ctx), in.Body.Name)
	})
	person(a, huma.Operation{
		OperationID: "change-password", Method: http.MethodPut, Path: "/me/password", Tags: []string{peopleTag},
		Summary: "Change the password", Description: "Ends all sessions but the one in use; tokens stay.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Old string `json:"old" maxLength:"1024"`
			New string `json:"new" maxLength:"1024" doc:"At least 10 characters, at most 1,024 bytes, none of the most common ones."`
		}
	},
	) (*nothing, error) {
		return nil, a.auth.ChangePassword(ctx, actorOf(ctx), in.Body.Old, in.Body.New, clientOf(ctx))
	})
	a.mountMySessions()
	a.mountMyTokens()
}

func itself[T any](v T) T { return v }

func (a *API) mountMySessions() {
	person(a, huma.Operation{
		OperationID: "list-my-sessions", Method: http.MethodGet, Path: "/me/sessions", Tags: []string{peopleTag},
		Summary: "Where am I logged in?",
	}, func(ctx context.Context, _ *struct{}) (*reply[sessionList], error) {
		actor := actorOf(ctx)
		found, err := a.auth.Sessions(ctx, actor.Account)
		return answer(sessionList{each(found, func(s auth.Session) session {
			return session{
				ID: s.ID, CreatedAt: instant(s.CreatedAt), SeenAt: instant(s.SeenAt), ExpiresAt: instant(s.ExpiresAt),
				Address: s.Address, Agent: s.Agent, Current: s.ID == actor.Session,
			}
		})}, err)
	})
	person(a, huma.Operation{
		OperationID: "end-my-session", Method: http.MethodDelete, Path: "/me/sessions/{id}", Tags: []string{peopleTag},
		Summary: "Log a browser out", Description: "Here at once, on other nodes within a second.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100" doc:"ses_…"`
	},
	) (*nothing, error) {
		return nil, a.auth.EndSession(ctx, actorOf(ctx), in.ID)
	})
	person(a, huma.Operation{
		OperationID: "end-my-other-sessions", Method: http.MethodDelete, Path: "/me/sessions", Tags: []string{peopleTag},
		Summary: "Log all browsers out, but for the one in use",
	}, func(ctx context.Context, _ *struct{}) (*nothing, error) {
		return nil, a.auth.EndOtherSessions(ctx, actorOf(ctx))
	})
}

func (a *API) mountMyTokens() {
	person(a, huma.Operation{
		OperationID: "create-my-token", Method: http.MethodPost, Path: "/me/tokens", Tags: []string{peopleTag},
		Summary: "Make a token for a program of mine", DefaultStatus: http.StatusCreated,
		Description: "Its scopes are some of those that the login in use has; a scope gives nothing that the account itself may not do.",
	}, func(ctx context.Context, in *struct{ Body tokenWanted }) (*reply[tokenCreated], error) {
		actor := actorOf(ctx)
		made, err := a.createToken(ctx, actor, actor.Account, in.Body)
		return answer(made, err)
	})
	person(a, huma.Operation{
		OperationID: "list-my-tokens", Method: http.MethodGet, Path: "/me/tokens", Tags: []string{peopleTag},
		Summary: "List my tokens", Description: "The ended ones too; the texts are not kept.",
	}, func(ctx context.Context, _ *struct{}) (*reply[tokenList], error) {
		found, err := a.auth.List(ctx, actorOf(ctx).Account)
		return answer(tokenList{each(found, tokenOf)}, err)
	})
	person(a, huma.Operation{
		OperationID: "revoke-my-token", Method: http.MethodDelete, Path: "/me/tokens/{id}", Tags: []string{peopleTag},
		Summary: "Revoke a token of mine", Description: "It ends here at once, on other nodes within a second, and with it what is open by it: MQTT, event streams.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100" doc:"tok_…"`
	},
	) (*nothing, error) {
		return nil, a.auth.Revoke(ctx, actorOf(ctx), in.ID)
	})
}
