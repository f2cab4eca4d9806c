package api

import (
	"context"
	"errors"

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

// problemOfProgramme maps what the certificate programme refuses; nil for others.
// Of several refusals the first says what kind of problem it is.
func problemOfProgramme(err error) *Problem {
	var refusal *certification.Refusal
	if !errors.As(err, &refusal) {
		return nil
	}
	k := kindInvalid
	switch {
	case errors.Is(refusal, certification.ErrForbidden):
		k = kindForbidden
	case errors.Is(refusal, certification.ErrState):
		k = kindNotNow
	}
	p := newProblem(k, refusal.Detail)
	p.Rule = refusal.Rule
	var several certification.Refusals
	if errors.As(err, &several) {
		p.Detail = several.Error()
		p.Errors = each(several, func(r *certification.Refusal) Fault { return Fault{Message: r.Detail, Rule: r.Rule} })
	}
	return p
}
