package api

import (
	"net/http"
	"slices"
)

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
	kindUnreadable   = newKind("unreadable", http.StatusBadRequest, "The request cannot be read", "The body is missing or no JSON.")
	kindUnauthorized = newKind("unauthorized", http.StatusUnauthorized, "A login is needed", "Neither a session nor `Authorization: Bearer …`, or the token is unknown, revoked or expired.")
	kindForbidden    = newKind("forbidden", http.StatusForbidden, "This is not allowed to the caller", "The operation needs another role or scope, or the thing belongs to somebody else.")
	kindBadLogin     = newKind("bad-login", http.StatusUnauthorized, "The login is wrong", "The e-mail address or the password is wrong, or the address is not confirmed yet; which of them is not said.")
	kindBlocked      = newKind("blocked", http.StatusForbidden, "The account is blocked", "An operator blocked the account; it can do nothing until that is taken back.")
	kindCrossOrigin  = newKind("cross-origin", http.StatusForbidden, "Another site must not do this", "A browser sent a change from another site's page: only our own pages may use the session.")
	kindNotFound     = newKind("not-found", http.StatusNotFound, "There is no such thing", "The thing that the path or the body names does not exist, or there is no such path.")
	kindMethod       = newKind("method-not-allowed", http.StatusMethodNotAllowed, "The path does not take this method", "`Allow` lists the methods that it takes.")
	kindSlowBody     = newKind("slow-body", http.StatusRequestTimeout, "The body did not arrive in time", "The body took longer than 10 s to arrive; a file: nothing came for 20 s, or less than 16 KiB a second.")
	kindExists       = newKind("exists", http.StatusConflict, "It exists already", "A did, a model or a spec version is taken.")
	kindConflict     = newKind("conflict", http.StatusConflict, "It changed meanwhile", "Somebody else was first, such as with revoking the same credential.")
	kindNotNow       = newKind("not-now", http.StatusConflict, "It cannot be done as things stand", "The state of a submission, or what it rests on, does not allow it; `rule` names the rule, `errors` all of them.")
	kindInUse        = newKind("in-use", http.StatusConflict, "It is still in use", "A gateway still has sub-devices, a home still has devices.")
	kindLastOwner    = newKind("last-owner", http.StatusConflict, "An organisation needs an owner", "The last owner cannot leave, be removed or become a member: make somebody else an owner first.")
	kindFull         = newKind("full", http.StatusConflict, "There are too many", "The account has 100 live tokens or is in 20 homes, the organisation has 50 open invitations, or the home as many rooms, members, links or devices as one may have.")
	kindOffline      = newKind("offline", http.StatusConflict, "The device is offline", "The device is connected nowhere. With `\"queue\":true` the request is kept for it instead.")
	kindStale        = newKind("stale", http.StatusPreconditionFailed, "It is another revision by now", "`If-Match` names a revision that is not the present one: read it again.")
	kindTooLarge     = newKind("too-large", http.StatusRequestEntityTooLarge, "The body is too large", "More than 1 MiB, 2 MiB for a batch, or what a file of its kind may have.")
	kindMediaType    = newKind("media-type", http.StatusUnsupportedMediaType, "The body is not declared as JSON", "`Content-Type` is not `application/json`.")
	kindInvalid      = newKind("invalid", http.StatusUnprocessableEntity, "The request breaks a rule", "A member of the path, the query or the body is missing, unknown, or out of its range; `errors` lists each.")
	kindFileRefused  = newKind("file-refused", http.StatusUnprocessableEntity, "The file is not taken", "It is not what its name says, is not of a kind that is accepted here, or could harm who opens it; `rule` says which rule it breaks.")
	kindCodeRefused  = newKind("code-refused", http.StatusUnprocessableEntity, "The code cannot be used", "A code from a mail, a label or a link, or a login by another service, is malformed, unknown, used, replaced by a newer one, or over.")
	kindHookRefused  = newKind("webhook-refused", http.StatusUnprocessableEntity, "The webhook is refused", "Its URL or its kinds break a rule, it did not prove its secret, or it is not in the state for this; `rule` says which rule it breaks.")
	kindSpecRefused  = newKind("spec-refused", http.StatusUnprocessableEntity, "The spec document cannot be used", "The document has errors, or does more than add to the version before; `errors` lists them with rule and JSON pointer.")
	kindValueRefused = newKind("value-refused", http.StatusUnprocessableEntity, "The device's spec refuses this", "A property, action, value or argument does not fit the spec; `rule` and `code` say how.")
	kindNoRevision   = newKind("no-revision", http.StatusPreconditionRequired, "The change must say what it changes", "`If-Match` is missing or names no revision: send the ETag of what was read.")
	kindTooOften     = newKind("too-often", http.StatusTooManyRequests, "Too many attempts", "Too many wrong passwords or codes, or too many mails. `Retry-After` says when to come back.")
	kindGone         = newKind("client-gone", 499, "The client went away", "Never seen by a client: it stands in the log only.")
	kindInternal     = newKind("internal", http.StatusInternalServerError, "Something is wrong on this side", "A defect; the log has the cause under `request_id`.")
	kindSpoiled      = newKind("spoiled", http.StatusInternalServerError, "What was stored is spoiled", "A part of a run's evidence is not what was stored when it ended; `detail` says which. Decide nothing on it, have the run judged again, and tell an operator.")
	kindBadAnswer    = newKind("bad-answer", http.StatusBadGateway, "The device answered against the protocol", "The answer is no answer to what was asked.")
	kindRefused      = newKind("device-refused", http.StatusBadGateway, "The device refused the whole request", "The device answered with a call-level error; `code` holds it.")
	kindUnavailable  = newKind("unavailable", http.StatusServiceUnavailable, "Try again in a moment", "The database is away, or the service is stopping. `Retry-After` says when.")
	kindTimeout      = newKind("timeout", http.StatusGatewayTimeout, "The device did not answer in time", "No answer within 4 s; the request was withdrawn.")
)

// kinds are all of them, in the order of their status.
var kinds []*kind

// newKind makes a kind and adds it to them.
func newKind(name string, status int, title, when string) *kind {
	k := &kind{name, status, title, when}
	i, _ := slices.BinarySearchFunc(kinds, status+1, func(k *kind, status int) int { return k.status - status })
	kinds = slices.Insert(kinds, i, k)
	return k
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
