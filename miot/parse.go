package miot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a document; the largest published ones have 80 kB, 30 services and 60 properties in one service.
const (
	MaxDocument   = 1 << 20 // bytes
	MaxServices   = 256     // per document
	MaxMembers    = 1024    // properties, actions or events per service, arguments per action
	MaxListValues = 4096    // entries of one value-list
	maxProblems   = 100
)

// Problem is one place where a document has not the shape of §1.
type Problem struct {
	Pointer string // JSON pointer (RFC 6901)
	Message string
}

// ShapeError lists every place where well-formed JSON is not a spec document.
type ShapeError struct{ Problems []Problem }

func (e *ShapeError) Error() string {
	first := e.Problems[0]
	if len(e.Problems) == 1 {
		return fmt.Sprintf("spec: %q: %s", first.Pointer, first.Message)
	}
	return fmt.Sprintf("spec: %q: %s (and %d more)", first.Pointer, first.Message, len(e.Problems)-1)
}

// Parse reads an instance document. It fails on bytes that are no JSON (an error that wraps *SyntaxError), and on JSON of the
// wrong shape (*ShapeError with JSON pointers); everything else, malformed URNs included, is left to Lint.
// The Spec does not alias data.
func Parse(data []byte) (*Spec, error) {
	if len(data) > MaxDocument {
		return nil, fmt.Errorf("spec: document of %d bytes is larger than %d", len(data), MaxDocument)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("spec: %w", syntax(invalidUTF8(data), "invalid UTF-8"))
	}
	begin, end, bad := scanDocument(data)
	if bad != nil {
		return nil, fmt.Errorf("spec: %w", bad)
	}
	p := &parser{}
	spec := p.spec(bytes.Clone(data[begin:end]))
	if len(p.problems) > 0 {
		return nil, &ShapeError{Problems: p.problems}
	}
	return spec, nil
}

// UnmarshalJSON reads the document as Parse does.
func (s *Spec) UnmarshalJSON(data []byte) error {
	spec, err := Parse(data)
	if err == nil {
		*s = *spec
	}
	return err
}

func invalidUTF8(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// parser collects every problem, so that an author mends a document in one go.
type parser struct{ problems []Problem }

func (p *parser) problem(pointer, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{Pointer: pointer, Message: fmt.Sprintf(format, args...)})
	}
}

// object splits an object into its members. What the caller takes out is known, what is left is Extra.
func (p *parser) object(raw []byte, pointer string) object {
	walk, ok := objectMembers(raw)
	if !ok {
		p.problem(pointer, "is %s, needs an object", kindOf(raw))
		return object{parser: p, pointer: pointer, broken: true}
	}
	o := object{parser: p, pointer: pointer, members: map[string]json.RawMessage{}}
	for name, value, ok := walk.next(); ok; name, value, ok = walk.next() {
		if _, twice := o.members[string(name)]; twice {
			p.problem(pointer+"/"+escapePointer(string(name)), "is there twice")
		}
		o.members[string(name)] = value
	}
	return o
}

// array splits an array; null and absent give nil, an empty array an empty one.
func (p *parser) array(raw []byte, pointer string, limit int) []json.RawMessage {
	if len(raw) == 0 || isNull(raw) {
		return nil
	}
	walk, ok := arrayElements(raw)
	if !ok {
		p.problem(pointer, "is %s, needs an array", kindOf(raw))
		return nil
	}
	list := []json.RawMessage{}
	for value, ok := walk.next(); ok; value, ok = walk.next() {
		if len(list) == limit {
			p.problem(pointer, "has more than %d entries", limit)
			break
		}
		list = append(list, value)
	}
	return list
}

func escapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func at(pointer string, index int) string { return pointer + "/" + strconv.Itoa(index) }
