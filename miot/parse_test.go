package miot

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// tiny is a document around one service's members.
func tiny(members string) []byte {
	return fmt.Appendf(nil, `{"type":"urn:miot-spec-v2:device:light:0000A001:aurora-glow2:1","description":"L","services":[`+
		`{"iid":2,"type":"urn:miot-spec-v2:service:light:00007802:aurora-glow2:1","description":"L",%s}]}`, members)
}

func property(members string) []byte {
	return tiny(`"properties":[{"iid":1,"type":"urn:miot-spec-v2:property:on:00000006:aurora-glow2:1","description":"P",` + members + `}]`)
}

func TestParseTolerates(t *testing.T) {
	for name, doc := range map[string][]byte{
		"unknown members":         []byte(`{"type":"t","description":"d","services":[],"x":{"y":[1,2.50]},"_":null}`),
		"null lists of arguments": tiny(`"actions":[{"iid":1,"type":"a","description":"","in":null,"out":null}],"events":[{"iid":1,"type":"e","description":"","arguments":null}]`),
		"a malformed URN":         tiny(`"properties":[{"iid":1,"type":"urn:???","description":"","format":"bool","access":[]}]`),
		"an unknown format":       property(`"format":"date","access":["fly"]`),
		"vendor members":          property(`"format":"uint8","access":["read"],"gatt-access":["read"],"source":7,"unit":"w"`),
		"empty descriptions":      property(`"format":"uint8","access":["read"],"value-list":[{"value":1,"description":""},{"value":2,"description":"","x":1}]`),
		"an empty list":           property(`"format":"uint8","access":[],"value-list":[]`),
		"64-bit bounds":           property(`"format":"uint64","access":["read"],"value-range":[9007199254740993,18446744073709551615,1]`),
		"a string in a list":      property(`"format":"string","access":["read"],"value-list":[{"value":"a","description":"A"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			spec, err := Parse(doc)
			if err != nil {
				t.Fatal(err)
			}
			written, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			if !sameMeaning(t, doc, written) {
				t.Errorf("written back differently:\n%s\n%s", doc, written)
			}
		})
	}
}

// sameMeaning compares two documents member by member, numbers by their exact value.
func sameMeaning(t *testing.T, a, b []byte) bool {
	t.Helper()
	decode := func(data []byte) (v any) {
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return exactNumbers(v)
	}
	return reflect.DeepEqual(decode(a), decode(b))
}

func exactNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = exactNumbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case json.Number:
		if w, ok := wholeNumber([]byte(v)); ok {
			return w
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

func TestParsePointsAtTheFault(t *testing.T) {
	for _, c := range []struct {
		name    string
		doc     []byte
		pointer string
	}{
		{"no object", []byte(`[]`), ""},
		{"no type", []byte(`{"services":[]}`), ""},
		{"no services", []byte(`{"type":"t"}`), ""},
		{"services an object", []byte(`{"type":"t","services":{}}`), "/services"},
		{"a service a number", []byte(`{"type":"t","services":[5]}`), "/services/0"},
		{"an iid in quotes", []byte(`{"type":"t","services":[{"iid":"1","type":"s"}]}`), "/services/0/iid"},
		{"an iid with a fraction", []byte(`{"type":"t","services":[{"iid":1.0,"type":"s"}]}`), "/services/0/iid"},
		{"a member twice", []byte(`{"type":"t","services":[],"a/b~":1,"a/b~":2}`), "/a~1b~0"},
		{"format a number", property(`"format":8,"access":[]`), "/services/0/properties/0/format"},
		{"access a string", property(`"format":"bool","access":"read"`), "/services/0/properties/0/access"},
		{"access of numbers", property(`"format":"bool","access":["read",1]`), "/services/0/properties/0/access/1"},
		{"no access", property(`"format":"bool"`), "/services/0/properties/0"},
		{"two numbers in a range", property(`"format":"uint8","access":[],"value-range":[1,2]`), "/services/0/properties/0/value-range"},
		{"null in a range", property(`"format":"uint8","access":[],"value-range":[1,null,1]`), "/services/0/properties/0/value-range/1"},
		{"1e400 in a range", property(`"format":"float","access":[],"value-range":[1,1e400,1]`), "/services/0/properties/0/value-range/1"},
		{"a list entry without value", property(`"format":"uint8","access":[],"value-list":[{"description":"x"}]`), "/services/0/properties/0/value-list/0/value"},
		{"a piid in quotes", tiny(`"actions":[{"iid":1,"type":"a","in":["1"],"out":[]}]`), "/services/0/actions/0/in/0"},
		{"arguments an object", tiny(`"events":[{"iid":1,"type":"e","arguments":{}}]`), "/services/0/events/0/arguments"},
		{"too many services", []byte(`{"type":"t","services":[` + strings.Repeat(`{"iid":1,"type":"s"},`, MaxServices) + `{"iid":1,"type":"s"}]}`), "/services"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.doc)
			var shape *ShapeError
			if !errors.As(err, &shape) {
				t.Fatalf("Parse: %v, want a ShapeError", err)
			}
			if got := shape.Problems[0].Pointer; got != c.pointer {
				t.Errorf("pointer %q (%s), want %q", got, err, c.pointer)
			}
		})
	}
}

func TestParseRefusesWhatIsNoJSON(t *testing.T) {
	for name, doc := range map[string]string{
		"nothing": "", "cut": `{"type":"t"`, "a comment": `{} // x`, "two values": `{}{}`, "a BOM": "\xef\xbb\xbf{}",
		"invalid UTF-8": "{\"type\":\"\xff\"}", "NaN": `{"type":NaN}`, "a trailing comma": `{"type":"t",}`,
		"deep nesting": strings.Repeat("[", 10000),
	} {
		_, err := Parse([]byte(doc))
		var bad *SyntaxError
		if !errors.As(err, &bad) {
			t.Errorf("%s: Parse: %v, want a SyntaxError", name, err)
		}
	}
	if _, err := Parse(make([]byte, MaxDocument+1)); err == nil {
		t.Error("a document over 1 MiB was read")
	}
}

func TestParseKeepsNothingOfItsInput(t *testing.T) {
	doc := property(`"format":"uint8","access":["read"],"source":"kept"`)
	spec, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	clear(doc)
	if got := string(spec.Services[0].Properties[0].Extra["source"]); got != `"kept"` {
		t.Errorf("the unknown member is now %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range SampleNames() {
		f.Add(Sample(name))
	}
	f.Add(property(`"format":"uint8","access":["read"],"value-range":[1,1e2,-0.5],"x":{"y":null}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		spec, err := Parse(doc)
		if err != nil {
			return
		}
		if !json.Valid(doc) {
			t.Fatal("Parse took what encoding/json refuses")
		}
		written, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("written document does not parse: %v\n%s", err, written)
		}
		if changes := Diff(spec, again); len(changes) > 0 && len(Lint(spec)) == 0 {
			t.Fatalf("written document differs: %v", changes)
		}
		Lint(spec, LintForCertification)
		if v, err := Compile(spec); err == nil {
			for _, rule := range v.Properties() {
				_, _ = rule.Check([]byte("1"))
			}
		}
	})
}
