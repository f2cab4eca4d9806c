package miot

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func FuzzRequest(f *testing.F) {
	f.Add(GetProperties(1, []PropertyRef{{"D", 2, 1}}).Payload())
	f.Add(SetProperties(1, []PropertyValue{{"D", 2, 1, json.RawMessage(`"x"`)}}).Payload())
	f.Add(InvokeAction(1, ActionCall{DID: "D", SIID: 2, AIID: 1, In: []Argument{{1, json.RawMessage("5")}}}).Payload())
	f.Add(Call(1, "miIO.ota", json.RawMessage(`{"mode":"normal"}`)).Payload())
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := ParseRequest(payload)
		if err != nil {
			return
		}
		again, err := ParseRequest(r.Payload())
		if err != nil || again.ID != r.ID || again.Method != r.Method || string(again.Params) != string(r.Params) {
			t.Fatalf("%s came back as %s, %v", r.Payload(), again.Payload(), err)
		}
		if !json.Valid(payload) || !json.Valid(r.Payload()) || !utf8.Valid(payload) {
			t.Fatal("no JSON was read or written")
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add(AnswerItems(1, []ItemResult{{DID: "D", SIID: 2, PIID: 1, Value: json.RawMessage("false")}}).Payload())
	f.Add(AnswerAction(3, ActionResult{DID: "D", SIID: 2, AIID: 1, Out: []Argument{{2, json.RawMessage("5")}}}).Payload())
	f.Add(AnswerError(4, CodeNoMethod, "method not found").Payload())
	f.Add(Answer(4, json.RawMessage(`["ok"]`)).Payload())
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := ParseResponse(payload)
		if err != nil {
			return
		}
		if (r.Error == nil) == (r.Result == nil) {
			t.Fatalf("result and error both or neither: %+v", r)
		}
		again, err := ParseResponse(r.Payload())
		if err != nil || again.ID != r.ID || string(again.Result) != string(r.Result) || (again.Error == nil) != (r.Error == nil) {
			t.Fatalf("%s came back as %s, %v", r.Payload(), again.Payload(), err)
		}
		if !json.Valid(payload) {
			t.Fatal("no JSON was read")
		}
	})
}

// FuzzScan holds the scanner against encoding/json, which nests deeper and bears invalid UTF-8.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-0.5e+7,true,false,null,"\u00e9\\"]} `, `[`, `{"a":}`, `01`, `"\x"`, `-`, `1.`, `1e`, ` `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, bad := scanDocument(data)
		if bad != nil && bad.What == "nested too deep" {
			return
		}
		if (bad == nil) != json.Valid(data) {
			t.Fatalf("scanner: %v, encoding/json: %t", bad, json.Valid(data))
		}
		if v, err := DecodeValue(data); err == nil {
			if again, err := DecodeValue(v.Raw()); err != nil || !again.Equal(v) {
				t.Fatalf("%v came back as %v, %v", v, again, err)
			}
		}
	})
}
