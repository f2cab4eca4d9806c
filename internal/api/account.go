package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

type account struct {
	ID        string    `json:"id" doc:"acc_…"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

func accountOf(a auth.Account) account {
	return account{ID: a.ID, Name: a.Name, CreatedAt: instant(a.CreatedAt)}
}

type accountList struct {
	Accounts []account `json:"accounts"`
	Next     string    `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

func (a *API) mountAccounts() {
	operator(a, huma.Operation{
		OperationID: "create-account", Method: http.MethodPost, Path: "/accounts", Tags: []string{"Accounts and tokens"},
		Summary: "Create an account", Description: "An account owns devices and tokens.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"200"`
		}
	},
	) (*reply[account], error) {
		acc, err := a.auth.CreateAccount(ctx, in.Body.Name)
		return answer(accountOf(acc), err)
	})
	operator(a, huma.Operation{
		OperationID: "list-accounts", Method: http.MethodGet, Path: "/accounts", Tags: []string{"Accounts and tokens"},
		Summary: "List accounts",
	}, func(ctx context.Context, in *Page) (*reply[accountList], error) {
		found, err := a.auth.Accounts(ctx, in.After, in.Limit+1)
		var list accountList
		list.Accounts, list.Next = cut(found, in.Limit, accountOf, func(x account) string { return x.ID })
		return answer(list, err)
	})
}
