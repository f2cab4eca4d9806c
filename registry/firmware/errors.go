package firmware

import (
	"errors"
	"fmt"
)

// The kinds of refusal; what is missing or contended has the registry's errors.
var (
	ErrState   = errors.New("not now")        // as things stand
	ErrInvalid = errors.New("not acceptable") // what was given
)

// Refusal says which rule stands against what was wanted.
type Refusal struct {
	Kind   error
	Rule   string // stable, as "image-hash": docs/firmware.md explains each
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Detail + " (rule " + r.Rule + ")" }

// Unwrap gives the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// Refuse makes a refusal.
func Refuse(kind error, rule, format string, args ...any) *Refusal {
	return &Refusal{kind, rule, fmt.Sprintf(format, args...)}
}
