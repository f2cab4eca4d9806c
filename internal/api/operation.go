package api

import (
	"context"
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/proofmark/proofmark/internal/auth"
)

const (
	prefix = "/api/v1"

	bodyLimit  = 1 << 20 // bytes of a body, unless the operation says otherwise
	batchLimit = 2 << 20
)

// public registers an operation that needs no login. Who is logged in is known all
// the same: actorOf.
func public[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	op.Security = []map[string][]string{}
	register(a, op, h)
}

// person registers an operation for everybody who is logged in, whatever the
// scopes of the token: what it does must be harmless, or look at actorOf itself.
func person[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, "", "a login", func(auth.Actor) bool { return true }, h)
}

// backer registers an operation for those who may support a campaign: people
// whose e-mail address is confirmed, and the app of a home.
func backer[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, auth.ScopeBacker, backing, mayBack, h)
}

// startup registers an operation for members of at least one organisation. Which
// one it is about, and whether that is theirs, is for the handler: MemberOf.
func startup[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, auth.ScopeStartup, "a member of an organisation and scope startup",
		func(actor auth.Actor) bool { return actor.Is(auth.RoleStartup) }, h)
}

// reviewer registers an operation for reviewers.
func reviewer[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, auth.ScopeReviewer, "a reviewer and scope reviewer",
		func(actor auth.Actor) bool { return actor.Is(auth.RoleReviewer) }, h)
}

// operator registers an operation that only operators may call.
func operator[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, auth.ScopeOperator, "an operator and scope operator", func(auth.Actor) bool { return false }, h)
}

// ofDevices is an input that names the devices it is about.
type ofDevices[I any] interface {
	*I
	devices() []string
}

// watcher registers an operation that an app may call too, for the devices of
// its account: one that does not say which devices it is about does not compile.
func watcher[I any, P ofDevices[I], O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	member(a, op, func(ctx context.Context, in *I) (*O, error) {
		if err := a.mayWatch(ctx, P(in).devices()...); err != nil {
			return nil, err
		}
		return h(ctx, in)
	})
}

// member registers an operation that an app may call too, and that restricts by
// itself what it shows to one.
func member[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	restricted(a, op, auth.ScopeApp, "scope app", func(actor auth.Actor) bool { return actor.Has(auth.ScopeApp) }, h)
}

// restricted registers an operation for operators and for those who may; scope is
// what a token needs for it, empty for any.
func restricted[I, O any](a *API, op huma.Operation, scope auth.Scope, needed string, may func(auth.Actor) bool, h func(context.Context, *I) (*O, error)) {
	reach := []string{}
	if scope != "" {
		reach = append(reach, string(scope))
	}
	op.Security = []map[string][]string{{"token": reach}, {"session": reach}}
	op.Middlewares = append(op.Middlewares, onlyIf(may, needed))
	register(a, op, h)
}

func register[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	op.Path = prefix + op.Path
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = bodyLimit
	}
	op.MaxBodyBytes++ // huma refuses a body that is as long as its limit
	op.BodyReadTimeout = bodyTimeout
	if op.Responses == nil {
		op.Responses = make(map[string]*huma.Response)
	}
	op.Responses["default"] = a.problemResponse()
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

func (a *API) problemResponse() *huma.Response {
	return &huma.Response{
		Description: "A problem (RFC 9457)",
		Content:     map[string]*huma.MediaType{problemJSON: {Schema: a.schema(reflect.TypeFor[Problem]())}},
	}
}

func (a *API) schema(t reflect.Type) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// problem is problemOf, and logs what is wrong on this side.
func (a *API) problem(ctx context.Context, err error) *Problem {
	p := problemOf(err)
	p.RequestID = visitOf(ctx).id
	switch p.Status {
	case http.StatusInternalServerError:
		a.log.Error("request failed", "request", p.RequestID, "err", err)
	case http.StatusServiceUnavailable:
		a.log.Warn("request could not be served", "request", p.RequestID, "err", err)
	}
	return p
}

// unwrap gives what net/http gave.
func unwrap(ctx huma.Context) (*http.Request, http.ResponseWriter) { return humachi.Unwrap(ctx) }

// schemaName names the body of create-token CreateTokenRequest.
func schemaName(t reflect.Type, hint string) string {
	words := strings.Split(hint, "-")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:min(1, len(w))]) + w[min(1, len(w)):]
	}
	name := huma.DefaultSchemaNamer(t, strings.Join(words, ""))
	// The words of the programme and of its suite are those of other packages too.
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch path.Base(t.PkgPath()) {
	case "certification":
		return "Certification" + name
	case "suite":
		return "Suite" + name
	case "health":
		return "Health" + name
	case "firmware":
		return "Firmware" + name
	}
	return name
}

// document is the OpenAPI document that the operations add themselves to.
func document(version string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Proofmark", Version: version,
				Description: "Products, devices, what they report and how to command them.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":   {Type: "http", Scheme: "bearer", Description: "An access token; its scopes narrow what its account may do."},
					"session": {Type: "apiKey", In: "cookie", Name: auth.SessionCookie, Description: "The session of a login; it has all scopes of its account."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}
