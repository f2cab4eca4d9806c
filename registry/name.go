package registry

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameMost is how many characters a name that people give may have.
const NameMost = 60

// CleanName is a name for a home, a room or a device as it is kept: without
// spaces around it. It refuses what would make a page or a log show something
// else than what is there: control characters, line separators, and marks that
// turn the direction of the text (Unicode TR 36 §2.4).
func CleanName(what, s string) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return "", fmt.Errorf("%w: the name of %s is not UTF-8", ErrBadRequest, what)
	case n == 0 || n > NameMost:
		return "", fmt.Errorf("%w: the name of %s has %d characters, want 1 to %d", ErrBadRequest, what, n, NameMost)
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || r == utf8.RuneError || r == '\uFEFF' {
			return "", fmt.Errorf("%w: the name of %s has the character %U, which does not show", ErrBadRequest, what, r)
		}
	}
	return s, nil
}
