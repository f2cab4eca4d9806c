package miot

import (
	"math"
	"strconv"
)

// ValueKind tells which of a Value's readings applies.
type ValueKind uint8

// The kinds of values. The zero Value is KindNone.
const (
	KindNone ValueKind = iota
	KindBool
	KindSigned
	KindUnsigned
	KindFloat
	KindString
)

// Value is one typed, immutable value of a property. It is comparable with ==, which is exact; Equal compares as §1 does.
type Value struct {
	kind ValueKind
	bits uint64
	text string
}

// BoolValue makes a bool value.
func BoolValue(v bool) Value {
	if v {
		return Value{kind: KindBool, bits: 1}
	}
	return Value{kind: KindBool}
}

// IntValue makes a signed value.
func IntValue(v int64) Value { return Value{kind: KindSigned, bits: uint64(v)} }

// UintValue makes an unsigned value.
func UintValue(v uint64) Value { return Value{kind: KindUnsigned, bits: v} }

// FloatValue makes a float value; NaN and infinities, which JSON cannot carry, give the zero Value.
func FloatValue(v float64) Value {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Value{}
	}
	return Value{kind: KindFloat, bits: math.Float64bits(v)}
}

// StringValue makes a string value.
func StringValue(v string) Value { return Value{kind: KindString, text: v} }

// Kind tells what the value is.
func (v Value) Kind() ValueKind { return v.kind }

// IsZero tells whether there is no value at all.
func (v Value) IsZero() bool { return v.kind == KindNone }

// Bool is the value of a bool.
func (v Value) Bool() (value, ok bool) { return v.bits == 1, v.kind == KindBool }

// Int64 is the value of an integer that fits int64.
func (v Value) Int64() (int64, bool) {
	return int64(v.bits), v.kind == KindSigned || v.kind == KindUnsigned && v.bits <= math.MaxInt64
}

// Uint64 is the value of an integer that fits uint64.
func (v Value) Uint64() (uint64, bool) {
	return v.bits, v.kind == KindUnsigned || v.kind == KindSigned && int64(v.bits) >= 0
}

// Float64 is any number as a float; integers beyond 2^53 are rounded.
func (v Value) Float64() (float64, bool) {
	switch v.kind {
	case KindFloat:
		return math.Float64frombits(v.bits), true
	case KindSigned:
		return float64(int64(v.bits)), true
	case KindUnsigned:
		return float64(v.bits), true
	}
	return 0, false
}

// Text is the value of a string.
func (v Value) Text() (string, bool) { return v.text, v.kind == KindString }

// Numeric tells whether the value is a number.
func (v Value) Numeric() bool { return v.kind >= KindSigned && v.kind <= KindFloat }

// whole is the value of an integer, or of a float with a whole value, exactly.
func (v Value) whole() (whole, bool) {
	switch v.kind {
	case KindSigned:
		if n := int64(v.bits); n < 0 {
			return whole{negative: true, magnitude: -uint64(n)}, true
		}
		return whole{magnitude: v.bits}, true
	case KindUnsigned:
		return whole{magnitude: v.bits}, true
	case KindFloat:
		return wholeNumber(strconv.AppendFloat(nil, math.Float64frombits(v.bits), 'e', -1, 64))
	}
	return whole{}, false
}

// Equal compares numbers by value, whatever their kind, floats with float32 tolerance (§1: 22.299999 is 22.3).
func (v Value) Equal(other Value) bool {
	if !v.Numeric() || !other.Numeric() {
		return v == other
	}
	if v.kind == KindFloat || other.kind == KindFloat {
		a, _ := v.Float64()
		b, _ := other.Float64()
		return math.Abs(a-b) <= tolerance(a, b)
	}
	a, _ := v.whole()
	b, _ := other.whole()
	return a == b
}

// tolerance is how far apart two floats may lie and still be the same number to a device that computes in float32: two units in
// the last place, for a value that was computed as min + k × step and rounded after each operation.
func tolerance(a, b float64) float64 {
	return math.Max(math.Abs(a), math.Abs(b)) * 0x1p-22
}

// onGrid tells whether v is base + a whole number of steps.
func onGrid(v, base, step float64) bool {
	nearest := base + math.Round((v-base)/step)*step
	return math.Abs(v-nearest) <= tolerance(v, base)
}
