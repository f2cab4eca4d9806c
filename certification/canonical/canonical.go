// Package canonical writes JSON in the one form that is signed and logged: the
// JSON Canonicalization Scheme (RFC 8785), narrowed to integers. Whoever signs
// bytes of it and whoever builds them again from the same value get the same
// bytes.
//
// It refuses what two readers may read differently: numbers with a fraction, an
// exponent or more than 53 bits, text that is no UTF-8, and a member that stands
// twice.
package canonical

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// ErrForm is wrapped by every error about bytes that are not canonical.
var ErrForm = errors.New("not canonical JSON")

// MaxInteger is the largest number, and its negative the smallest: beyond it a
// reader that keeps numbers as IEEE 754 doubles would round (RFC 8785 §3.2.2.3).
const MaxInteger = 1<<53 - 1

// Marshal is json.Marshal in canonical form.
func Marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return transform(data)
}

// Unmarshal reads canonical JSON into v, a pointer to a struct: other forms of
// the same value are refused, and so are members that v does not have.
func Unmarshal(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	return nil
}

// Check says whether data is canonical: a reader that writes again what it read
// gets the same bytes.
func Check(data []byte) error {
	again, err := transform(data)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		at := 0
		for at < min(len(again), len(data)) && again[at] == data[at] {
			at++
		}
		return fmt.Errorf("%w: byte %d of %d is another one in canonical form", ErrForm, at, len(data))
	}
	return nil
}

func transform(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the value at byte %d", ErrForm, d.InputOffset())
	}
	return write(make([]byte, 0, len(data)), v)
}

func write(to []byte, v any) (_ []byte, err error) {
	switch v := v.(type) {
	case nil:
		return append(to, "null"...), nil
	case bool:
		return strconv.AppendBool(to, v), nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || n > MaxInteger || n < -MaxInteger {
			return nil, fmt.Errorf("%w: number %s; want an integer from -(2^53-1) to 2^53-1", ErrForm, v)
		}
		return strconv.AppendInt(to, n, 10), nil
	case string:
		return writeText(to, v), nil
	case []any:
		to = append(to, '[')
		for i, e := range v {
			if i > 0 {
				to = append(to, ',')
			}
			if to, err = write(to, e); err != nil {
				return nil, err
			}
		}
		return append(to, ']'), nil
	case map[string]any:
		return writeObject(to, v)
	}
	return nil, fmt.Errorf("%w: a value of type %T", ErrForm, v) // encoding/json makes no others
}

func writeObject(to []byte, members map[string]any) (_ []byte, err error) {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.SortFunc(names, compareNames)
	to = append(to, '{')
	for i, name := range names {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(writeText(to, name), ':')
		if to, err = write(to, members[name]); err != nil {
			return nil, err
		}
	}
	return append(to, '}'), nil
}

// compareNames is RFC 8785 §3.2.3: by UTF-16 code units. Below the surrogates,
// where nearly all names lie, that is the order of bytes.
func compareNames(a, b string) int {
	if high := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return r > 0xd7ff }) >= 0
	}; high(a) || high(b) {
		return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
	}
	return strings.Compare(a, b)
}

// writeText escapes what RFC 8785 §3.2.2.2 says and nothing else.
func writeText(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		case c == '\b':
			to = append(to, '\\', 'b')
		case c == '\t':
			to = append(to, '\\', 't')
		case c == '\n':
			to = append(to, '\\', 'n')
		case c == '\f':
			to = append(to, '\\', 'f')
		case c == '\r':
			to = append(to, '\\', 'r')
		case c < 0x20:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			to = append(to, c)
		}
	}
	return append(to, '"')
}
