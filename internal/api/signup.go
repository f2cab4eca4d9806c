package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const peopleTag = "People"

// mailed is the answer of what is told by mail only.
type mailed struct {
	Status int
}

func (a *API) mountSignUp() {
	public(a, huma.Operation{
		OperationID: "sign-up", Method: http.MethodPost, Path: "/sign-up", Tags: []string{peopleTag},
		Summary: "Begin an account", DefaultStatus: http.StatusAccepted,
		Description: "A code is mailed to the address. The answer is the same for an address that has an account: its owner is told by mail.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Email    string `json:"email" maxLength:"254" example:"asha@example.com"`
			Name     string `json:"name,omitempty" maxLength:"200" doc:"How others see you; what stands before the @ when absent."`
			Password string `json:"password" maxLength:"1024" doc:"At least 10 characters, at most 1,024 bytes, none of the most common ones."`
		}
	},
	) (*mailed, error) {
		err := a.auth.SignUp(ctx, in.Body.Email, in.Body.Name, in.Body.Password, clientOf(ctx))
		return &mailed{http.StatusAccepted}, err
	})
	public(a, huma.Operation{
		OperationID: "confirm", Method: http.MethodPost, Path: "/sign-up:confirm", Tags: []string{peopleTag},
		Summary:     "Confirm the address of a new account, and log in",
		Description: "With the mailed code and the password that was chosen: only who did both gets in. The code is good for 48 hours, once.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Code     string `json:"code" maxLength:"200" doc:"pmc_…"`
			Password string `json:"password" maxLength:"1024"`
		}
	},
	) (*loggedIn, error) {
		acc, err := a.auth.Confirm(ctx, in.Body.Code, in.Body.Password, clientOf(ctx))
		if err != nil {
			return nil, err
		}
		return a.beginSession(ctx, acc)
	})
	public(a, huma.Operation{
		OperationID: "request-password-reset", Method: http.MethodPost, Path: "/password-resets", Tags: []string{peopleTag},
		Summary: "Have a code for a new password mailed", DefaultStatus: http.StatusAccepted,
		Description: "The answer is the same for an address without an account.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Email string `json:"email" maxLength:"254"`
		}
	},
	) (*mailed, error) {
		return &mailed{http.StatusAccepted}, a.auth.RequestReset(ctx, in.Body.Email, clientOf(ctx))
	})
	public(a, huma.Operation{
		OperationID: "reset-password", Method: http.MethodPost, Path: "/password-resets:finish", Tags: []string{peopleTag},
		Summary:     "Choose a new password with a mailed code",
		Description: "The code is good for an hour, once. All sessions of the account end; its tokens stay.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Code     string `json:"code" maxLength:"200" doc:"pmc_…"`
			Password string `json:"password" maxLength:"1024"`
		}
	},
	) (*nothing, error) {
		return nil, a.auth.Reset(ctx, in.Body.Code, in.Body.Password, clientOf(ctx))
	})
}
