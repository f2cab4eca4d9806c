package id

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrInvalid is wrapped by every error of Parse and Valid.
var ErrInvalid = errors.New("invalid id")

// textLength is the length of a UUID's text form (RFC 9562 §4).
const textLength = 36

// New returns a fresh id: the prefix, an underscore, a UUIDv7. Ids made by one
// process are strictly increasing, those of several processes are ordered to
// the millisecond. It panics when the prefix breaks the rule of Parse, which is
// a mistake of the program, or when the machine has no randomness to give.
func New(prefix string) string {
	if !validPrefix(prefix) {
		panic(fmt.Sprintf("id: prefix %q: want 1 to 12 lower-case letters", prefix))
	}
	return prefix + "_" + uuid.Must(uuid.NewV7()).String()
}

// Floor is less than every id of the kind that is made at t or later, and greater
// than those made more than a millisecond before.
func Floor(prefix string, t time.Time) string {
	ms := max(t.UnixMilli(), 0)
	return fmt.Sprintf("%s_%08x-%04x-7000-8000-000000000000", prefix, ms>>16, ms&0xffff)
}

// Parse takes an id apart. Only what New writes is accepted: a prefix of 1 to 12
// lower-case letters and a UUID of version 7 in its canonical form, so that one
// thing never has two spellings.
func Parse(s string) (prefix string, u uuid.UUID, err error) {
	prefix, text, found := strings.Cut(s, "_")
	if !found || !validPrefix(prefix) {
		return "", uuid.Nil, fmt.Errorf("%w %q: want a prefix of 1 to 12 lower-case letters, then _", ErrInvalid, clip(s))
	}
	// uuid.Parse also takes braces, a urn: prefix and upper case.
	if len(text) != textLength {
		return "", uuid.Nil, fmt.Errorf("%w %q: %d characters after the prefix, want %d", ErrInvalid, clip(s), len(text), textLength)
	}
	u, err = uuid.Parse(text)
	if err != nil {
		return "", uuid.Nil, fmt.Errorf("%w %q: %w", ErrInvalid, clip(s), err)
	}
	if u.Version() != 7 || u.Variant() != uuid.RFC4122 {
		return "", uuid.Nil, fmt.Errorf("%w %q: UUID version %d, want 7", ErrInvalid, clip(s), u.Version())
	}
	if u.String() != text {
		return "", uuid.Nil, fmt.Errorf("%w %q: want lower case: %s_%s", ErrInvalid, clip(s), prefix, u)
	}
	return prefix, u, nil
}

// Valid reports why s is not an id of the kind that prefix names; nil means it is.
func Valid(prefix, s string) error {
	got, _, err := Parse(s)
	if err != nil {
		return err
	}
	if got != prefix {
		return fmt.Errorf("%w %q: names a %q, want a %q", ErrInvalid, s, got, prefix)
	}
	return nil
}

func validPrefix(p string) bool {
	if len(p) < 1 || len(p) > 12 {
		return false
	}
	for i := range len(p) {
		if p[i] < 'a' || p[i] > 'z' {
			return false
		}
	}
	return true
}

// clip keeps a stranger's megabyte out of a log line.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
