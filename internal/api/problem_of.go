package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
)

// problemOf is the one place where an error of the domain becomes HTTP.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	for _, known := range []func(error) *Problem{
		problemOfSpec,
		problemOfRows,
		problemOfLog,
		problemOfPeople,
		problemOfOrder,
		problemOfRefusal,
		problemOfFirmware,
		problemOfWebhook,
	} {
		if p = known(err); p != nil {
			break
		}
	}
	if p == nil {
		p = problemOfSentinel(err)
	}
	p.cause = err
	return p
}

// problemOfRefusal maps what the certificate programme refuses; nil for others.
// Of several refusals the first says what kind of problem it is.
func problemOfRefusal(err error) *Problem {
	var several certification.Refusals
	var one *certification.Refusal
	if !errors.As(err, &one) {
		return nil
	}
	k := kindNotNow
	switch {
	case errors.Is(one, certification.ErrForbidden):
		k = kindForbidden
	case errors.Is(one, certification.ErrInvalid):
		k = kindInvalid
	}
	p := newProblem(k, one.Detail)
	p.Rule = one.Rule
	if errors.As(err, &several) {
		p.Detail = several.Error()
		p.Errors = each(several, func(r *certification.Refusal) Fault { return Fault{Message: r.Detail, Rule: r.Rule} })
	}
	return p
}

// problemOfFirmware maps what images and rollouts are refused for; nil for others.
func problemOfFirmware(err error) *Problem {
	var no *firmware.Refusal
	if !errors.As(err, &no) {
		return nil
	}
	k := kindNotNow
	if errors.Is(no, firmware.ErrInvalid) {
		k = kindInvalid
	}
	p := newProblem(k, no.Detail)
	p.Rule = no.Rule
	return p
}

// problemOfRows maps what is wrong with an imported file; nil for others.
func problemOfRows(err error) *Problem {
	var rows factory.RowErrors
	if !errors.As(err, &rows) {
		return nil
	}
	p := newProblem(kindInvalid, "nothing was imported")
	p.Errors = each(rows, func(r factory.RowError) Fault { return Fault{Message: fmt.Sprintf("line %d: %s", r.Line, r.What)} })
	return p
}

// problemOfSpec maps the typed errors about spec documents, values and files; nil for others.
func problemOfSpec(err error) *Problem {
	var (
		refused *registry.SpecRefused
		value   *registry.SpecError
		file    *media.Refusal
		shape   *miot.ShapeError
		syntax  *miot.SyntaxError
		call    *miot.CallError
	)
	switch {
	case errors.As(err, &refused):
		p := newProblem(kindSpecRefused, refused.Error())
		p.Errors = faults(refused.Findings)
		return p
	case errors.As(err, &value):
		p := newProblem(kindValueRefused, value.Violation.Message)
		p.Rule, p.Code = value.Violation.Rule, value.Violation.Code.Cloud()
		return p
	case errors.As(err, &file):
		p := newProblem(kindFileRefused, file.Error())
		p.Rule = string(file.Rule)
		return p
	case errors.As(err, &shape):
		p := newProblem(kindSpecRefused, shape.Error())
		for _, s := range shape.Problems {
			p.Errors = append(p.Errors, Fault{Message: s.Message, Pointer: s.Pointer, Severity: miot.SeverityError})
		}
		return p
	case errors.As(err, &syntax):
		return newProblem(kindUnreadable, syntax.Error())
	case errors.As(err, &call):
		p := newProblem(kindRefused, call.Message)
		p.Code = call.Code
		return p
	}
	return nil
}

func faults(findings []miot.Finding) []Fault {
	out := make([]Fault, len(findings))
	for i, f := range findings {
		out[i] = Fault{Message: f.Message, Pointer: f.Pointer, Rule: f.Rule, Severity: f.Severity, Mend: f.Mend}
	}
	return out
}

