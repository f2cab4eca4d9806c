package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// authenticate lets only requests with a good token through.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret, ok := bearer(r.Header.Get("Authorization"))
		if !ok {
			unauthorized(`Bearer realm="proofmark"`, "send the header Authorization: Bearer <token>").write(w, r)
			return
		}
		token, err := a.auth.Check(r.Context(), secret)
		switch {
		case badToken(err):
			unauthorized(`Bearer realm="proofmark", error="invalid_token"`, err.Error()).write(w, r)
			return
		case err != nil:
			a.problem(r.Context(), err).write(w, r)
			return
		}
		v := visitOf(r.Context())
		v.token, v.secret = token, secret
		next.ServeHTTP(w, r)
	})
}

func unauthorized(challenge, detail string) *Problem {
	return newProblem(kindUnauthorized, detail).with("Www-Authenticate", challenge)
}

func badToken(err error) bool {
	return errors.Is(err, auth.ErrBadToken) || errors.Is(err, auth.ErrExpired)
}

// bearer takes the token out of an Authorization header; the scheme's name may
// be in any case (RFC 9110 §11.1).
func bearer(header string) (string, bool) {
	scheme, secret, found := strings.Cut(header, " ")
	secret = strings.TrimSpace(secret)
	return secret, found && strings.EqualFold(scheme, "Bearer") && secret != ""
}

// isOperator says whether the caller may do everything.
func isOperator(ctx context.Context) bool {
	return slices.Contains(visitOf(ctx).token.Scopes, auth.ScopeOperator)
}

// isApp says whether the caller acts for the home of its account.
func isApp(ctx context.Context) bool {
	return slices.Contains(visitOf(ctx).token.Scopes, auth.ScopeApp)
}

// onlyOperators is asked before the body is read.
func onlyOperators(ctx huma.Context, next func(huma.Context)) {
	refuseUnless(isOperator(ctx.Context()), auth.ScopeOperator, ctx, next)
}

func onlyMembers(ctx huma.Context, next func(huma.Context)) {
	refuseUnless(isOperator(ctx.Context()) || isApp(ctx.Context()), auth.ScopeApp, ctx, next)
}

func refuseUnless(may bool, needed auth.Scope, ctx huma.Context, next func(huma.Context)) {
	if may {
		next(ctx)
		return
	}
	r, w := unwrap(ctx)
	newProblem(kindForbidden, fmt.Sprintf("%s needs scope %s; the token has %v", ctx.Operation().OperationID, needed, visitOf(ctx.Context()).token.Scopes)).
		write(w, r)
}

// mayWatch refuses devices that are not of the caller's account. A device that
// does not exist gets the same answer: who may not see it learns nothing.
func (a *API) mayWatch(ctx context.Context, dids ...string) error {
	if isOperator(ctx) {
		return nil
	}
	account := visitOf(ctx).token.Account
	for _, did := range dids {
		ok, err := a.registry.MayWatch(ctx, account, did)
		if err != nil {
			return err
		}
		if !ok {
			return newProblem(kindForbidden, fmt.Sprintf("device %s is none of account %s", did, account))
		}
	}
	return nil
}
