package miot

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseReport(t *testing.T) {
	ms := func(v int64) *int64 { return &v }
	for _, c := range []struct {
		name, payload string
		want          Report
	}{
		{
			"one item", `{"id":5,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":6,"value":32}]}`,
			Report{ID: 5, Items: []Item{{DID: "D", SIID: 3, IID: 6, Value: json.RawMessage("32")}}},
		},
		{
			"sub-devices, a time, white space and unknown members",
			" {\"ts\":1700000000000, \"params\":[ {\"did\":\"D\",\"siid\":3,\"piid\":6,\"value\":[1, 2],\"tid\":{\"a\":[]}} , {\"value\":\"x\",\"piid\":1,\"siid\":2,\"did\":\"E\"}],\n\"method\":\"properties_changed\",\"id\":-1,\"from\":\"4\"}\r\n",
			Report{ID: -1, TS: ms(1700000000000), Items: []Item{
				{DID: "D", SIID: 3, IID: 6, Value: json.RawMessage("[1, 2]")}, {DID: "E", SIID: 2, IID: 1, Value: json.RawMessage(`"x"`)},
			}},
		},
		{
			"escaped names and dids", `{"\u0069d":5,"method":"properties\u005fchanged","params":[{"\u0064id":"\u0044","siid":3,"piid":6,"value":null}]}`,
			Report{ID: 5, Items: []Item{{DID: "D", SIID: 3, IID: 6, Value: json.RawMessage("null")}}},
		},
		{
			"a time that is none", `{"id":5,"ts":"now","method":"properties_changed","params":[{"did":"D","siid":3,"piid":6,"value":1}]}`,
			Report{ID: 5, TS: ms(0), Items: []Item{{DID: "D", SIID: 3, IID: 6, Value: json.RawMessage("1")}}},
		},
		{
			"a time that is null", `{"id":5,"ts":null,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":6}]}`,
			Report{ID: 5, Items: []Item{{DID: "D", SIID: 3, IID: 6}}},
		},
		{
			"bad items beside good ones",
			`{"id":5,"method":"properties_changed","params":[7,{"did":"D","siid":3,"piid":6,"value":1},{"did":"D","siid":"3","piid":6},{"did":"D","siid":3},` +
				`{"did":9,"siid":3,"piid":6},{"did":"D","siid":3,"piid":6,"piid":7}]}`,
			Report{ID: 5, Items: []Item{
				{Fault: "item is a number, needs an object"},
				{DID: "D", SIID: 3, IID: 6, Value: json.RawMessage("1")},
				{DID: "D", Fault: `siid is "3", needs a whole number`},
				{DID: "D", Fault: "item needs siid and piid"},
				{Fault: "did is 9, needs a string"},
				{DID: "D", Fault: "piid is there twice"},
			}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Method = MethodPropertiesChanged
			got, err := ParseReport(MethodPropertiesChanged, []byte(c.payload))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseEvent(t *testing.T) {
	got, err := ParseReport(MethodEventOccured, []byte(`{"id":6,"method":"event_occured","params":{"did":"D","siid":8,"eiid":1,"arguments":[{"piid":1,"value":3}]}}`))
	want := Report{ID: 6, Method: MethodEventOccured, Items: []Item{{DID: "D", SIID: 8, IID: 1, Arguments: []Argument{{1, json.RawMessage("3")}}}}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, params := range map[string]string{
		"no arguments":           `{"did":"D","siid":8,"eiid":1}`,
		"null arguments":         `{"did":"D","siid":8,"eiid":1,"arguments":null}`,
		"bare arguments":         `{"did":"D","siid":8,"eiid":1,"arguments":[3]}`,
		"an argument piid twice": `{"did":"D","siid":8,"eiid":1,"arguments":[{"piid":1,"piid":1,"value":3}]}`,
		"a piid for an eiid":     `{"did":"D","siid":8,"piid":1,"arguments":[]}`,
	} {
		got, err := ParseReport(MethodEventOccured, []byte(`{"id":6,"method":"event_occured","params":`+params+`}`))
		if err != nil || len(got.Items) != 1 || got.Items[0].Fault == "" || got.Items[0].SIID != 0 {
			t.Errorf("%s: %+v, %v; want one bad item", name, got, err)
		}
	}
}

func TestParseReportRefuses(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, c := range []struct {
		name, payload string
		code          Code
		hasID         bool
	}{
		{"nothing", ``, CodeParse, false},
		{"trailing data", `{"id":5,"method":"properties_changed","params":[]} {}`, CodeParse, true},
		{"invalid UTF-8", "{\"id\":5,\"method\":\"properties_changed\",\"params\":[{\"did\":\"\xc0\xaf\"}]}", CodeParse, true},
		{"NaN", `{"id":5,"method":"properties_changed","params":[{"did":"D","siid":1,"piid":1,"value":NaN}]}`, CodeParse, true},
		{"deep nesting", `{"id":5,"method":"properties_changed","params":` + deep + `}`, CodeParse, true},
		{"another method than the topic's", `{"id":5,"method":"event_occured","params":{}}`, CodeInvalidRequest, true},
		{"no method", `{"id":5,"params":[]}`, CodeInvalidRequest, true},
		{"params twice", `{"id":5,"method":"properties_changed","params":[],"params":[]}`, CodeInvalidRequest, true},
		{"one object", `{"id":5,"method":"properties_changed","params":{"did":"D","siid":3,"piid":6,"value":32}}`, CodeInvalidParams, true},
		{"no items", `{"id":5,"method":"properties_changed","params":[]}`, CodeInvalidParams, true},
		{"no params", `{"id":5,"method":"properties_changed"}`, CodeInvalidParams, true},
		{"too many items", `{"id":5,"method":"properties_changed","params":[` + strings.Repeat("{},", MaxReportItems) + `{}]}`, CodeInvalidParams, true},
		{"no id", `{"method":"properties_changed","params":[{}]}`, CodeInvalidRequest, false},
	} {
		_, err := ParseReport(MethodPropertiesChanged, []byte(c.payload))
		var got *MessageError
		if !errors.As(err, &got) || got.Code != c.code || got.HasID != c.hasID || c.hasID && got.ID != 5 {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if _, err := ParseReport("properties_set", []byte(`{"id":5,"method":"properties_set","params":[]}`)); err == nil {
		t.Error("a method that is no report was read")
	}
	if _, err := ParseReport(MethodEventOccured, []byte(`{"id":5,"method":"event_occured","params":[]}`)); err == nil {
		t.Error("an event in an array was read")
	}
}

func TestAFaultyItemIsAViolation(t *testing.T) {
	report, err := ParseReport(MethodPropertiesChanged, []byte(`{"id":5,"method":"properties_changed","params":[{"did":"D","siid":true,"piid":1,"value":1},{"did":"D","siid":3,"piid":1,"value":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if bad := report.Items[0].Violation(); ruleOf(bad) != RuleFormat || !strings.Contains(bad.Message, "siid") {
		t.Errorf("the faulty item gives %v", bad)
	}
	if bad := report.Items[1].Violation(); bad != nil {
		t.Errorf("the good item gives %v", bad)
	}
}

func TestReportsAreCheap(t *testing.T) {
	allocations := testing.AllocsPerRun(100, func() { _, _ = ParseReport(MethodPropertiesChanged, oneItem) })
	if allocations > 3 {
		t.Errorf("a report of one item takes %v allocations", allocations)
	}
}

// The scanner agrees with encoding/json about what is JSON and what it says.
func FuzzReport(f *testing.F) {
	f.Add(oneItem)
	f.Add(event)
	f.Add([]byte(`{"id":5,"ts":1e3,"method":"properties_changed","params":[{"did":"\ud800","siid":3,"piid":6,"value":{"a":[1.5e-7,"\n",null]}},5]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, method := range []string{MethodPropertiesChanged, MethodEventOccured} {
			report, err := ParseReport(method, payload)
			var bad *MessageError
			if errors.As(err, &bad) {
				if bad.Code == CodeParse && json.Valid(payload) && utf8.Valid(payload) && !strings.Contains(bad.Message, "deep") {
					t.Fatalf("encoding/json takes what was refused: %v", err)
				}
				continue
			}
			compareReport(t, report, payload)
		}
	})
}

func compareReport(t *testing.T, report Report, payload []byte) {
	var message map[string]json.RawMessage
	if err := json.Unmarshal(payload, &message); err != nil {
		t.Fatalf("encoding/json refuses what was read: %v", err)
	}
	var id int64
	if json.Unmarshal(message["id"], &id) != nil || id != report.ID {
		t.Fatalf("id %d, encoding/json reads %s", report.ID, message["id"])
	}
	items := []json.RawMessage{message["params"]}
	iidName := "eiid"
	if report.Method == MethodPropertiesChanged {
		iidName = "piid"
		if err := json.Unmarshal(message["params"], &items); err != nil {
			t.Fatal(err)
		}
	}
	if len(items) != len(report.Items) {
		t.Fatalf("%d items, encoding/json reads %d", len(report.Items), len(items))
	}
	for i, item := range report.Items {
		if item.Fault != "" {
			continue
		}
		var members map[string]json.RawMessage
		var did string
		var siid, iid int
		if json.Unmarshal(items[i], &members) != nil || json.Unmarshal(members["siid"], &siid) != nil || json.Unmarshal(members[iidName], &iid) != nil {
			t.Fatalf("item %d: encoding/json cannot read %s", i, items[i])
		}
		if raw := members["did"]; raw != nil && json.Unmarshal(raw, &did) != nil || did != item.DID || siid != item.SIID || iid != item.IID {
			t.Fatalf("item %d: %+v, encoding/json reads %s", i, item, items[i])
		}
		if string(members["value"]) != string(item.Value) {
			t.Fatalf("item %d: value %s, encoding/json reads %s", i, item.Value, members["value"])
		}
	}
}
