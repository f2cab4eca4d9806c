package bus

import (
	"fmt"
	"strings"
)

const hexDigits = "0123456789ABCDEF"

// Token makes one subject token of any string, so that a name can stand in a
// subject: letters, digits, `_` and `-` stay, `.` becomes `/`, every other byte
// becomes %XX, and the empty string %. For a did ([A-Za-z0-9._-]) this only
// turns dots into slashes. No two strings share a token, and no string, however
// hostile, becomes a wildcard or a second token.
func Token(s string) string {
	if s == "" {
		return "%"
	}
	grown := len(s)
	changed := false
	for i := range len(s) {
		switch {
		case plain(s[i]):
		case s[i] == '.':
			changed = true
		default:
			changed = true
			grown += 2
		}
	}
	if !changed {
		return s
	}
	var b strings.Builder
	b.Grow(grown)
	for i := range len(s) {
		switch c := s[i]; {
		case plain(c):
			b.WriteByte(c)
		case c == '.':
			b.WriteByte('/')
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// Untoken gives back what Token was given, and an error for a token that Token
// never writes.
func Untoken(token string) (string, error) {
	if token == "%" {
		return "", nil
	}
	var b strings.Builder
	b.Grow(len(token))
	for i := 0; i < len(token); i++ {
		switch c := token[i]; {
		case plain(c):
			b.WriteByte(c)
		case c == '/':
			b.WriteByte('.')
		case c == '%' && i+2 < len(token):
			high, low := strings.IndexByte(hexDigits, token[i+1]), strings.IndexByte(hexDigits, token[i+2])
			if high < 0 || low < 0 {
				return "", badToken(token)
			}
			b.WriteByte(byte(high<<4 | low))
			i += 2
		default:
			return "", badToken(token)
		}
	}
	// One spelling for one name: %41 is not how Token writes an A.
	if s := b.String(); Token(s) == token {
		return s, nil
	}
	return "", badToken(token)
}

func badToken(token string) error {
	return fmt.Errorf("%w: %q is not a token made by bus.Token", ErrSubject, token)
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
