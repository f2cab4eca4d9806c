package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
)

// partyOf is the caller as the certificate programme knows people.
func partyOf(ctx context.Context) certification.Actor {
	actor := actorOf(ctx)
	return certification.Actor{
		Account: actor.Account, Orgs: each(actor.Orgs, func(m auth.Membership) string { return m.Org }),
		Reviewer: actor.Is(auth.RoleReviewer), Operator: actor.Is(auth.RoleOperator),
	}
}

// involved registers an operation for members of organisations and reviewers; which
// of their things they may see is for the handler.
func involved[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, "", "a member of an organisation or a reviewer", func(actor auth.Actor) bool {
		return actor.Is(auth.RoleStartup) || actor.Is(auth.RoleReviewer)
	}, h)
}
