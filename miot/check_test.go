package miot

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ruleFor compiles one property.
func ruleFor(t testing.TB, members string) *PropertyRule {
	t.Helper()
	spec, err := Parse(property(members))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	rule, ok := v.Property(2, 1)
	if !ok {
		t.Fatal("no rule for 2.1")
	}
	return rule
}

func TestCheck(t *testing.T) {
	const good = ""
	for _, c := range []struct {
		name, members string
		verdicts      map[string]string // raw → rule broken
	}{
		{"a bool", `"format":"bool","access":[]`, map[string]string{
			"true": good, "false": good, "1": RuleFormat, "0": RuleFormat, `"true"`: RuleFormat, "null": RuleFormat, "": RuleFormat,
		}},
		{"a range of uint8", `"format":"uint8","access":[],"value-range":[10,90,20]`, map[string]string{
			"10": good, "30": good, "90": good, "30.0": good, "9": RuleRange, "91": RuleRange, "255": RuleRange, "256": RuleFormat,
			"20": RuleStep, "-10": RuleFormat, "30.5": RuleFormat, `"30"`: RuleFormat,
		}},
		{"a range below zero", `"format":"int16","access":[],"value-range":[-100,500,5]`, map[string]string{
			"-100": good, "-5": good, "0": good, "500": good, "-101": RuleRange, "-1": RuleStep, "505": RuleRange,
		}},
		{"all of int64", `"format":"int64","access":[],"value-range":[-9223372036854775808,9223372036854775807,1]`, map[string]string{
			"-9223372036854775808": good, "9223372036854775807": good, "9223372036854775808": RuleFormat,
		}},
		{"steps beyond 2^53", `"format":"uint64","access":[],"value-range":[0,18446744073709551614,2]`, map[string]string{
			"9007199254740994": good, "9007199254740993": RuleStep, "18446744073709551615": RuleRange, "18446744073709551614": good,
		}},
		{
			"a list", `"format":"int8","access":[],"value-list":[{"value":5,"description":""},{"value":-2,"description":""},{"value":0,"description":""}]`,
			map[string]string{"5": good, "-2": good, "0": good, "-0": good, "1": RuleList, "6": RuleList, "127": RuleList, "128": RuleFormat},
		},
		{"an empty list", `"format":"int8","access":[],"value-list":[]`, map[string]string{"5": good}},
		{"a float", `"format":"float","access":[],"value-range":[-30,100,0.1]`, map[string]string{
			"22.3": good, "22.299999": good, "22.3000011": good, "-30": good, "100": good, "100.000001": good, "99.99999": good,
			"22.35": RuleStep, "22.2999": RuleStep, "100.1": RuleRange, "-30.1": RuleRange, "1e400": RuleFormat, "1e300": RuleRange, `"22.3"`: RuleFormat,
		}},
		{"a float without range", `"format":"float","access":[]`, map[string]string{"1e300": good, "5": good, "1e400": RuleFormat, "true": RuleFormat}},
		{"a string", `"format":"string","access":[]`, map[string]string{`""`: good, `"\u0000"`: good, `"é😀"`: good, "5": RuleFormat, "\"\xff\"": RuleFormat}},
		{"a fractional range on an integer, which is a fault", `"format":"int8","access":[],"value-range":[0.5,10.5,0.5]`, map[string]string{
			"1": good, "0": RuleRange, "11": RuleRange,
		}},
		{"bounds beyond the format, which is a fault", `"format":"uint8","access":[],"value-range":[-5,300,1]`, map[string]string{"0": good, "255": good}},
		{"step 0, which is a fault", `"format":"uint8","access":[],"value-range":[0,10,0]`, map[string]string{"3": good, "11": RuleRange}},
		{"a max below zero on unsigned, which is a fault", `"format":"uint8","access":[],"value-range":[-9,-1,1]`, map[string]string{"3": RuleRange}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := ruleFor(t, c.members)
			for raw, want := range c.verdicts {
				_, violation := rule.Check([]byte(raw))
				if got := ruleOf(violation); got != want {
					t.Errorf("%s: %q, want %q (%v)", raw, got, want, violation)
				}
			}
		})
	}
}

func ruleOf(v *Violation) string {
	if v == nil {
		return ""
	}
	if v.Message == "" || v.Code == CodeDone {
		return "(no words or no code)"
	}
	return v.Rule
}

// Whatever float32 arithmetic a device uses to reach a step, its value is on that step; half a step beside it is not.
func TestFloatStepsAsDevicesComputeThem(t *testing.T) {
	rule := ruleFor(t, `"format":"float","access":[],"value-range":[-40,125,0.1]`)
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(0, 1650).Draw(t, "step")
		v := float32(-40) + float32(k)*float32(0.1)
		for _, raw := range []json.RawMessage{FloatValue(float64(v)).Raw(), json.RawMessage(jsonOf(v))} {
			if _, bad := rule.Check(raw); bad != nil {
				t.Fatalf("step %d: %v", k, bad)
			}
		}
		if k < 1650 {
			if _, bad := rule.Check(FloatValue(float64(v) + 0.05).Raw()); ruleOf(bad) != RuleStep {
				t.Fatalf("half a step beside step %d: %v", k, bad)
			}
		}
	})
}

func jsonOf(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func TestCheckReturnsTheValue(t *testing.T) {
	v, bad := ruleFor(t, `"format":"uint8","access":[],"value-range":[0,100,1]`).Check([]byte("41"))
	if bad != nil || v != UintValue(41) {
		t.Errorf("got %v, %v", v, bad)
	}
	v, bad = ruleFor(t, `"format":"float","access":[]`).Check([]byte("41"))
	if bad != nil || v != FloatValue(41) {
		t.Errorf("got %v, %v", v, bad)
	}
}

func TestWarningOnWholeNumbersWithAFraction(t *testing.T) {
	integer := ruleFor(t, `"format":"uint8","access":[]`)
	for raw, warned := range map[string]bool{"1": false, "1.0": true, "1e0": true, " 7 ": false} {
		if got := integer.Warning([]byte(raw)) != nil; got != warned {
			t.Errorf("Warning(%q) is %t", raw, got)
		}
	}
	if w := ruleFor(t, `"format":"float","access":[]`).Warning([]byte("1.0")); w != nil {
		t.Errorf("a float was warned of: %v", w)
	}
}

func TestMessagesDoNotRepeatForeignBytesAtLength(t *testing.T) {
	_, bad := ruleFor(t, `"format":"uint8","access":[]`).Check([]byte(`"` + strings.Repeat("é", 5000) + `"`))
	if bad == nil || len(bad.Message) > 300 {
		t.Errorf("message: %v", bad)
	}
}

func TestIIDsBeyond32BitsNeverAlias(t *testing.T) {
	spec, _ := Parse(Sample("lamp"))
	v, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, far := range []int{2 + 1<<32, math.MaxInt, math.MinInt, -2} {
		if _, ok := v.Property(far, 1); ok {
			t.Errorf("siid %d exists", far)
		}
		if _, ok := v.Property(2, far); ok {
			t.Errorf("piid %d exists", far)
		}
	}
}
