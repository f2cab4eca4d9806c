package bus

import (
	"fmt"
	"strings"
)

// CheckSubject reports why a subject cannot be published to: it must be tokens
// joined by single dots, without white space, controls, `*` and `>`. (NATS would
// carry a literal `*`; here it is always somebody's mistake.)
func CheckSubject(subject string) error {
	empty := true // the token so far
	for i := range len(subject) {
		switch c := subject[i]; {
		case c == '.':
			if empty {
				return badSubject(subject, "has an empty token")
			}
			empty = true
		case c <= ' ' || c == 0x7f:
			return badSubject(subject, "has white space or a control character")
		case c == '*' || c == '>':
			return badSubject(subject, "has a wildcard, which only a pattern may")
		default:
			empty = false
		}
	}
	if empty {
		return badSubject(subject, "has an empty token")
	}
	return nil
}

// CheckPattern reports why a pattern cannot be subscribed to: as CheckSubject,
// but a whole token may be `*`, and the last one `>`.
func CheckPattern(pattern string) error {
	rest, more := pattern, true
	for more {
		var token string
		token, rest, more = strings.Cut(rest, ".")
		if token == "*" || (token == ">" && !more) {
			continue
		}
		if err := CheckSubject(token); err != nil {
			return badSubject(pattern, "has a token that is neither plain, nor *, nor > at the end")
		}
	}
	return nil
}

func badSubject(s, rule string) error {
	return fmt.Errorf("%w: %q %s", ErrSubject, s, rule)
}

// hasWildcard tells whether a checked pattern matches more than itself.
func hasWildcard(pattern string) bool { return strings.ContainsAny(pattern, "*>") }

// Match tells whether a subject fits a pattern; both must have passed their
// check. It allocates nothing.
func Match(pattern, subject string) bool {
	for {
		p, restP, moreP := strings.Cut(pattern, ".")
		if p == ">" {
			return true // there is a token left, or we would have returned below
		}
		s, restS, moreS := strings.Cut(subject, ".")
		if p != "*" && p != s {
			return false
		}
		if !moreP || !moreS {
			return moreP == moreS
		}
		pattern, subject = restP, restS
	}
}
