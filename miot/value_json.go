package miot

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// ParseValue reads a raw JSON value as the format demands (§1): a bool is true or false, an integer is a number with a whole value
// within the format's width, nothing is quoted, nothing is infinite. Signed formats give KindSigned, unsigned KindUnsigned.
func ParseValue(format Format, raw []byte) (Value, error) {
	raw = trim(raw)
	if bounds, ok := integerBounds[format]; ok {
		w, ok := wholeNumber(raw)
		o, fits := w.ordinal(bounds.signed)
		if !ok || !fits || o < bounds.min || o > bounds.max {
			return Value{}, misfit(format, raw)
		}
		return ordinalValue(o, bounds.signed), nil
	}
	v, err := DecodeValue(raw)
	if err != nil {
		return Value{}, err
	}
	switch {
	case format == FormatBool && v.kind == KindBool, format == FormatString && v.kind == KindString:
		return v, nil
	case format == FormatFloat && v.Numeric():
		f, err := parseFloat(raw)
		return FloatValue(f), err
	}
	return Value{}, misfit(format, raw)
}

// DecodeValue reads any JSON scalar: integers that fit 64 bits exactly, other numbers as floats.
func DecodeValue(raw []byte) (Value, error) {
	raw = trim(raw)
	end, bad := scanValue(raw, 0, 0)
	if bad == nil && end != len(raw) {
		bad = syntax(end, "data after the JSON value")
	}
	if bad != nil {
		return Value{}, bad
	}
	switch raw[0] {
	case '"':
		if !utf8.Valid(raw) {
			return Value{}, fmt.Errorf("string %s is not UTF-8", excerpt(raw))
		}
		s, _ := unquote(raw)
		return StringValue(s), nil
	case 't', 'f':
		return BoolValue(raw[0] == 't'), nil
	case 'n', '[', '{':
		return Value{}, fmt.Errorf("value is %s, not a bool, number or string", kindOf(raw))
	}
	if isPlain(raw) {
		if w, ok := wholeNumber(raw); ok {
			if n, ok := w.int64(); ok {
				return IntValue(n), nil
			}
			if !w.negative {
				return UintValue(w.magnitude), nil
			}
		}
	}
	f, err := parseFloat(raw)
	return FloatValue(f), err
}

func ordinalValue(o uint64, signed bool) Value {
	if signed {
		return IntValue(fromSignedOrdinal(o))
	}
	return UintValue(o)
}

func parseFloat(literal []byte) (float64, error) {
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil {
		return 0, fmt.Errorf("number %s is beyond a float", excerpt(literal))
	}
	return f, nil
}

func misfit(format Format, raw []byte) error {
	return fmt.Errorf("value %s does not fit format %s", excerpt(raw), format)
}

// Append writes the value as JSON behind dst.
func (v Value) Append(dst []byte) []byte {
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(dst, v.bits == 1)
	case KindSigned:
		return strconv.AppendInt(dst, int64(v.bits), 10)
	case KindUnsigned:
		return strconv.AppendUint(dst, v.bits, 10)
	case KindFloat:
		return appendFloat(dst, math.Float64frombits(v.bits))
	case KindString:
		return appendString(dst, v.text)
	}
	return append(dst, "null"...)
}

// MarshalJSON writes the value; the zero Value is null.
func (v Value) MarshalJSON() ([]byte, error) { return v.Append(nil), nil }

// UnmarshalJSON reads any JSON scalar as DecodeValue does; null gives the zero Value.
func (v *Value) UnmarshalJSON(raw []byte) (err error) {
	if isNull(raw) {
		*v = Value{}
		return nil
	}
	*v, err = DecodeValue(raw)
	return err
}

// Raw is the value as raw JSON, the form in which messages carry it.
func (v Value) Raw() json.RawMessage { return v.Append(nil) }

// String is the value as JSON.
func (v Value) String() string { return string(v.Append(nil)) }

// appendFloat writes plain decimals within 1e-6…1e21 and exponents beyond, the form JavaScript gives.
func appendFloat(dst []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}
