package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The errors of the store and of the service.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("changed meanwhile")
)

// State says whether an endpoint is sent to.
type State string

// The states. Pending → active by Confirm; active ⇄ disabled; any → pending when
// the URL changes.
const (
	Pending  State = "pending"  // not confirmed
	Active   State = "active"   // sent to
	Disabled State = "disabled" // by its owner, or because it failed for too long; what waits for it stays
)

// Endpoint is somebody's server that wants to hear.
type Endpoint struct {
	ID          string   // whk_…
	Org         string   // org_… whose notices it hears; empty: the operators', which hear all
	URL         string   // https://…
	Kinds       []string // "certificate.suspended", "certificate.*", "*"
	Description string
	State       State
	Reason      string // why it is disabled
	CreatedBy   string // acc_…
	CreatedAt   time.Time
	ConfirmedAt time.Time // zero: never

	Secret   Sealed    // signs
	Former   Sealed    // signs too until FormerUntil; empty: none
	Until    time.Time // of Former
	Nonce    string    // of the newest challenge
	Earlier  string    // of the challenge before it
	Issued   time.Time // when Nonce was
	Sequence int64     // of the newest delivery
	Failing  time.Time // since when every attempt failed; zero: the last one did not
}

// Wants says whether the endpoint asked for notices of the kind.
func (e Endpoint) Wants(kind string) bool {
	return slices.ContainsFunc(e.Kinds, func(k string) bool {
		prefix, all := strings.CutSuffix(k, "*")
		return k == kind || all && strings.HasPrefix(kind, prefix)
	})
}

// Rule names a reason for refusing an endpoint or its reply. Rules are part of
// the interface and are never renamed.
type Rule string

// The rules.
const (
	RuleURL         Rule = "webhook-url"         // no https URL that one may send to
	RuleAddress     Rule = "webhook-address"     // not on the public internet
	RuleKinds       Rule = "webhook-kinds"       // none, too many, or no kind of notice
	RuleDescription Rule = "webhook-description" // too long
	RuleState       Rule = "webhook-state"       // this cannot be done in the endpoint's state
	RuleUnreachable Rule = "confirm-unreachable" // the challenge got no reply
	RuleStatus      Rule = "confirm-status"      // the reply to the challenge is not 2xx
	RuleReply       Rule = "confirm-reply"       // … is no JSON object with a confirmation
	RuleForged      Rule = "confirm-forged"      // … was not made with the endpoint's secret
	RuleStale       Rule = "confirm-stale"       // … answers an earlier challenge, or came too late
)

// Refusal says which rule an endpoint or its reply breaks.
type Refusal struct {
	Rule    Rule
	Message string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Message + " (rule " + string(r.Rule) + ")" }

func refuse(rule Rule, format string, args ...any) error {
	return &Refusal{rule, fmt.Sprintf(format, args...)}
}

// What an endpoint may be.
const (
	urlLimit         = 2000 // bytes
	kindsLimit       = 50
	kindLimit        = 100 // bytes
	descriptionLimit = 500 // bytes
)

// check says what is wrong with what somebody wants of an endpoint.
func (e Endpoint) check(private bool) error {
	if err := checkURL(e.URL, private); err != nil {
		return err
	}
	if len(e.Kinds) == 0 || len(e.Kinds) > kindsLimit {
		return refuse(RuleKinds, "%d kinds of notices, want 1 to %d", len(e.Kinds), kindsLimit)
	}
	for _, k := range e.Kinds {
		if err := checkKind(k); err != nil {
			return err
		}
	}
	if len(e.Description) > descriptionLimit {
		return refuse(RuleDescription, "the description has %d bytes, want at most %d", len(e.Description), descriptionLimit)
	}
	return nil
}

// checkURL refuses what cannot be right; where a name leads is seen when it is
// dialled.
func checkURL(text string, private bool) error {
	if len(text) > urlLimit {
		return refuse(RuleURL, "the URL has %d bytes, want at most %d", len(text), urlLimit)
	}
	u, err := url.Parse(text)
	if err != nil {
		return refuse(RuleURL, "%q is no URL", text)
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return refuse(RuleURL, "%q: want https://", text)
	case u.Hostname() == "" || u.Opaque != "":
		return refuse(RuleURL, "%q names no host", text)
	case u.User != nil:
		return refuse(RuleURL, "the URL holds a user or password: a request is known by its signature")
	case u.Fragment != "":
		return refuse(RuleURL, "%q has a fragment, which is never sent", text)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !private {
		return checkAddress(ip)
	}
	return nil
}

// checkKind takes "certificate.suspended", "certificate.*" and "*".
func checkKind(kind string) error {
	plain := strings.TrimSuffix(strings.TrimSuffix(kind, "*"), ".")
	bad := len(kind) > kindLimit || plain == "" && kind != "*" || strings.HasSuffix(kind, "*") && kind != "*" && !strings.HasSuffix(kind, ".*")
	for word := range strings.SplitSeq(plain, ".") {
		bad = bad || word == "" && kind != "*" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") != ""
	}
	if bad {
		return refuse(RuleKinds, "kind %.100q: want one as certificate.suspended, certificate.* or *", kind)
	}
	return nil
}