// problemOfPeople maps the errors of accounts and organisations; nil for others.
func problemOfPeople(err error) *Problem {
	var often *auth.LimitError
	if errors.As(err, &often) {
		return newProblem(kindTooOften, often.Error()).with("Retry-After", strconv.Itoa(int(often.After.Seconds())+1))
	}
	for _, m := range []struct {
		sentinel error
		kind     *kind
		rule     string
	}{
		{auth.ErrBadLogin, kindBadLogin, ""},
		{auth.ErrBlocked, kindBlocked, ""},
		{auth.ErrNotYours, kindForbidden, ""},
		{auth.ErrLastOwner, kindLastOwner, ""},
		{auth.ErrTooMany, kindFull, ""},
		{auth.ErrBadCode, kindCodeRefused, ""},
		{auth.ErrBadEmail, kindInvalid, "email"},
		{auth.ErrWeakPassword, kindInvalid, "password"},
		{auth.ErrBadName, kindInvalid, "name"},
		{auth.ErrScope, kindInvalid, "scope"},
		{auth.ErrExists, kindExists, ""},
		{auth.ErrConflict, kindConflict, ""},
	} {
		if errors.Is(err, m.sentinel) {
			p := newProblem(m.kind, plain(err, m.sentinel))
			p.Rule = m.rule
			return p
		}
	}
	return nil
}

// problemOfSentinel maps the rest: what nobody expected is a defect of ours.
func problemOfSentinel(err error) *Problem {
	switch {
	case errors.Is(err, registry.ErrOffline):
		return coded(kindOffline, err, registry.ErrOffline, miot.CloudOffline)
	case errors.Is(err, registry.ErrTimeout):
		return coded(kindTimeout, err, registry.ErrTimeout, miot.CloudTimeout)
	case errors.Is(err, registry.ErrBadAnswer):
		return coded(kindBadAnswer, err, registry.ErrBadAnswer, 0)
	case errors.Is(err, registry.ErrForbidden):
		return newProblem(kindForbidden, plain(err, registry.ErrForbidden))
	case errors.Is(err, registry.ErrBadCode):
		return newProblem(kindCodeRefused, plain(err, registry.ErrBadCode))
	case errors.Is(err, registry.ErrFull):
		return newProblem(kindFull, plain(err, registry.ErrFull))
	case errors.Is(err, registry.ErrQuarantined):
		return newProblem(kindNotNow, plain(err, registry.ErrQuarantined))
	case errors.Is(err, registry.ErrNotWritable):
		p := coded(kindValueRefused, err, registry.ErrNotWritable, miot.CloudNotWritable)
		p.Rule = miot.RuleAccess
		return p
	case unavailable(err):
		return newProblem(kindUnavailable, "").with("Retry-After", "1")
	case errors.Is(err, context.Canceled):
		return newProblem(kindGone, "")
	case errors.Is(err, transcript.ErrForged):
		return newProblem(kindSpoiled, err.Error())
	case errors.Is(err, registry.ErrNotFound), errors.Is(err, auth.ErrNotFound), errors.Is(err, blob.ErrNotFound):
		return newProblem(kindNotFound, plain(err, registry.ErrNotFound))
	case errors.Is(err, registry.ErrExists):
		return newProblem(kindExists, plain(err, registry.ErrExists))
	case errors.Is(err, registry.ErrConflict):
		return newProblem(kindConflict, plain(err, registry.ErrConflict))
	case errors.Is(err, registry.ErrInUse):
		return newProblem(kindInUse, plain(err, registry.ErrInUse))
	case errors.Is(err, registry.ErrBadRequest):
		return newProblem(kindInvalid, strings.ReplaceAll(err.Error(), registry.ErrBadRequest.Error()+": ", ""))
	}
	return newProblem(kindInternal, "")
}

func unavailable(err error) bool {
	for _, passing := range []error{registry.ErrUnavailable, registry.ErrStopped, registry.ErrBusy, auth.ErrBusy, auth.ErrNoMail, bus.ErrClosed, context.DeadlineExceeded} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

func coded(k *kind, err, sentinel error, code miot.Code) *Problem {
	p := newProblem(k, plain(err, sentinel))
	p.Code = code
	return p
}

// plain is the error's message without what a store adds in brackets behind its
// sentinel: the database's own words.
func plain(err, sentinel error) string {
	text := err.Error()
	if i := strings.Index(text, sentinel.Error()+" ("); i >= 0 {
		return text[:i+len(sentinel.Error())]
	}
	return text
}

func noRoute(w http.ResponseWriter, r *http.Request) {
	newProblem(kindNotFound, "no such path: "+r.URL.Path).write(w, r)
}
