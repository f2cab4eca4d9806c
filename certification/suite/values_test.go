package suite

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/miot"
)

func ruleOf(t *testing.T, property string) *miot.PropertyRule {
	t.Helper()
	s, err := miot.Parse([]byte(`{"type":"","description":"","services":[{"iid":2,"type":"","description":"","properties":[
		{"iid":1,"type":"","description":"","access":["read","write","notify"],` + property + `}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := miot.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return rules.Properties()[0]
}

func TestValuesThatCasesWrite(t *testing.T) {
	const list = `"value-list":[{"value":0,"description":""},{"value":1,"description":""},{"value":5,"description":""}]`
	tests := []struct {
		property                                         string
		bounds, every, outside, between, unlisted, wraps string
	}{
		{property: `"format":"bool"`, every: "false true"},
		{property: `"format":"string"`},
		{property: `"format":"uint8","value-range":[1,100,1]`, bounds: "1 100 50", outside: "0 101", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"uint16","value-range":[300,2400,50]`, bounds: "300 2400 1350", outside: "250 2450", between: "325", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"int8","value-range":[-128,127,1]`, bounds: "-128 127 -1", outside: "-129 128", wraps: "256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"int16","value-range":[0,300,3]`, bounds: "0 300 150", outside: "-3 303", between: "1", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"float","value-range":[-5,5,0.1]`, bounds: "-5 5 0", outside: "-5.1 5.1", between: "-4.95", wraps: "256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"float","value-range":[0,1,0.00005]`, bounds: "0 1 0.5", outside: "-0.00005 1.00005", between: "0.000025", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"float"`, bounds: "-1 0.5 1", wraps: "1e400"},
		{property: `"format":"uint64"`, bounds: "0 18446744073709551615 9223372036854775807", wraps: "-1 1e400"},
		{property: `"format":"int64","value-range":[-9007199254740995,9007199254740995,1]`, bounds: "-9007199254740995 9007199254740995 0", outside: "-9007199254740996 9007199254740996", wraps: "1e400"},
		{property: `"format":"uint64","value-range":[1,18446744073709551615,1]`, bounds: "1 18446744073709551615 9223372036854775808", outside: "0 18446744073709551616", wraps: "-1 1e400"},
		// DECL-05 faults: what is not on a step must not be taken, whatever the bound says.
		{property: `"format":"uint8","value-range":[0,10,3]`, bounds: "0 9 3", outside: "-3 13", between: "1", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"uint8","value-range":[4,4,1]`, bounds: "4", outside: "3 5", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
		{property: `"format":"uint8",` + list, every: "0 1 5", bounds: "0 5 1", unlisted: "6 2", wraps: "-1 256 65536 2147483648 9007199254740993 1e400"},
	}
	for _, tt := range tests {
		p := ruleOf(t, tt.property)
		for _, made := range []struct {
			what string
			got  []rawValue
			want string
		}{
			{"every value", everyValue(p), tt.every},
			{"outside", outsideOf(p), tt.outside},
			{"between", betweenOf(p), tt.between},
			{"unlisted", unlistedOf(p), tt.unlisted},
			{"wraps", beyondOf(p), tt.wraps},
		} {
			if diff := cmp.Diff(strings.Fields(made.want), literals(made.got)); diff != "" && len(made.got)+len(made.want) > 0 {
				t.Errorf("%s: %s (-want +got):\n%s", tt.property, made.what, diff)
			}
		}
		if diff := cmp.Diff(strings.Fields(tt.bounds), literals(boundsOf(p))); len(p.Property.List) == 0 && p.Format.Numeric() && diff != "" {
			t.Errorf("%s: bounds (-want +got):\n%s", tt.property, diff)
		}
	}
}

// TestEveryDocumentHasValues: what cases write to real properties is lawful or
// unlawful by the rules, and a change is always possible where there are two values.
func TestEveryDocumentHasValues(t *testing.T) {
	run := &T{Run: &Run{Declaration: &Declaration{}}}
	for name, s := range documents(t) {
		rules, err := miot.Compile(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range rules.Properties() {
			some := run.someValues(p)
			if len(some) == 0 {
				t.Errorf("%s: %s has no value", name, label(p))
			}
			for _, raw := range slices.Concat(some, boundsOfAny(p), everyValue(p)) {
				if _, bad := p.Check(raw); bad != nil {
					t.Errorf("%s: %v", name, bad)
				}
			}
			for _, raw := range slices.Concat(outsideOf(p), betweenOf(p), unlistedOf(p), misfitsOf(p), beyondOf(p)) {
				if _, bad := p.Check(raw); bad == nil {
					t.Errorf("%s: %s takes %s", name, label(p), raw)
				}
			}
		}
	}
}

func boundsOfAny(p *miot.PropertyRule) []rawValue {
	if !p.Format.Numeric() {
		return nil
	}
	return boundsOf(p)
}
