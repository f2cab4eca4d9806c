package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// authenticate finds out who asks: by a bearer token, or by the session's cookie.
// Nobody is let through as well; the operation decides whether that is enough.
//
// A browser sends the cookie by itself, so what it changes must come from our own
// pages. That holds without a cookie too: a login is a change (login CSRF).
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c auth.Credential
		if header := r.Header.Get("Authorization"); header != "" {
			var ok bool
			if c.Token, ok = bearer(header); !ok {
				noToken().write(w, r)
				return
			}
		} else if err := a.sameOrigin.Check(r); err != nil {
			newProblem(kindCrossOrigin, r.Header.Get("Origin")+" is another site: "+err.Error()).write(w, r)
			return
		} else if cookie, err := r.Cookie(auth.SessionCookie); err == nil {
			c.Session = cookie.Value
		}
		if c == (auth.Credential{}) {
			next.ServeHTTP(w, r)
			return
		}
		actor, err := a.auth.Actor(r.Context(), c)
		v := visitOf(r.Context())
		switch {
		case err == nil:
			v.actor, v.credential = actor, c
		case errors.Is(err, auth.ErrNoSession): // the cookie outlived it: as if there were none
		case badToken(err):
			unauthorized(`Bearer realm="proofmark", error="invalid_token"`, err.Error()).write(w, r)
			return
		default:
			a.problem(r.Context(), err).write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func noToken() *Problem {
	return unauthorized(`Bearer realm="proofmark"`, "log in, or send the header Authorization: Bearer <token>")
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

// actorOf is who makes the request; the zero Actor is nobody.
func actorOf(ctx context.Context) auth.Actor { return visitOf(ctx).actor }

// isOperator says whether the caller may do everything.
func isOperator(ctx context.Context) bool { return actorOf(ctx).Is(auth.RoleOperator) }

// isApp says whether the caller acts for the home of its account.
func isApp(ctx context.Context) bool { return actorOf(ctx).Has(auth.ScopeApp) }

// onlyIf refuses a caller before the body is read.
func onlyIf(may func(auth.Actor) bool, needed string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		actor := actorOf(ctx.Context())
		r, w := unwrap(ctx)
		switch {
		case actor.Account == "":
			noToken().write(w, r)
		case !actor.Is(auth.RoleOperator) && !may(actor):
			newProblem(kindForbidden, ctx.Operation().OperationID+" needs "+needed+"; "+describeActor(actor)).write(w, r)
		default:
			next(ctx)
		}
	}
}

// describeActor says what a caller may do, so that it can see what is missing.
func describeActor(a auth.Actor) string {
	if a.Token != "" {
		return fmt.Sprintf("the token has %v, with which its account is %v", a.Scopes, a.Roles)
	}
	return fmt.Sprintf("the account is %v", a.Roles)
}

// asker is on whose right something waits that the caller leaves for a device: an
// operator's is none that a home gives.
func asker(ctx context.Context) string {
	if isOperator(ctx) {
		return ""
	}
	return actorOf(ctx).Account
}

// mayWatch refuses devices that are not of the caller's account. A device that
// does not exist gets the same answer: who may not see it learns nothing.
func (a *API) mayWatch(ctx context.Context, dids ...string) error {
	if isOperator(ctx) {
		return nil
	}
	account := actorOf(ctx).Account
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
