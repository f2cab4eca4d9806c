package miot

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		format Format
		raw    string
		want   Value
	}{
		{FormatBool, "true", BoolValue(true)},
		{FormatBool, " false\n", BoolValue(false)},
		{FormatUint8, "255", UintValue(255)},
		{FormatUint8, "1.0", UintValue(1)},
		{FormatUint8, "-0", UintValue(0)},
		{FormatUint16, "1e3", UintValue(1000)},
		{FormatInt8, "-128", IntValue(-128)},
		{FormatInt32, "-12000e-3", IntValue(-12)},
		{FormatInt64, "-9223372036854775808", IntValue(math.MinInt64)},
		{FormatInt64, "9007199254740993", IntValue(9007199254740993)},
		{FormatUint64, "18446744073709551615", UintValue(math.MaxUint64)},
		{FormatUint64, "18446744073709551615.000", UintValue(math.MaxUint64)},
		{FormatFloat, "22", FloatValue(22)},
		{FormatFloat, "22.5e-1", FloatValue(2.25)},
		{FormatString, `"a\u00e9\u0000\ud83d\ude00"`, StringValue("aé\x00😀")},
		{FormatString, `""`, StringValue("")},
	} {
		got, err := ParseValue(c.format, []byte(c.raw))
		if err != nil || got != c.want {
			t.Errorf("ParseValue(%s, %s) = %v, %v; want %v", c.format, c.raw, got, err, c.want)
		}
	}
}

func TestParseValueRefuses(t *testing.T) {
	for format, raws := range map[Format][]string{
		FormatBool:   {"", "0", "1", `"true"`, "null", "True", "true false", "[true]"},
		FormatUint8:  {"", "-1", "256", "1.5", `"1"`, "true", "null", "[]", "{}", "1e400", "1e-1", "01", "+1", "1.", ".5", "0x10", "1 2", "NaN", "18446744073709551616"},
		FormatInt8:   {"128", "-129"},
		FormatUint64: {"18446744073709551616", "-1", "1e20", "1e99999999999999999999"},
		FormatInt64:  {"9223372036854775808", "-9223372036854775809"},
		FormatFloat:  {"", "1e400", "-1e400", "NaN", "Infinity", `"1"`, "true", "null"},
		FormatString: {"", "1", "true", "null", `"a`, `"\x"`, "\"\xff\"", "\"\n\"", `"a" "b"`},
		"date":       {"1", `"a"`, "true"},
	} {
		for _, raw := range raws {
			if v, err := ParseValue(format, []byte(raw)); err == nil {
				t.Errorf("ParseValue(%s, %q) = %v, want an error", format, raw, v)
			}
		}
	}
}

func TestValueEqual(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Value
		want bool
	}{
		{"float32 noise", FloatValue(22.299999), FloatValue(22.3), true},
		{"a real difference", FloatValue(22.2), FloatValue(22.3), false},
		{"signed and unsigned", IntValue(5), UintValue(5), true},
		{"signed and float", IntValue(5), FloatValue(5), true},
		{"both sides of the sign", IntValue(-1), UintValue(math.MaxUint64), false},
		{"neighbours beyond 2^53", UintValue(1<<53 + 1), UintValue(1 << 53), false},
		{"a bool and a number", BoolValue(true), IntValue(1), false},
		{"strings", StringValue("a"), StringValue("a"), true},
		{"nothing and zero", Value{}, IntValue(0), false},
		{"nothing and nothing", Value{}, Value{}, true},
	} {
		if got := c.a.Equal(c.b); got != c.want || c.b.Equal(c.a) != c.want {
			t.Errorf("%s: %v Equal %v is %t", c.name, c.a, c.b, got)
		}
	}
}

func TestNoValueIsInfinite(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if v := FloatValue(f); !v.IsZero() {
			t.Errorf("FloatValue(%v) = %v", f, v)
		}
	}
}

// anyValue draws a value of the format, at the edges often.
func anyValue(format Format) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		bounds, integer := integerBounds[format]
		switch {
		case integer:
			return ordinalValue(rapid.Uint64Range(bounds.min, bounds.max).Draw(t, "ordinal"), bounds.signed)
		case format == FormatFloat:
			return FloatValue(rapid.Float64().Draw(t, "float"))
		case format == FormatBool:
			return BoolValue(rapid.Bool().Draw(t, "bool"))
		}
		return StringValue(rapid.String().Draw(t, "string"))
	})
}

var formats = []Format{
	FormatBool, FormatUint8, FormatUint16, FormatUint32, FormatUint64, FormatInt8, FormatInt16, FormatInt32, FormatInt64, FormatFloat, FormatString,
}

func TestValuesSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom(formats).Draw(t, "format")
		v := anyValue(format).Draw(t, "value")
		if !json.Valid(v.Raw()) {
			t.Fatalf("%s is not JSON", v)
		}
		again, err := ParseValue(format, v.Raw())
		if err != nil || again != v {
			t.Fatalf("%v came back as %v, %v", v, again, err)
		}
		untyped, err := DecodeValue(v.Raw())
		if err != nil || !untyped.Equal(v) {
			t.Fatalf("%v decodes as %v, %v", v, untyped, err)
		}
	})
}

func TestWholeNumbersAreReadExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		literal := rapid.StringMatching(`-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "literal")
		got, ok := wholeNumber([]byte(literal))
		want, wantOK := bigWhole(literal)
		if ok != wantOK || ok && got != want {
			t.Fatalf("%s read as %+v %t, want %+v %t", literal, got, ok, want, wantOK)
		}
	})
}
