package api

import "net/http"

// kind is a type of problem. Its name is part of the interface: never renamed.
type kind struct {
	name   string
	status int
	title  string
	when   string // for the reference and docs/api.md
}

// ref is the problem's type: a reference to its paragraph on the reference page.
func (k *kind) ref() string { return docsPath + "#problem-" + k.name }

// The kinds of problems.
var (
	kindUnreadable   = &kind{"unreadable", http.StatusBadRequest, "The request cannot be read", "The body is missing or no JSON."}
	kindUnauthorized = &kind{"unauthorized", http.StatusUnauthorized, "A login is needed", "Neither a session nor `Authorization: Bearer …`, or the token is unknown, revoked or expired."}
	kindForbidden    = &kind{"forbidden", http.StatusForbidden, "This is not allowed to the caller", "The operation needs another role or scope, or the thing belongs to somebody else."}
	kindBlocked      = &kind{"blocked", http.StatusForbidden, "The account is blocked", "An operator blocked the account; it can do nothing until that is taken back."}
	kindCrossOrigin  = &kind{"cross-origin", http.StatusForbidden, "Another site must not do this", "A browser sent a change from another site's page: only our own pages may use the session."}
	kindNotFound     = &kind{"not-found", http.StatusNotFound, "There is no such thing", "The thing that the path or the body names does not exist, or there is no such path."}
	kindMethod       = &kind{"method-not-allowed", http.StatusMethodNotAllowed, "The path does not take this method", "`Allow` lists the methods that it takes."}
	kindSlowBody     = &kind{"slow-body", http.StatusRequestTimeout, "The body did not arrive in time", "The body took longer than 10 s to arrive; a file: nothing came for 20 s, or less than 16 KiB a second."}
	kindExists       = &kind{"exists", http.StatusConflict, "It exists already", "A did, a model or a spec version is taken."}
	kindConflict     = &kind{"conflict", http.StatusConflict, "It changed meanwhile", "Somebody else was first, such as with revoking the same credential."}
	kindNotNow       = &kind{"not-now", http.StatusConflict, "The state does not allow it", "The thing is in a state in which this is not done; `rule` says which rule."}
	kindInUse        = &kind{"in-use", http.StatusConflict, "It is still in use", "A gateway still has sub-devices."}
	kindOffline      = &kind{"offline", http.StatusConflict, "The device is offline", "The device is connected nowhere. With `\"queue\":true` the request is kept for it instead."}
	kindTooLarge     = &kind{"too-large", http.StatusRequestEntityTooLarge, "The body is too large", "More than 1 MiB, 2 MiB for a batch, or what a file of its kind may have."}
	kindMediaType    = &kind{"media-type", http.StatusUnsupportedMediaType, "The body is not declared as JSON", "`Content-Type` is not `application/json`."}
	kindInvalid      = &kind{"invalid", http.StatusUnprocessableEntity, "The request breaks a rule", "A member of the path, the query or the body is missing, unknown, or out of its range; `errors` lists each."}
	kindFileRefused  = &kind{"file-refused", http.StatusUnprocessableEntity, "The file is not taken", "It is not what its name says, is not of a kind that is accepted here, or could harm who opens it; `rule` says which rule it breaks."}
	kindSpecRefused  = &kind{"spec-refused", http.StatusUnprocessableEntity, "The spec document cannot be used", "The document has errors, or does more than add to the version before; `errors` lists them with rule and JSON pointer."}
	kindValueRefused = &kind{"value-refused", http.StatusUnprocessableEntity, "The device's spec refuses this", "A property, action, value or argument does not fit the spec; `rule` and `code` say how."}
	kindGone         = &kind{"client-gone", 499, "The client went away", "Never seen by a client: it stands in the log only."}
	kindInternal     = &kind{"internal", http.StatusInternalServerError, "Something is wrong on this side", "A defect; the log has the cause under `request_id`."}
	kindBadAnswer    = &kind{"bad-answer", http.StatusBadGateway, "The device answered against the protocol", "The answer is no answer to what was asked."}
	kindRefused      = &kind{"device-refused", http.StatusBadGateway, "The device refused the whole request", "The device answered with a call-level error; `code` holds it."}
	kindUnavailable  = &kind{"unavailable", http.StatusServiceUnavailable, "Try again in a moment", "The database is away, or the service is stopping. `Retry-After` says when."}
	kindTimeout      = &kind{"timeout", http.StatusGatewayTimeout, "The device did not answer in time", "No answer within 4 s; the request was withdrawn."}
)

// kinds are all of them, in the order of their status.
var kinds = []*kind{
	kindUnreadable, kindUnauthorized, kindForbidden, kindBlocked, kindCrossOrigin, kindNotFound, kindMethod, kindSlowBody,
	kindExists, kindConflict, kindNotNow, kindInUse, kindOffline, kindTooLarge, kindMediaType,
	kindInvalid, kindFileRefused, kindSpecRefused, kindValueRefused, kindGone,
	kindInternal, kindBadAnswer, kindRefused, kindUnavailable, kindTimeout,
}

// kindOf is the kind of an error that only has a status, as huma's have.
func kindOf(status int) *kind {
	switch status {
	case http.StatusBadRequest:
		return kindUnreadable
	case http.StatusRequestTimeout:
		return kindSlowBody
	case http.StatusRequestEntityTooLarge:
		return kindTooLarge
	case http.StatusUnsupportedMediaType:
		return kindMediaType
	case http.StatusUnprocessableEntity:
		return kindInvalid
	}
	return kindInternal
}
