package miot

import (
	"encoding/json"
	"unicode/utf8"
)

// trim takes JSON white space off both ends.
func trim(raw []byte) []byte {
	raw = raw[skipSpace(raw, 0):]
	for len(raw) > 0 && skipSpace(raw[len(raw)-1:], 0) == 1 {
		raw = raw[:len(raw)-1]
	}
	return raw
}

// excerpt shortens foreign bytes for a message.
func excerpt(raw []byte) string {
	const limit = 60
	if len(raw) == 0 {
		return "(nothing)"
	}
	if len(raw) <= limit {
		return string(raw)
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(raw[cut]) {
		cut--
	}
	return string(raw[:cut]) + "…"
}

// appendString writes a JSON string; plain ASCII, which is nearly all there is, without allocating.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == 0x7f {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
