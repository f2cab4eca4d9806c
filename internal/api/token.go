package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// Token is a token without its text. It is exported because huma sees only
// exported embedded members, as are the other types here that are embedded.
type Token struct {
	ID        string       `json:"id" doc:"tok_…"`
	Account   string       `json:"account"`
	Name      string       `json:"name"`
	Scopes    []auth.Scope `json:"scopes"`
	Home      string       `json:"home,omitempty" doc:"hom_… that a bridge is bound to."`
	CreatedAt time.Time    `json:"created_at"`
	ExpiresAt *time.Time   `json:"expires_at,omitempty" doc:"Absent: it does not expire."`
	RevokedAt *time.Time   `json:"revoked_at,omitempty"`
	UsedAt    *time.Time   `json:"used_at,omitempty" doc:"To the minute; absent until it was used."`
}

func tokenOf(t auth.Token) Token {
	return Token{
		ID: t.ID, Account: t.Account, Name: t.Name, Scopes: t.Scopes, Home: t.Home, CreatedAt: instant(t.CreatedAt),
		ExpiresAt: someday(t.ExpiresAt), RevokedAt: someday(t.RevokedAt), UsedAt: someday(t.UsedAt),
	}
}

type tokenCreated struct {
	Token
	Text string `json:"token" doc:"The text to log in with. It is shown here and never again."`
}

type tokenList struct {
	Tokens []Token `json:"tokens"`
}

func (a *API) mountTokens() {
	operator(a, huma.Operation{
		OperationID: "create-token", Method: http.MethodPost, Path: "/tokens", Tags: []string{accountsTag},
		Summary: "Create a token", DefaultStatus: http.StatusCreated,
		Description: "For any account. A scope narrows what the account may do, and never gives it more: operator and reviewer need that role.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Account string       `json:"account" maxLength:"100"`
			Name    string       `json:"name,omitempty" maxLength:"200"`
			Scopes  []auth.Scope `json:"scopes" minItems:"1" maxItems:"5" enum:"operator,app,startup,reviewer,backer"`
			TTL     int          `json:"ttl_s,omitempty" minimum:"0" maximum:"315360000" doc:"Seconds until it expires; 0: it does not."`
		}
	},
	) (*reply[tokenCreated], error) {
		b := in.Body
		made, err := a.createToken(ctx, actorOf(ctx), b.Account, tokenWanted{Name: b.Name, Scopes: b.Scopes, TTL: b.TTL})
		return answer(made, err)
	})
	operator(a, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/tokens", Tags: []string{accountsTag},
		Summary: "List the tokens of an account", Description: "The ended ones too; the texts are not kept.",
	}, func(ctx context.Context, in *struct {
		Account string `query:"account" required:"true" maxLength:"100"`
	},
	) (*reply[tokenList], error) {
		if _, err := a.auth.Account(ctx, in.Account); err != nil {
			return nil, err
		}
		found, err := a.auth.List(ctx, in.Account)
		return answer(tokenList{each(found, tokenOf)}, err)
	})
	operator(a, huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/tokens/{id}", Tags: []string{accountsTag},
		Summary: "Revoke a token", Description: "It ends here at once, on other nodes within a second, and with it what is open by it: MQTT, event streams.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100"`
	},
	) (*nothing, error) {
		return nil, a.auth.Revoke(ctx, actorOf(ctx), in.ID)
	})
}
