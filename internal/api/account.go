package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// Account is an account. It is exported because huma sees only exported embedded
// members.
type Account struct {
	ID          string     `json:"id" doc:"acc_…"`
	Name        string     `json:"name"`
	Email       string     `json:"email,omitempty" doc:"Absent for the accounts of programs."`
	CreatedAt   time.Time  `json:"created_at"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty" doc:"When the e-mail address was proven."`
	BlockedAt   *time.Time `json:"blocked_at,omitempty" doc:"Absent unless an operator blocked it."`
}

func accountOf(a auth.Account) Account {
	return Account{
		ID: a.ID, Name: a.Name, Email: a.Email, CreatedAt: instant(a.CreatedAt),
		ConfirmedAt: someday(a.ConfirmedAt), BlockedAt: someday(a.BlockedAt),
	}
}

// Standing is an account as operators see it.
type Standing struct {
	Account Account      `json:"account"`
	Roles   []auth.Role  `json:"roles" doc:"Those that were granted."`
	Orgs    []membership `json:"orgs" doc:"Without those that are blocked."`
}

func standingOf(s auth.Standing) Standing {
	return Standing{
		Account: accountOf(s.Account), Roles: each(s.Roles, itself),
		Orgs: each(s.Orgs, func(m auth.Membership) membership { return membership(m) }),
	}
}

type listedAccount struct {
	Account
	Roles []auth.Role `json:"roles" doc:"Those that were granted."`
}

type accountList struct {
	Accounts []listedAccount `json:"accounts"`
	Next     string          `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// OfAccount is the part of a path that names an account.
type OfAccount struct {
	ID string `path:"id" maxLength:"100" doc:"acc_…"`
}

// OfRole is the part of a path that names a role of an account.
type OfRole struct {
	OfAccount
	Role auth.Role `path:"role" enum:"operator,reviewer"`
}

const accountsTag = "Accounts and tokens"

func (a *API) mountAccounts() {
	operator(a, huma.Operation{
		OperationID: "create-account", Method: http.MethodPost, Path: "/accounts", Tags: []string{accountsTag},
		Summary: "Create an account for programs", Description: "It owns devices and tokens, and has no e-mail address. People sign up.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"200"`
		}
	},
	) (*reply[Account], error) {
		acc, err := a.auth.CreateProgram(ctx, actorOf(ctx), in.Body.Name)
		return answer(accountOf(acc), err)
	})
	operator(a, huma.Operation{
		OperationID: "list-accounts", Method: http.MethodGet, Path: "/accounts", Tags: []string{accountsTag},
		Summary: "List accounts",
	}, func(ctx context.Context, in *Page) (*reply[accountList], error) {
		found, err := a.auth.Accounts(ctx, in.After, in.Limit+1)
		var list accountList
		list.Accounts, list.Next = cut(found, in.Limit, func(s auth.Standing) listedAccount {
			return listedAccount{accountOf(s.Account), each(s.Roles, itself)}
		}, func(x listedAccount) string { return x.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "get-account", Method: http.MethodGet, Path: "/accounts/{id}", Tags: []string{accountsTag},
		Summary: "Show an account with its roles and organisations",
	}, func(ctx context.Context, in *OfAccount) (*reply[Standing], error) {
		s, err := a.auth.Standing(ctx, in.ID)
		return answer(standingOf(s), err)
	})
	a.mountAccountDecisions()
}

// mountAccountDecisions mounts what operators decide about accounts.
func (a *API) mountAccountDecisions() {
	operator(a, huma.Operation{
		OperationID: "grant-role", Method: http.MethodPut, Path: "/accounts/{id}/roles/{role}", Tags: []string{accountsTag},
		Summary: "Grant a role to an account",
	}, func(ctx context.Context, in *OfRole) (*nothing, error) {
		return nil, a.auth.GrantRole(ctx, actorOf(ctx), in.ID, in.Role)
	})
	operator(a, huma.Operation{
		OperationID: "revoke-role", Method: http.MethodDelete, Path: "/accounts/{id}/roles/{role}", Tags: []string{accountsTag},
		Summary: "Take a role back", Description: "Here at once, on other nodes within a second. Nobody takes the operator's role from themselves.",
	}, func(ctx context.Context, in *OfRole) (*nothing, error) {
		return nil, a.auth.RevokeRole(ctx, actorOf(ctx), in.ID, in.Role)
	})
	operator(a, huma.Operation{
		OperationID: "block-account", Method: http.MethodPut, Path: "/accounts/{id}/block", Tags: []string{accountsTag},
		Summary: "Block an account", Description: "It can do nothing any more: here at once, on other nodes within a second. Its sessions end, and what is open by its tokens.",
	}, func(ctx context.Context, in *struct {
		OfAccount
		Body blockReason
	},
	) (*nothing, error) {
		return nil, a.auth.BlockAccount(ctx, actorOf(ctx), in.ID, in.Body.Reason)
	})
	operator(a, huma.Operation{
		OperationID: "unblock-account", Method: http.MethodPut, Path: "/accounts/{id}/unblock", Tags: []string{accountsTag},
		Summary: "Take the block of an account back",
	}, func(ctx context.Context, in *struct {
		OfAccount
		Body blockReason
	},
	) (*nothing, error) {
		return nil, a.auth.UnblockAccount(ctx, actorOf(ctx), in.ID, in.Body.Reason)
	})
}
