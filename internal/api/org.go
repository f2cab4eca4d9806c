package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

const orgsTag = "Organisations"

type org struct {
	ID        string     `json:"id" doc:"org_…"`
	Name      string     `json:"name" doc:"By which people know it."`
	LegalName string     `json:"legal_name" doc:"As it is registered."`
	Country   string     `json:"country" doc:"Where; ISO 3166-1, two letters."`
	CreatedAt time.Time  `json:"created_at"`
	BlockedAt *time.Time `json:"blocked_at,omitempty" doc:"Absent unless an operator blocked it."`
}

func orgOf(o auth.Org) org {
	return org{
		ID: o.ID, Name: o.Name, LegalName: o.LegalName, Country: o.Country,
		CreatedAt: instant(o.CreatedAt), BlockedAt: someday(o.BlockedAt),
	}
}

type orgList struct {
	Orgs []org  `json:"orgs"`
	Next string `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

type orgWanted struct {
	Name      string `json:"name" minLength:"1" maxLength:"200"`
	LegalName string `json:"legal_name,omitempty" maxLength:"200" doc:"The name when absent."`
	Country   string `json:"country" pattern:"^[A-Z]{2}$" example:"IN"`
}

// OfOrg is the part of a path that names an organisation.
type OfOrg struct {
	Org string `path:"org" maxLength:"100" doc:"org_…"`
}

func (a *API) mountOrgs() {
	person(a, huma.Operation{
		OperationID: "create-org", Method: http.MethodPost, Path: "/orgs", Tags: []string{orgsTag},
		Summary: "Create an organisation", Description: "Who creates it is its first owner.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct{ Body orgWanted }) (*reply[org], error) {
		b := in.Body
		o, err := a.auth.CreateOrg(ctx, actorOf(ctx), auth.Org{Name: b.Name, LegalName: b.LegalName, Country: b.Country})
		return answer(orgOf(o), err)
	})
	person(a, huma.Operation{
		OperationID: "list-orgs", Method: http.MethodGet, Path: "/orgs", Tags: []string{orgsTag},
		Summary: "List organisations", Description: "The caller's own; for operators all.",
	}, func(ctx context.Context, in *Page) (*reply[orgList], error) {
		found, err := a.auth.Orgs(ctx, actorOf(ctx), in.After, in.Limit+1)
		var list orgList
		list.Orgs, list.Next = cut(found, in.Limit, orgOf, func(o org) string { return o.ID })
		return answer(list, err)
	})
	startup(a, huma.Operation{
		OperationID: "get-org", Method: http.MethodGet, Path: "/orgs/{org}", Tags: []string{orgsTag},
		Summary: "Show an organisation",
	}, func(ctx context.Context, in *OfOrg) (*reply[org], error) {
		o, err := a.auth.Org(ctx, actorOf(ctx), in.Org)
		return answer(orgOf(o), err)
	})
	startup(a, huma.Operation{
		OperationID: "change-org", Method: http.MethodPut, Path: "/orgs/{org}", Tags: []string{orgsTag},
		Summary: "Change names and country of an organisation", Description: "For its owners.",
	}, func(ctx context.Context, in *struct {
		OfOrg
		Body orgWanted
	},
	) (*nothing, error) {
		b := in.Body
		return nil, a.auth.ChangeOrg(ctx, actorOf(ctx), auth.Org{ID: in.Org, Name: b.Name, LegalName: b.LegalName, Country: b.Country})
	})
	operator(a, huma.Operation{
		OperationID: "block-org", Method: http.MethodPut, Path: "/orgs/{org}/block", Tags: []string{orgsTag},
		Summary: "Block an organisation", Description: "Its members lose what they may do for it: here at once, on other nodes within 10 s.",
	}, func(ctx context.Context, in *struct {
		OfOrg
		Body blockReason
	},
	) (*nothing, error) {
		return nil, a.auth.BlockOrg(ctx, actorOf(ctx), in.Org, in.Body.Reason)
	})
	operator(a, huma.Operation{
		OperationID: "unblock-org", Method: http.MethodPut, Path: "/orgs/{org}/unblock", Tags: []string{orgsTag},
		Summary: "Take the block of an organisation back",
	}, func(ctx context.Context, in *struct {
		OfOrg
		Body blockReason
	},
	) (*nothing, error) {
		return nil, a.auth.UnblockOrg(ctx, actorOf(ctx), in.Org, in.Body.Reason)
	})
}

// blockReason is why somebody was blocked, or no longer is.
type blockReason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Stays in the audit log."`
}
