package miot

import (
	"bytes"
	"encoding/json"
)

// scanString returns the offset behind the string literal that begins at data[at].
func scanString(data []byte, at int) (int, *SyntaxError) {
	for at++; at < len(data); at++ {
		switch c := data[at]; {
		case c == '"':
			return at + 1, nil
		case c < ' ':
			return at, syntax(at, "control character in a string")
		case c == '\\':
			at++
			if at >= len(data) {
				return at, syntax(at, "unexpected end of JSON")
			}
			switch data[at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(data)-at < 5 || !isHex(data[at+1:at+5]) {
					return at, syntax(at, "four hex digits expected")
				}
				at += 4
			default:
				return at, syntax(at, "unknown escape")
			}
		}
	}
	return at, syntax(at, "unexpected end of JSON")
}

func isHex(digits []byte) bool {
	for _, c := range digits {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// scanNumber returns the offset behind the number literal that begins at data[at].
func scanNumber(data []byte, at int) (int, *SyntaxError) {
	if data[at] == '-' {
		at++
	}
	switch {
	case at < len(data) && data[at] == '0':
		at++
	case at < len(data) && isDigit(data[at]):
		at = skipDigits(data, at)
	default:
		return at, syntax(at, "digit expected")
	}
	if at < len(data) && data[at] == '.' {
		if at++; at >= len(data) || !isDigit(data[at]) {
			return at, syntax(at, "digit expected")
		}
		at = skipDigits(data, at)
	}
	if at < len(data) && (data[at] == 'e' || data[at] == 'E') {
		if at++; at < len(data) && (data[at] == '+' || data[at] == '-') {
			at++
		}
		if at >= len(data) || !isDigit(data[at]) {
			return at, syntax(at, "digit expected")
		}
		at = skipDigits(data, at)
	}
	return at, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func skipDigits(data []byte, at int) int {
	for at < len(data) && isDigit(data[at]) {
		at++
	}
	return at
}

// unquote decodes a string literal that was scanned. A lone surrogate becomes U+FFFD, as in encoding/json.
func unquote(literal []byte) (string, bool) {
	if len(literal) < 2 || literal[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1]), true
	}
	var s string
	err := json.Unmarshal(literal, &s)
	return s, err == nil
}

// integer decodes a plain integer literal, no fraction and no exponent, that fits int64.
func integer(literal []byte) (int64, bool) {
	n, ok := wholeNumber(literal)
	if !ok || !isPlain(literal) {
		return 0, false
	}
	return n.int64()
}

// small decodes an iid: a plain integer literal within int32, so that (siid, iid) packs into one key.
func small(literal []byte) (int, bool) {
	n, ok := integer(literal)
	if !ok || n != int64(int32(n)) {
		return 0, false
	}
	return int(n), true
}
