package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

type orgMember struct {
	Account string       `json:"account" doc:"acc_…"`
	Name    string       `json:"name"`
	Email   string       `json:"email"`
	Role    auth.OrgRole `json:"role"`
	Since   time.Time    `json:"since"`
}

type memberList struct {
	Members []orgMember `json:"members"`
}

// OfMember is the part of a path that names a member.
type OfMember struct {
	OfOrg
	Account string `path:"account" maxLength:"100" doc:"acc_…"`
}

func (a *API) mountMembers() {
	startup(a, huma.Operation{
		OperationID: "list-members", Method: http.MethodGet, Path: "/orgs/{org}/members", Tags: []string{orgsTag},
		Summary: "List the members of an organisation", Description: "Oldest first.",
	}, func(ctx context.Context, in *OfOrg) (*reply[memberList], error) {
		found, err := a.auth.Members(ctx, actorOf(ctx), in.Org)
		return answer(memberList{each(found, func(m auth.Member) orgMember {
			return orgMember{Account: m.Account, Name: m.Name, Email: m.Email, Role: m.Role, Since: instant(m.Since)}
		})}, err)
	})
	startup(a, huma.Operation{
		OperationID: "set-member-role", Method: http.MethodPut, Path: "/orgs/{org}/members/{account}", Tags: []string{orgsTag},
		Summary: "Make a member an owner, or an owner a member", Description: "For owners. An owner is always left.",
	}, func(ctx context.Context, in *struct {
		OfMember
		Body struct {
			Role auth.OrgRole `json:"role" enum:"owner,member"`
		}
	},
	) (*nothing, error) {
		return nil, a.auth.SetMemberRole(ctx, actorOf(ctx), in.Org, in.Account, in.Body.Role)
	})
	startup(a, huma.Operation{
		OperationID: "remove-member", Method: http.MethodDelete, Path: "/orgs/{org}/members/{account}", Tags: []string{orgsTag},
		Summary: "Remove a member, or leave", Description: "Owners remove anybody; everybody may leave. An owner is always left.",
	}, func(ctx context.Context, in *OfMember) (*nothing, error) {
		return nil, a.auth.RemoveMember(ctx, actorOf(ctx), in.Org, in.Account)
	})
}
