package registry

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// clip cuts b to at most n bytes of valid UTF-8, so that any engine can store it.
func clip(b []byte, n int) string {
	s := strings.ReplaceAll(strings.ToValidUTF8(string(b[:min(len(b), n+utf8.UTFMax)]), "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// quote shows a name from outside in a message: quoted, and not for ever long.
func quote(s string) string { return strconv.Quote(clip([]byte(s), 64)) }
