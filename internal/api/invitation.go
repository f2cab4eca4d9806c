package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

type invitation struct {
	ID        string               `json:"id" doc:"inv_…"`
	Email     string               `json:"email"`
	Role      auth.OrgRole         `json:"role"`
	InvitedBy string               `json:"invited_by" doc:"acc_…"`
	State     auth.InvitationState `json:"state" doc:"open, accepted or revoked; an open one is over at expires_at."`
	CreatedAt time.Time            `json:"created_at"`
	ExpiresAt time.Time            `json:"expires_at"`
	EndedAt   *time.Time           `json:"ended_at,omitempty"`
}

func invitationOf(i auth.Invitation) invitation {
	return invitation{
		ID: i.ID, Email: i.Email, Role: i.Role, InvitedBy: i.InvitedBy, State: i.State,
		CreatedAt: instant(i.CreatedAt), ExpiresAt: instant(i.ExpiresAt), EndedAt: someday(i.EndedAt),
	}
}

type invitationList struct {
	Invitations []invitation `json:"invitations"`
}

type invitationCode struct {
	Body struct {
		Code string `json:"code" maxLength:"200" doc:"pmi_…, as it was mailed."`
	}
}

type invited struct {
	Org  org          `json:"org"`
	Role auth.OrgRole `json:"role"`
}

func (a *API) mountInvitations() {
	startup(a, huma.Operation{
		OperationID: "invite", Method: http.MethodPost, Path: "/orgs/{org}/invitations", Tags: []string{orgsTag},
		Summary: "Invite somebody to an organisation", DefaultStatus: http.StatusCreated,
		Description: "For owners. A code is mailed, good for 7 days, once, and only for an account with this address. It replaces an open one to the same address.",
	}, func(ctx context.Context, in *struct {
		OfOrg
		Body struct {
			Email string       `json:"email" maxLength:"254"`
			Role  auth.OrgRole `json:"role" enum:"owner,member"`
		}
	},
	) (*reply[invitation], error) {
		i, err := a.auth.Invite(ctx, actorOf(ctx), in.Org, in.Body.Email, in.Body.Role, clientOf(ctx))
		return answer(invitationOf(i), err)
	})
	startup(a, huma.Operation{
		OperationID: "list-invitations", Method: http.MethodGet, Path: "/orgs/{org}/invitations", Tags: []string{orgsTag},
		Summary: "List the invitations of an organisation", Description: "For owners. The ended ones too, oldest first.",
	}, func(ctx context.Context, in *OfOrg) (*reply[invitationList], error) {
		found, err := a.auth.Invitations(ctx, actorOf(ctx), in.Org)
		return answer(invitationList{each(found, invitationOf)}, err)
	})
	startup(a, huma.Operation{
		OperationID: "revoke-invitation", Method: http.MethodDelete, Path: "/orgs/{org}/invitations/{id}", Tags: []string{orgsTag},
		Summary: "Take an open invitation back", Description: "For owners.",
	}, func(ctx context.Context, in *struct {
		OfOrg
		ID string `path:"id" maxLength:"100" doc:"inv_…"`
	},
	) (*nothing, error) {
		return nil, a.auth.RevokeInvitation(ctx, actorOf(ctx), in.Org, in.ID)
	})
	person(a, huma.Operation{
		OperationID: "show-invitation", Method: http.MethodPost, Path: "/invitations:show", Tags: []string{orgsTag},
		Summary: "What does a code invite me to?", Description: "A POST, so that the code stands in no log.",
	}, func(ctx context.Context, in *invitationCode) (*reply[invited], error) {
		i, o, err := a.auth.Invited(ctx, actorOf(ctx), in.Body.Code, clientOf(ctx))
		return answer(invited{orgOf(o), i.Role}, err)
	})
	person(a, huma.Operation{
		OperationID: "accept-invitation", Method: http.MethodPost, Path: "/invitations:accept", Tags: []string{orgsTag},
		Summary: "Accept an invitation",
	}, func(ctx context.Context, in *invitationCode) (*reply[org], error) {
		o, err := a.auth.Accept(ctx, actorOf(ctx), in.Body.Code, clientOf(ctx))
		return answer(orgOf(o), err)
	})
}
