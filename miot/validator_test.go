package miot

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func validatorFor(t testing.TB, sample string) *Validator {
	t.Helper()
	spec, err := Parse(Sample(sample))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAccess(t *testing.T) {
	v := validatorFor(t, "air-purifier")
	for _, c := range []struct {
		name             string
		siid, piid       int
		raw              string
		get, set, report string // rule broken
	}{
		{"read, write, notify", 2, 1, "true", "", "", ""},
		{"read and notify", 3, 1, "32", "", RuleAccess, ""},
		{"read and write", 6, 4, "-95", "", "", RuleAccess},
		{"argument only", 4, 3, "1", RuleAccess, RuleAccess, RuleAccess},
		{"no such property", 3, 99, "1", RuleExists, RuleExists, RuleExists},
		{"no such service", 99, 1, "1", RuleExists, RuleExists, RuleExists},
		{"what a faulty item reads as", 0, 0, "1", RuleExists, RuleExists, RuleExists},
		{"a bad value", 2, 3, "5", "", RuleRange, RuleRange},
		{"an absent value", 2, 3, "", "", RuleFormat, RuleFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, set := v.CheckSet(c.siid, c.piid, []byte(c.raw))
			_, report := v.CheckReport(c.siid, c.piid, []byte(c.raw))
			got := [...]string{ruleOf(v.CheckGet(c.siid, c.piid)), ruleOf(set), ruleOf(report)}
			if want := [...]string{c.get, c.set, c.report}; got != want {
				t.Errorf("get, set, report: %q, want %q", got, want)
			}
		})
	}
	_, set := v.CheckSet(3, 1, []byte("1"))
	if set.Code != CodeNotWritable || v.CheckGet(4, 3).Code != CodeNotReadable || v.CheckGet(9, 9).Code != CodeNotFound {
		t.Error("the codes are not those of §2")
	}
}

func TestArguments(t *testing.T) {
	v := validatorFor(t, "lamp") // fade-to takes brightness (2) and fade-time (6)
	for _, c := range []struct{ name, in, broken string }{
		{"as declared", `[{"piid":2,"value":50},{"piid":6,"value":10}]`, ""},
		{"in another order", `[{"piid":6,"value":10},{"piid":2,"value":50}]`, RuleArguments},
		{"one too few", `[{"piid":2,"value":50}]`, RuleArguments},
		{"one too many", `[{"piid":2,"value":50},{"piid":6,"value":10},{"piid":1,"value":true}]`, RuleArguments},
		{"none", `[]`, RuleArguments},
		{"another property", `[{"piid":2,"value":50},{"piid":1,"value":true}]`, RuleArguments},
		{"a value out of range", `[{"piid":2,"value":500},{"piid":6,"value":10}]`, RuleFormat},
		{"a value above max", `[{"piid":2,"value":101},{"piid":6,"value":10}]`, RuleRange},
		{"no value", `[{"piid":2},{"piid":6,"value":10}]`, RuleFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, fault := readArguments([]byte(c.in))
			if fault != "" {
				t.Fatal(fault)
			}
			values, violation := v.CheckAction(2, 2, in)
			if got := ruleOf(violation); got != c.broken {
				t.Errorf("%q (%v), want %q", got, violation, c.broken)
			}
			if violation == nil && !cmp.Equal(values, []Value{UintValue(50), UintValue(10)}) {
				t.Errorf("values %v", values)
			}
			if violation != nil && violation.Code != CodeArguments {
				t.Errorf("code %s", violation.Code)
			}
		})
	}
	if _, bad := v.CheckAction(2, 9, nil); ruleOf(bad) != RuleExists {
		t.Errorf("an action that is not there: %v", bad)
	}
	if _, bad := v.CheckEvent(4, 1, []Argument{{1, json.RawMessage("3")}}); bad != nil {
		t.Error(bad)
	}
	if _, bad := v.CheckEvent(4, 1, nil); ruleOf(bad) != RuleArguments {
		t.Errorf("an event without its argument: %v", bad)
	}
	if _, bad := v.CheckEvent(4, 2, nil); ruleOf(bad) != RuleExists {
		t.Errorf("an event that is not there: %v", bad)
	}
}

