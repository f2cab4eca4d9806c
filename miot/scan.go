package miot

import "fmt"

// maxDepth bounds the nesting of any JSON that is read; the deepest lawful document needs 8.
const maxDepth = 64

// SyntaxError tells where bytes stopped being JSON.
type SyntaxError struct {
	Offset int
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

func syntax(at int, what string) *SyntaxError { return &SyntaxError{Offset: at, What: what} }

func skipSpace(data []byte, at int) int {
	for at < len(data) {
		switch data[at] {
		case ' ', '\t', '\n', '\r':
			at++
		default:
			return at
		}
	}
	return at
}

// scanDocument checks that data is exactly one JSON value and returns its bounds without the space around it.
func scanDocument(data []byte) (begin, end int, err *SyntaxError) {
	begin = skipSpace(data, 0)
	if end, err = scanValue(data, begin, 0); err != nil {
		return begin, end, err
	}
	if rest := skipSpace(data, end); rest != len(data) {
		return begin, end, syntax(rest, "data after the JSON value")
	}
	return begin, end, nil
}

// scanValue checks the JSON value (RFC 8259) that begins at data[at] and returns the offset behind it.
func scanValue(data []byte, at, depth int) (int, *SyntaxError) {
	if at >= len(data) {
		return at, syntax(at, "unexpected end of JSON")
	}
	switch c := data[at]; {
	case c == '"':
		return scanString(data, at)
	case c == '-' || c >= '0' && c <= '9':
		return scanNumber(data, at)
	case c == '{':
		return scanObject(data, at, depth+1)
	case c == '[':
		return scanArray(data, at, depth+1)
	case c == 't':
		return scanWord(data, at, "true")
	case c == 'f':
		return scanWord(data, at, "false")
	case c == 'n':
		return scanWord(data, at, "null")
	}
	return at, syntax(at, "unexpected character")
}

func scanWord(data []byte, at int, word string) (int, *SyntaxError) {
	if len(data)-at < len(word) || string(data[at:at+len(word)]) != word {
		return at, syntax(at, "unexpected character")
	}
	return at + len(word), nil
}

func scanObject(data []byte, at, depth int) (int, *SyntaxError) {
	if depth > maxDepth {
		return at, syntax(at, "nested too deep")
	}
	at = skipSpace(data, at+1)
	if at < len(data) && data[at] == '}' {
		return at + 1, nil
	}
	for {
		if at >= len(data) || data[at] != '"' {
			return at, syntax(at, "member name expected")
		}
		var err *SyntaxError
		if at, err = scanString(data, at); err != nil {
			return at, err
		}
		at = skipSpace(data, at)
		if at >= len(data) || data[at] != ':' {
			return at, syntax(at, "colon expected")
		}
		if at, err = scanValue(data, skipSpace(data, at+1), depth); err != nil {
			return at, err
		}
		at = skipSpace(data, at)
		if at < len(data) && data[at] == ',' {
			at = skipSpace(data, at+1)
			continue
		}
		if at < len(data) && data[at] == '}' {
			return at + 1, nil
		}
		return at, syntax(at, "comma or closing brace expected")
	}
}

func scanArray(data []byte, at, depth int) (int, *SyntaxError) {
	if depth > maxDepth {
		return at, syntax(at, "nested too deep")
	}
	at = skipSpace(data, at+1)
	if at < len(data) && data[at] == ']' {
		return at + 1, nil
	}
	for {
		var err *SyntaxError
		if at, err = scanValue(data, at, depth); err != nil {
			return at, err
		}
		at = skipSpace(data, at)
		if at < len(data) && data[at] == ',' {
			at = skipSpace(data, at+1)
			continue
		}
		if at < len(data) && data[at] == ']' {
			return at + 1, nil
		}
		return at, syntax(at, "comma or closing bracket expected")
	}
}
