package certification

import (
	"errors"
	"fmt"
)

// The kinds of refusal. What is missing or contended has the registry's errors.
var (
	ErrForbidden = errors.New("not allowed")    // by whom
	ErrState     = errors.New("not now")        // in this state
	ErrInvalid   = errors.New("not acceptable") // what was given
)

// Refusal says which rule stands against what was wanted. Its kind is one of
// ErrForbidden, ErrState and ErrInvalid.
type Refusal struct {
	Kind   error  `json:"-"`
	Rule   string `json:"rule"`   // stable, as "two-approvers": docs/programme.md explains each
	Detail string `json:"detail"` // the thing, the value and the rule in a sentence
}

// Error implements error.
func (r *Refusal) Error() string { return r.Detail + " (rule " + r.Rule + ")" }

// Unwrap gives the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// Refuse makes a refusal.
func Refuse(kind error, rule, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Rule: rule, Detail: fmt.Sprintf(format, args...)}
}
