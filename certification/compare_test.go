package certification

import (
	"fmt"
	"slices"
	"testing"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/miot"
)

func TestCasesAreComparedOneByOne(t *testing.T) {
	before := []CaseEvidence{
		caseOf("A", suite.Pass), caseOf("B", suite.Pass), caseOf("C", suite.Fail), caseOf("D", suite.Pass), caseOf("E", suite.NotFor), caseOf("F", suite.Pass), caseOf("G", suite.NotFor),
	}
	after := []CaseEvidence{
		caseOf("A", suite.Pass), caseOf("B", suite.Warn), caseOf("C", suite.Warn), caseOf("E", suite.Pass), caseOf("F", suite.NotFor), caseOf("G", ""), caseOf("H", suite.Pass),
	}
	before[1].Findings = []suite.Finding{{Message: "before"}}
	after[1].Findings = []suite.Finding{{Message: "after"}}
	var got []string
	for _, c := range CompareCases(before, after) {
		got = append(got, fmt.Sprintf("%s %s", c.ID, c.Trend))
		if c.ID == "B" && (c.Was[0].Message != "before" || c.Is[0].Message != "after") {
			t.Errorf("findings of B: %v, %v", c.Was, c.Is)
		}
	}
	want := []string{"B worse", "E new", "H new", "D gone", "F gone", "C better", "A same", "G same"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDeclarationsAreComparedMemberByMember(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{`{"a":1,"b":[1,2]}`, `{ "b": [1, 2], "a": 1 }`, ``},
		{`{"a":1}`, `{"a":2}`, `/a 1→2`},
		{`{"a":{"x/y":1}}`, `{"a":{"x/y":1,"z":true}}`, `/a/z →true`},
		{`{"a":{"x/y":1}}`, `{"a":{}}`, `/a/x~1y 1→`},
		{`{"l":[1,2,3]}`, `{"l":[1,5]}`, `/l/1 2→5 /l/2 3→`},
		{`{"a":[]}`, `{"a":{}}`, `/a []→{}`},
		{`{"a":1}`, ``, ` {"a":1}→`},
		{`{"a":1}`, `{"a":`, ` {"a":1}→"{\"a\":"`},
	} {
		got := ""
		for _, m := range CompareJSON([]byte(c.before), []byte(c.after)) {
			if got != "" {
				got += " "
			}
			got += fmt.Sprintf("%s %s→%s", m.Pointer, m.Before, m.After)
		}
		if got != c.want {
			t.Errorf("%s against %s: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}

func TestSubmissionsAreComparedAsAWhole(t *testing.T) {
	before := Submission{ID: "sub_1", Firmware: Firmware{"1", "aa"}, Spec: miot.Sample("lamp"), Declaration: []byte(`{"qos2":false}`)}
	after := Submission{ID: "sub_2", Firmware: Firmware{"2", "bb"}, Spec: []byte(`{`), Declaration: []byte(`{"qos2":true}`)}
	c := compare("PM-2026-000001", before, after, []CaseEvidence{caseOf("A", suite.Pass)}, []CaseEvidence{caseOf("A", suite.Fail)})
	if c.Counts["worse"] != 1 || c.SpecFault == "" || len(c.Declaration) != 1 || c.Firmware.After.Version != "2" {
		t.Errorf("%+v", c)
	}
	after.Spec = miot.Sample("vacuum")
	if c = compare("PM-2026-000001", before, after, nil, nil); len(c.Spec) == 0 || c.SpecFault != "" {
		t.Errorf("%+v", c)
	}
}

func FuzzCompareJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":2}]}`), []byte(`{"a":[1,{"b":3}]}`))
	f.Add([]byte(`[`), []byte(``))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		CompareJSON(before, after)
		if d := CompareJSON(before, before); len(d) > 0 {
			t.Errorf("%q differs from itself: %v", before, d)
		}
	})
}
