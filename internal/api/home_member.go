package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry/homes"
)

// HomeMember is one person in a home.
type HomeMember struct {
	Account string     `json:"account" doc:"acc_…"`
	Name    string     `json:"name" doc:"What the account calls itself."`
	Role    homes.Role `json:"role" enum:"owner,member,guest"`
	EndsAt  *time.Time `json:"ends_at,omitempty" doc:"When a guest's stay ends, to the instant."`
	Since   time.Time  `json:"since"`
}

type homeMemberList struct {
	Members []HomeMember `json:"members"`
}

// HomeLink lets one person into a home.
type HomeLink struct {
	ID        string     `json:"id" doc:"hml_…"`
	Role      homes.Role `json:"role" enum:"member,guest"`
	EndsAt    *time.Time `json:"ends_at,omitempty" doc:"When the guest's stay will end."`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

func homeLinkOf(l homes.Link) HomeLink {
	return HomeLink{
		ID: l.ID, Role: l.Role, EndsAt: someday(l.EndsAt), CreatedAt: instant(l.CreatedAt), ExpiresAt: instant(l.ExpiresAt),
		UsedAt: someday(l.UsedAt), RevokedAt: someday(l.RevokedAt),
	}
}

type homeLinkList struct {
	Links []HomeLink `json:"links"`
}

type homeLinkMade struct {
	HomeLink
	Text string `json:"code" doc:"What lets in. It is shown here and never again: put it behind the # of a link."`
}

// OfHomeMember is the path of one member.
type OfHomeMember struct {
	OfHome
	Account string `path:"account" maxLength:"100" doc:"acc_…"`
}

func (a *API) mountHomeMembers() {
	member(a, huma.Operation{
		OperationID: "list-home-members", Method: http.MethodGet, Path: "/homes/{home}/members", Tags: []string{homesTag},
		Summary: "List who lives in a home", Description: "A guest sees itself only.",
	}, func(ctx context.Context, in *OfHome) (*reply[homeMemberList], error) {
		found, err := a.homes.Members(ctx, actorOf(ctx).Account, in.Home)
		if err != nil {
			return nil, err
		}
		list := homeMemberList{Members: make([]HomeMember, len(found))}
		for i, m := range found {
			acc, err := a.auth.Account(ctx, m.Account)
			if err != nil {
				return nil, err
			}
			list.Members[i] = HomeMember{Account: m.Account, Name: acc.Name, Role: m.Role, EndsAt: someday(m.EndsAt), Since: instant(m.CreatedAt)}
		}
		return answer(list, nil)
	})
	member(a, huma.Operation{
		OperationID: "change-home-member", Method: http.MethodPut, Path: "/homes/{home}/members/{account}", Tags: []string{homesTag},
		Summary:     "Change what somebody is in a home",
		Description: "Its owner only. A guest has an end date, at most 366 days away. Making another one the owner makes the caller a member.",
	}, func(ctx context.Context, in *struct {
		OfHomeMember
		Body struct {
			Role   homes.Role `json:"role" enum:"owner,member,guest"`
			EndsAt time.Time  `json:"ends_at,omitempty" doc:"Of a guest."`
		}
	},
	) (*nothing, error) {
		_, err := a.homes.SetMember(ctx, actorOf(ctx).Account, in.Home, in.Account, in.Body.Role, in.Body.EndsAt)
		return nil, err
	})
	member(a, huma.Operation{
		OperationID: "remove-home-member", Method: http.MethodDelete, Path: "/homes/{home}/members/{account}", Tags: []string{homesTag},
		Summary:     "Put somebody out of a home, or leave it",
		Description: "The owner puts out; everybody else may leave. The devices that one owns go along. Live subscriptions end at once.",
	}, func(ctx context.Context, in *OfHomeMember) (*nothing, error) {
		return nil, a.homes.RemoveMember(ctx, actorOf(ctx).Account, in.Home, in.Account)
	})
}

func (a *API) mountHomeLinks() {
	member(a, huma.Operation{
		OperationID: "create-home-link", Method: http.MethodPost, Path: "/homes/{home}/links", Tags: []string{homesTag},
		Summary: "Make a link that lets one person in", DefaultStatus: http.StatusCreated,
		Description: "The owner only. It is used once, lives 7 days unless ttl_s says otherwise (at most 30), and can be revoked.",
	}, func(ctx context.Context, in *struct {
		OfHome
		Body struct {
			Role   homes.Role `json:"role" enum:"member,guest"`
			EndsAt time.Time  `json:"ends_at,omitempty" doc:"When the guest's stay ends: needed for a guest, at most 366 days away."`
			TTL    int        `json:"ttl_s,omitempty" minimum:"0" maximum:"2592000" doc:"Seconds until the link itself ends; 0: 7 days."`
		}
	},
	) (*reply[homeLinkMade], error) {
		l, text, err := a.homes.Invite(ctx, actorOf(ctx).Account, in.Home, in.Body.Role, in.Body.EndsAt, seconds(in.Body.TTL))
		return answer(homeLinkMade{homeLinkOf(l), text}, err)
	})
	member(a, huma.Operation{
		OperationID: "list-home-links", Method: http.MethodGet, Path: "/homes/{home}/links", Tags: []string{homesTag},
		Summary: "List the links of a home", Description: "The owner only; the ended ones too.",
	}, func(ctx context.Context, in *OfHome) (*reply[homeLinkList], error) {
		found, err := a.homes.Links(ctx, actorOf(ctx).Account, in.Home)
		return answer(homeLinkList{each(found, homeLinkOf)}, err)
	})
	member(a, huma.Operation{
		OperationID: "revoke-home-link", Method: http.MethodDelete, Path: "/homes/{home}/links/{link}", Tags: []string{homesTag}, Summary: "Take a link back",
	}, func(ctx context.Context, in *struct {
		OfHome
		Link string `path:"link" maxLength:"100" doc:"hml_…"`
	},
	) (*nothing, error) {
		return nil, a.homes.RevokeLink(ctx, actorOf(ctx).Account, in.Home, in.Link)
	})
	member(a, huma.Operation{
		OperationID: "join-home", Method: http.MethodPost, Path: "/homes:join", Tags: []string{homesTag},
		Summary: "Join the home that a link lets into", Description: "What is wrong with a code that is refused is not said.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Code string `json:"code" maxLength:"200"`
		}
	},
	) (*reply[Home], error) {
		p, err := a.homes.Join(ctx, actorOf(ctx).Account, in.Body.Code)
		return answer(homeOf(p), err)
	})
}
