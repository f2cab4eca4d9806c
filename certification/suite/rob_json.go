package suite

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"unicode/utf16"
)

// malformation spoils a request that would act. What a reader of JSON may accept by
// its standard (RFC 8259: a byte order mark in §8.1, repeated names in §4) is
// lawful: to act on it is a warning.
type malformation struct {
	name   string
	lawful bool
	spoil  func(r *rand.Rand, request []byte) []byte
}

func (m malformation) make(r *rand.Rand, request []byte) []byte {
	return m.spoil(r, bytes.Clone(request))
}

var malformations = []malformation{
	{name: "cut short", spoil: cut},
	{name: "cut short", spoil: cut},
	{name: "cut in its last quarter", spoil: func(r *rand.Rand, b []byte) []byte { return b[:len(b)*3/4+r.IntN(len(b)/4)] }},
	{name: "without its last brace", spoil: func(_ *rand.Rand, b []byte) []byte { return b[:len(b)-1] }},
	{name: "without its first brace", spoil: func(_ *rand.Rand, b []byte) []byte { return b[1:] }},
	{name: "with a byte order mark", lawful: true, spoil: func(_ *rand.Rand, b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }},
	{name: "in UTF-16", spoil: inUTF16},
	{name: "binary", spoil: binaryBytes},
	{name: "binary that begins with a brace", spoil: func(r *rand.Rand, b []byte) []byte { return append([]byte("{"), binaryBytes(r, b)...) }},
	{name: "with a NUL byte inside", spoil: inserted("\x00")},
	{name: "with a byte that is no UTF-8", spoil: inserted("\xff")},
	{name: "with NaN", spoil: member(`"exe_time":NaN,`)},
	{name: "with Infinity", spoil: member(`"exe_time":Infinity,`)},
	{name: "with -Infinity", spoil: member(`"exe_time":-Infinity,`)},
	{name: "with a /* comment */", spoil: member(`/* now */`)},
	{name: "with a // comment", spoil: member("// now\n")},
	{name: "with a # comment", spoil: member("# now\n")},
	{name: "with method twice", lawful: true, spoil: member(`"method":"get_properties",`)},
	{name: "with params twice", lawful: true, spoil: member(`"params":[],`)},
	{name: "with a member without a value", spoil: member(`"exe_time":,`)},
}

func cut(r *rand.Rand, b []byte) []byte { return b[:1+r.IntN(len(b)-1)] }

// member puts text where the first member begins.
func member(text string) func(*rand.Rand, []byte) []byte {
	return func(_ *rand.Rand, b []byte) []byte {
		return append([]byte("{"+text), b[1:]...)
	}
}

// inserted puts bytes between two members, where no string hides them.
func inserted(what string) func(*rand.Rand, []byte) []byte {
	return func(_ *rand.Rand, b []byte) []byte {
		at := bytes.IndexByte(b, ',')
		return append(append(bytes.Clone(b[:at]), what...), b[at:]...)
	}
}

func inUTF16(_ *rand.Rand, b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(string(b))) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func binaryBytes(r *rand.Rand, _ []byte) []byte {
	out := make([]byte, 1+r.IntN(256))
	for i := range out {
		out[i] = byte(r.UintN(256))
	}
	return out
}
