package miot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDiff(t *testing.T) {
	purifier := string(Sample("air-purifier"))
	for _, c := range []struct {
		name     string
		old, new string // what stands in the old document, what in the new one
		want     string // effect, kind and pointer of each change
	}{
		{"another description", `"Power"`, `"Switch"`, "additive changed /services/1/properties/0/description"},
		{"a new unknown member", `"format": "bool"`, `"source": 1, "format": "bool"`, "additive changed /services/1/properties/0/source"},
		{"a higher version", "air-purifier:0000A007:aurora-pure1:1", "air-purifier:0000A007:aurora-pure1:2", "additive changed /type"},
		{"another model", "air-purifier:0000A007:aurora-pure1:1", "air-purifier:0000A007:aurora-pure2:1", "breaking changed /type"},
		{"another kind of device", "air-purifier:0000A007:aurora-pure1:1", "fan:0000A005:aurora-pure1:1", "breaking changed /type"},
		{"another version of an inner type", "on:00000006:aurora-pure1:1", "on:00000006:aurora-pure1:9", ""},
		{"an iid that means something else", "property:on:00000006", "property:off:00000006", "breaking changed /services/1/properties/0/type"},
		{"another format", `"format": "bool"`, `"format": "uint8"`, "breaking changed /services/1/properties/0/format"},
		{"access in another order", `["read", "write", "notify"]`, `["notify", "write", "read"]`, ""},
		{"write access withdrawn", `["read", "write", "notify"]`, `["read", "notify"]`, "breaking changed /services/1/properties/0/access"},
		{"access added", `["read"]`, `["read", "notify"]`, "breaking changed /services/0/properties/0/access"},
		{"a wider range", `[1, 4, 1]`, `[1, 5, 1]`, "breaking changed /services/1/properties/2/value-range"},
		{"the same range as floats", `[1, 4, 1]`, `[1.0, 4.0, 1e0]`, ""},
		{"a range withdrawn", `"value-range": [1, 4, 1]`, `"x": 0`, "additive changed /services/1/properties/2/x;breaking removed /services/1/properties/2/value-range"},
		{
			"a listed value more", `{"value": 3, "description": "Manual"}`, `{"value": 3, "description": "Manual"}, {"value": 4, "description": "Pet"}`,
			"breaking changed /services/1/properties/1/value-list/4",
		},
		{"a listed value less", `{"value": 2, "description": "Favourite"},`, ``, "breaking changed /services/1/properties/1/value-list"},
		{"a listed value renamed", `"Favourite"`, `"Custom"`, "additive changed /services/1/properties/1/value-list/2/description"},
		{"another unit", `"unit": "rpm"`, `"unit": "percentage"`, "breaking changed /services/1/properties/3/unit"},
		{"one more argument", `"arguments": [5]`, `"arguments": [5, 1]`, "breaking changed /services/1/events/0/arguments"},
		{"a property renumbered", `"iid": 6,`, `"iid": 60,`, "breaking removed /services/1/properties/5;additive added /services/1/properties/5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := Parse([]byte(purifier))
			if err != nil {
				t.Fatal(err)
			}
			after, err := Parse([]byte(strings.Replace(purifier, c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			changes := Diff(before, after)
			for _, change := range changes {
				got = append(got, strings.Join(append(strings.Fields(change.String())[:2], change.Pointer), " "))
				if change.What == "" || change.Why == "" {
					t.Errorf("%+v lacks words", change)
				}
			}
			if joined := strings.ReplaceAll(strings.Join(got, ";"), ":", ""); joined != c.want {
				t.Errorf("changes %q, want %q", joined, c.want)
			}
			if changes.Additive() == strings.Contains(c.want, "breaking") {
				t.Errorf("Additive is %t", changes.Additive())
			}
		})
	}
}

// anySpec draws a lint-clean document (but for service 1).
var anySpec = rapid.Custom(func(t *rapid.T) *Spec {
	const model = "aurora-test1:1"
	spec := &Spec{Type: "urn:miot-spec-v2:device:light:0000A001:" + model, Description: rapid.String().Draw(t, "description")}
	for siid := 1; siid <= rapid.IntRange(1, 4).Draw(t, "services"); siid++ {
		s := Service{IID: siid, Type: fmt.Sprintf("urn:miot-spec-v2:service:s%d:0000780%d:%s", siid, siid, model)}
		for piid := 1; piid <= rapid.IntRange(1, 5).Draw(t, "properties"); piid++ {
			s.Properties = append(s.Properties, anyProperty(t, fmt.Sprintf("urn:miot-spec-v2:property:p%d:0000000%d:%s", piid, piid, model), piid))
		}
		if rapid.Bool().Draw(t, "has action") {
			s.Actions = []Action{{IID: 1, Type: "urn:miot-spec-v2:action:a:00002801:" + model, In: []int{1}, Out: []int{}}}
		}
		if rapid.Bool().Draw(t, "has event") {
			s.Events = []Event{{IID: 1, Type: "urn:miot-spec-v2:event:e:00005001:" + model, Arguments: []int{1}}}
		}
		spec.Services = append(spec.Services, s)
	}
	return spec
})

func anyProperty(t *rapid.T, urn string, piid int) Property {
	p := Property{IID: piid, Type: urn, Format: rapid.SampledFrom(formats).Draw(t, "format"), Access: Access{AccessRead}}
	p.Description = rapid.StringN(0, 10, 40).Draw(t, "words")
	switch {
	case p.Format.Integer() && rapid.Bool().Draw(t, "has list"):
		seen := rapid.SliceOfNDistinct(anyValue(p.Format), 1, 5, rapid.ID[Value]).Draw(t, "list")
		for _, v := range seen {
			p.List = append(p.List, ListItem{Value: v, Description: "v"})
		}
	case p.Format.Numeric() && rapid.Bool().Draw(t, "has range"):
		step := rapid.Uint64Range(1, 9).Draw(t, "step")
		lo := rapid.Uint64Range(0, 5).Draw(t, "min") * step
		hi := lo + rapid.Uint64Range(0, 8).Draw(t, "steps")*step
		p.Range = &Range{Min: UintValue(lo), Max: UintValue(hi), Step: UintValue(step)}
	}
	if rapid.Bool().Draw(t, "has extra") {
		p.Extra = Extra{"x": json.RawMessage(`{"y":1}`)}
	}
	return p
}

func reparse(t *rapid.T, spec *Spec) *Spec {
	written, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(written)
	if err != nil {
		t.Fatalf("%v in %s", err, written)
	}
	return again
}

func TestDocumentsSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec.Draw(t, "spec")
		if diff := cmp.Diff(spec, reparse(t, spec)); diff != "" {
			t.Fatalf("came back differently:\n%s", diff)
		}
		if n := Errors(Lint(spec)); n != 0 {
			t.Fatalf("%v", Lint(spec))
		}
		if _, err := Compile(spec); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAddingIsAdditiveAndTakingAwayIsNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec.Draw(t, "spec")
		if changes := Diff(spec, reparse(t, spec)); len(changes) != 0 {
			t.Fatalf("differs from itself: %v", changes)
		}
		grown := reparse(t, spec)
		s := &grown.Services[rapid.IntRange(0, len(grown.Services)-1).Draw(t, "where")]
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			s.Properties = append(s.Properties, anyProperty(t, "urn:miot-spec-v2:property:new:000000FF:aurora-test1:1", 99))
		case 1:
			s.Actions = append(s.Actions, Action{IID: 99, Type: "urn:miot-spec-v2:action:new:000000FF:aurora-test1:1"})
		case 2:
			s.Events = append(s.Events, Event{IID: 99, Type: "urn:miot-spec-v2:event:new:000000FF:aurora-test1:1"})
		case 3:
			grown.Services = append([]Service{{IID: 99, Type: "urn:miot-spec-v2:service:new:000000FF:aurora-test1:1"}}, grown.Services...)
		}
		forth, back := Diff(spec, grown), Diff(grown, spec)
		if len(forth) != 1 || !forth.Additive() || forth[0].Kind != Added {
			t.Fatalf("adding gives %v", forth)
		}
		if len(back) != 1 || back.Additive() || back[0].Kind != Removed {
			t.Fatalf("taking away gives %v", back)
		}
	})
}