// The app side also takes bare values in the spec's order (§2).
func TestArgumentsAsAppsSendThem(t *testing.T) {
	rule, _ := validatorFor(t, "lamp").Action(2, 2)
	want := []Argument{{2, json.RawMessage("50")}, {6, json.RawMessage("10")}}
	for _, in := range []string{`[50,10]`, ` [ 50 , 10 ] `, `[{"piid":2,"value":50},{"piid":6,"value":10}]`, `[{"piid":6,"value":10},{"piid":2,"value":50}]`} {
		got, bad := rule.Arguments(json.RawMessage(in))
		if bad != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v", in, got, bad)
		}
		if _, bad := rule.CheckArguments(got); bad != nil {
			t.Error(bad)
		}
	}
	for _, in := range []string{`[1,2,3]`, `{"piid":2}`, `5`, `[{"value":1}]`, `[1`, `[1]]`} {
		if got, bad := rule.Arguments(json.RawMessage(in)); ruleOf(bad) != RuleArguments {
			t.Errorf("%s: %v, %v", in, got, bad)
		}
	}
	for _, in := range []string{``, `null`, `[]`} {
		if got, bad := rule.Arguments(json.RawMessage(in)); bad != nil || len(got) != 0 {
			t.Errorf("%q: %v, %v", in, got, bad)
		}
	}
}

func TestCompileBearsArgumentsThatNothingDescribes(t *testing.T) {
	spec, err := Parse([]byte(lintCases["MIOT-ARG-02"]["an event of a missing property"]))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	if values, bad := v.CheckEvent(2, 1, []Argument{{7, json.RawMessage("5")}}); bad != nil || !values[0].Equal(IntValue(5)) {
		t.Errorf("%v, %v", values, bad)
	}
	if _, bad := v.CheckEvent(2, 1, []Argument{{7, json.RawMessage("[]")}}); ruleOf(bad) != RuleFormat {
		t.Errorf("an array as an argument: %v", bad)
	}
}

func TestCompileRefuses(t *testing.T) {
	if _, err := Compile(nil); err == nil {
		t.Error("nothing was compiled")
	}
	twice := `"properties":[{"iid":1,"type":"p","format":"bool","access":[]},{"iid":1,"type":"p","format":"bool","access":[]}]`
	for name, doc := range map[string]string{
		"an unknown format": string(property(`"format":"date","access":[]`)),
		"a piid twice":      string(tiny(twice)),
		"an aiid twice":     string(tiny(`"actions":[{"iid":1,"type":"a"},{"iid":1,"type":"a"}]`)),
		"an eiid twice":     string(tiny(`"events":[{"iid":1,"type":"e"},{"iid":1,"type":"e"}]`)),
		"a siid twice":      lintCases["MIOT-IID-02"]["siid 1 twice"],
	} {
		spec, err := Parse([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(spec); err == nil {
			t.Errorf("%s was compiled", name)
		}
	}
}

func TestTableShowsEveryPart(t *testing.T) {
	for _, name := range SampleNames() {
		spec, _ := Parse(Sample(name))
		var table strings.Builder
		if err := spec.WriteTable(&table); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/table/"+name+".txt", []byte(table.String()))
	}
}

func TestLookups(t *testing.T) {
	spec, _ := Parse(Sample("vacuum"))
	p, ok1 := spec.Property(2, 3)
	a, ok2 := spec.Action(2, 3)
	e, ok3 := spec.Event(2, 1)
	if !ok1 || !ok2 || !ok3 || p.Name() != "mode" || a.Name() != "start-room-sweep" || e.Name() != "run-ended" || spec.Name() != "vacuum" {
		t.Error("a part was not found, or another one")
	}
	if _, ok := spec.Property(9, 1); ok {
		t.Error("a service that is not there has properties")
	}
	if _, ok := spec.Event(3, 9); ok {
		t.Error("an event that is not there was found")
	}
}
