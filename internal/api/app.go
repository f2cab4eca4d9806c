package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// appReply is the envelope of every answer of /app/v2 (protocol §6). Its HTTP
// status is 200 once the token was good: clients of the ecosystem look at code.
type appReply struct {
	Code    miot.Code `json:"code"`
	Message string    `json:"message"`
	Result  any       `json:"result,omitempty"`
}

// appWithin leaves half a second of the 8 s in which every command is done,
// rejected, queued or expired.
const appWithin = 7500 * time.Millisecond

// appCall is what an endpoint does with a body: the result, or what is wrong.
type appCall func(ctx context.Context, account string, body []byte) (result any, err error)

func (a *API) mountApp(r chi.Router) {
	r.Post("/app/v2/miotspec/prop/get", a.app(a.appGet))
	r.Post("/app/v2/miotspec/prop/set", a.app(a.appSet))
	r.Post("/app/v2/miotspec/action", a.app(a.appAction))
	r.Post("/app/v2/home/device_list_page", a.app(a.appDeviceList))
	r.Post("/app/v2/homeroom/gethome", a.app(a.appGetHome))
	a.documentApp()
}

func (a *API) app(call appCall) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		actor := actorOf(r.Context())
		if actor.Account == "" {
			noToken().write(w, r)
			return
		}
		if !isApp(r.Context()) {
			newProblem(kindForbidden, fmt.Sprintf("%s needs scope %s; the token has %v", r.URL.Path, auth.ScopeApp, actor.Scopes)).write(w, r)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder in a test has none
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		_ = r.Body.Close()
		if err != nil {
			bodyProblem(err).write(w, r)
			return
		}
		// Whatever the devices do, the app has its answer within 8 s.
		ctx, cancel := context.WithTimeout(r.Context(), appWithin)
		defer cancel()
		result, err := call(ctx, actor.Account, body)
		reply := appReply{Message: "ok", Result: result}
		if err != nil {
			reply.Code, reply.Message = a.appError(r.Context(), err)
		}
		writeJSON(w, http.StatusOK, reply)
	}
}

func bodyProblem(err error) *Problem {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return newProblem(kindTooLarge, fmt.Sprintf("the body has more than %d bytes", large.Limit))
	}
	return newProblem(kindUnreadable, "the body broke off")
}

// appError is the one place where an error becomes a code towards apps.
func (a *API) appError(ctx context.Context, err error) (miot.Code, string) {
	var bad *badCall
	if errors.As(err, &bad) {
		return miot.CloudBadRequest, bad.what
	}
	if errors.Is(err, context.DeadlineExceeded) { // ours: appWithin
		return miot.CloudTimeout, fmt.Sprintf("not done within %s", appWithin)
	}
	p := a.problem(ctx, err)
	message := p.Detail
	if message == "" {
		message = p.Title
	}
	switch {
	case p.Code != 0:
		return p.Code.Cloud(), message
	case errors.Is(err, registry.ErrNotFound), p.Type == kindForbidden.ref():
		return miot.CloudWrongDID, message
	case p.Status == http.StatusUnprocessableEntity:
		return miot.CloudBadRequest, message
	}
	return miot.CloudInternal, message
}

// reach refuses a did that is not of the account. One that does not exist gets
// the same answer.
func (a *API) reach(ctx context.Context, account, did string) error {
	ok, err := a.registry.MayWatch(ctx, account, did)
	if err == nil && !ok {
		return newProblem(kindForbidden, fmt.Sprintf("device %q is none of the account", did))
	}
	return err
}
