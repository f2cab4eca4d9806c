package miot

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The messages of §2, byte for byte.
func TestMessagesAreWrittenAsTheProtocolShowsThem(t *testing.T) {
	for want, got := range map[string][]byte{
		`{"id":1,"method":"get_properties","params":[{"did":"D","siid":2,"piid":1}]}`:              GetProperties(1, []PropertyRef{{"D", 2, 1}}).Payload(),
		`{"id":2,"method":"set_properties","params":[{"did":"D","siid":2,"piid":1,"value":true}]}`: SetProperties(2, []PropertyValue{{"D", 2, 1, BoolValue(true).Raw()}}).Payload(),
		`{"id":3,"method":"action","params":{"did":"D","siid":2,"aiid":1,"in":[{"piid":1,"value":17}]}}`: InvokeAction(3, ActionCall{
			DID: "D", SIID: 2, AIID: 1, In: []Argument{{1, json.RawMessage("17")}},
		}).Payload(),
		`{"id":1,"result":[{"did":"D","siid":2,"piid":1,"code":0,"value":false}]}`: AnswerItems(1, []ItemResult{{DID: "D", SIID: 2, PIID: 1, Value: json.RawMessage("false")}}).Payload(),
		`{"id":2,"result":[{"did":"D","siid":2,"piid":1,"code":-4005}]}`:           AnswerItems(2, []ItemResult{{DID: "D", SIID: 2, PIID: 1, Code: CodeValue}}).Payload(),
		`{"id":3,"result":{"did":"D","siid":2,"aiid":1,"code":0,"out":[{"piid":2,"value":5}]}}`: AnswerAction(3, ActionResult{
			DID: "D", SIID: 2, AIID: 1, Out: []Argument{{2, json.RawMessage("5")}},
		}).Payload(),
		`{"id":4,"error":{"code":-32601,"message":"method not found"}}`:                                        AnswerError(4, CodeNoMethod, "method not found").Payload(),
		`{"id":5,"method":"properties_changed","params":[{"did":"D","siid":3,"piid":6,"value":32}]}`:           PropertiesChanged(5, []PropertyValue{{"D", 3, 6, json.RawMessage("32")}}),
		`{"id":5,"ts":1700000000000,"method":"properties_changed","params":[]}`:                                PropertiesChangedAt(5, 1700000000000, nil),
		`{"id":6,"method":"event_occured","params":{"did":"D","siid":8,"eiid":1,"arguments":[]}}`:              EventOccured(6, Occurrence{DID: "D", SIID: 8, EIID: 1}),
		`{"id":7,"ts":5,"method":"event_occured","params":{"did":"D","siid":8,"eiid":1,"arguments":[]}}`:       EventOccuredAt(7, 5, Occurrence{DID: "D", SIID: 8, EIID: 1}),
		`{"id":8,"method":"miIO.info","params":[]}`:                                                            Call(8, MethodInfo, nil).Payload(),
		`{"id":8,"result":{"life":7}}`:                                                                         Answer(8, json.RawMessage(`{"life":7}`)).Payload(),
		`{"id":5,"error":{"code":-4005,"message":"no","data":{"siid":3,"piid":6,"rule":"value-range"}}}`:       RefuseProperty(5, &Violation{CodeValue, RuleRange, 3, 6, "no"}, "").Payload(),
		`{"id":5,"error":{"code":-4003,"message":"no","data":{"did":"S","siid":3,"eiid":6,"rule":"exists"}}}`:  RefuseEvent(5, &Violation{CodeNotFound, RuleExists, 3, 6, "no"}, "S").Payload(),
		`{"id":null,"error":{"code":-32700,"message":"no"}}`:                                                   RefuseReport(&MessageError{Code: CodeParse, Message: "no"}).Payload(),
		`{"id":-1,"error":{"code":-32602,"message":"no"}}`:                                                     RefuseReport(&MessageError{Code: CodeInvalidParams, Message: "no", ID: -1, HasID: true}).Payload(),
		`{"id":9,"method":"get_properties","params":[{"did":"\"é\n","siid":2,"piid":1}]}`:                      GetProperties(9, []PropertyRef{{"\"é\n", 2, 1}}).Payload(),
		`{"id":9,"error":{"code":-32600,"message":"x"}}`:                                                       Response{ID: 9, Error: &CallError{Code: CodeInvalidRequest, Message: "x", Data: json.RawMessage("{")}}.Payload(),
		`{"id":3,"method":"action","params":{"did":"D","siid":2,"aiid":1,"in":[{"piid":1,"value":null}]}}`:     InvokeAction(3, ActionCall{DID: "D", SIID: 2, AIID: 1, In: []Argument{{PIID: 1}}}).Payload(),
		`{"id":3,"method":"set_properties","params":[{"did":"D","siid":2,"piid":1,"value":9007199254740993}]}`: SetProperties(3, []PropertyValue{{"D", 2, 1, IntValue(9007199254740993).Raw()}}).Payload(),
		`{"id":9223372036854775807,"method":"get_properties","params":[{"did":"D","siid":-1,"piid":65536}]}`:   GetProperties(9223372036854775807, []PropertyRef{{"D", -1, 65536}}).Payload(),
		`{"id":-9223372036854775808,"method":"get_properties","params":[]}`:                                    GetProperties(-9223372036854775808, nil).Payload(),
	} {
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestParseRequest(t *testing.T) {
	for _, sent := range []Request{
		GetProperties(1, []PropertyRef{{"D", 2, 1}, {"E", 3, 1}}),
		SetProperties(2, []PropertyValue{{"D", 2, 1, json.RawMessage(`"x"`)}}),
		InvokeAction(3, ActionCall{DID: "D", SIID: 2, AIID: 1, In: []Argument{{1, json.RawMessage("17")}}}),
		Call(-4, "miIO.info", nil),
		Call(0, "foo", json.RawMessage(`{"x":[]}`)),
	} {
		got, err := ParseRequest(sent.Payload())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Error(diff)
		}
		standard, err := json.Marshal(sent)
		if err != nil || string(standard) != string(sent.Payload()) {
			t.Errorf("json.Marshal gives %s, %v", standard, err)
		}
	}
	set, err := SetProperties(2, []PropertyValue{{"D", 2, 1, json.RawMessage(`5`)}, {"D", 2, 2, nil}}).SetParams()
	want := []PropertyValue{{"D", 2, 1, json.RawMessage(`5`)}, {"D", 2, 2, json.RawMessage("null")}}
	if err != nil || !cmp.Equal(set, want) {
		t.Errorf("SetParams: %v, %v", set, err)
	}
	call, err := Request{Params: json.RawMessage(`{"did":"D","siid":2,"aiid":1,"in":null,"tid":"x"}`)}.ActionParams()
	if err != nil || !cmp.Equal(call, ActionCall{DID: "D", SIID: 2, AIID: 1}) {
		t.Errorf("ActionParams: %v, %v", call, err)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		code          Code
		id            int64
		hasID         bool
	}{
		{"nothing", ``, CodeParse, 0, false},
		{"cut behind the id", `{"id":7,"method":"get_prop`, CodeParse, 7, true},
		{"cut before the id", `{"method":"get_properties","id":`, CodeParse, 0, false},
		{"a comment", `{"id":7} // x`, CodeParse, 7, true},
		{"binary", "\x00\x01\xff", CodeParse, 0, false},
		{"a BOM", "\xef\xbb\xbf{\"id\":7,\"method\":\"foo\"}", CodeParse, 0, false},
		{"invalid UTF-8 in a value", "{\"id\":7,\"method\":\"foo\",\"params\":\"\xff\"}", CodeParse, 7, true},
		{"an array", `[{"id":7,"method":"foo"}]`, CodeInvalidRequest, 0, false},
		{"no id", `{"method":"foo"}`, CodeInvalidRequest, 0, false},
		{"an id in quotes", `{"id":"a","method":"foo"}`, CodeInvalidRequest, 0, false},
		{"an id beyond 64 bits", `{"id":9223372036854775808,"method":"foo"}`, CodeInvalidRequest, 0, false},
		{"an id with a fraction", `{"id":7.5,"method":"foo"}`, CodeInvalidRequest, 0, false},
		{"no method", `{"id":7}`, CodeInvalidRequest, 7, true},
		{"a method that is no name", `{"id":7,"method":5}`, CodeInvalidRequest, 7, true},
		{"the id twice", `{"id":7,"id":8,"method":"foo"}`, CodeInvalidRequest, 7, true},
		{"the id twice, once escaped", `{"id":7,"\u0069d":8,"method":"foo"}`, CodeInvalidRequest, 7, true},
		{"no params to get", `{"id":7,"method":"get_properties"}`, CodeInvalidParams, 7, true},
		{"an object to get", `{"id":7,"method":"get_properties","params":{}}`, CodeInvalidParams, 7, true},
		{"a number to get", `{"id":7,"method":"get_properties","params":[5]}`, CodeInvalidParams, 7, true},
		{"a siid in quotes", `{"id":7,"method":"set_properties","params":[{"did":"D","siid":"2","piid":1,"value":5}]}`, CodeInvalidParams, 7, true},
		{"a siid twice", `{"id":7,"method":"set_properties","params":[{"did":"D","siid":2,"siid":3,"piid":1,"value":5}]}`, CodeInvalidParams, 7, true},
		{"an action in an array", `{"id":7,"method":"action","params":[]}`, CodeInvalidParams, 7, true},
		{"bare arguments", `{"id":7,"method":"action","params":{"did":"D","siid":2,"aiid":1,"in":[5]}}`, CodeInvalidParams, 7, true},
	} {
		_, err := ParseRequest([]byte(c.payload))
		var got *MessageError
		if !errors.As(err, &got) || got.Code != c.code || got.ID != c.id || got.HasID != c.hasID {
			t.Errorf("%s: %v (%+v), want %s", c.name, err, got, c.code)
			continue
		}
		if answer, ok := got.Response(); ok != c.hasID || answer.ID != c.id || answer.Error.Code != c.code {
			t.Errorf("%s: answered with %s", c.name, answer.Payload())
		}
	}
}

func TestParseResponse(t *testing.T) {
	for _, sent := range []Response{
		AnswerItems(1, []ItemResult{{DID: "D", SIID: 2, PIID: 1, Value: json.RawMessage("false")}, {DID: "D", SIID: 2, PIID: 9, Code: CodeNotFound}}),
		AnswerAction(3, ActionResult{DID: "D", SIID: 2, AIID: 1, Out: []Argument{{2, json.RawMessage("5")}}}),
		AnswerError(4, CodeNoMethod, "method not found"),
		Answer(5, json.RawMessage(`{"life":5,"model":"aurora.pure1"}`)),
		Answer(6, json.RawMessage(`["ok"]`)),
		Answer(7, json.RawMessage(`"idle"`)),
	} {
		got, err := ParseResponse(sent.Payload())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseResponseBearsWhatDevicesDo(t *testing.T) {
	r, err := ParseResponse([]byte(`{"jsonrpc":"2.0","id":1,"error":null,"exe_time":5,"result":{"code":0,"exe_time":3}}`))
	if err != nil || r.Action == nil || r.Action.Code != CodeDone || r.Action.Fault != "" {
		t.Errorf("an action's answer with only a code: %+v, %v", r, err)
	}
	r, err = ParseResponse([]byte(`{"id":1,"result":[{"did":"D","siid":2,"piid":1},{"did":"D","siid":2,"piid":2,"code":0,"value":1}]}`))
	if err != nil || len(r.Results) != 2 || r.Results[0].Fault == "" || r.Results[0].Code != CodeInternal || r.Results[1].Fault != "" {
		t.Errorf("an item without a code: %+v, %v", r, err)
	}
	for _, payload := range []string{
		`{"id":1}`, `{"id":1,"result":1,"error":{"code":1}}`, `{"id":null,"error":{"code":-32700,"message":""}}`,
		`{"id":1,"error":"no"}`, `{"id":1,"error":{"code":"x"}}`, `[]`, ``,
	} {
		if r, err := ParseResponse([]byte(payload)); err == nil {
			t.Errorf("%s was read as %+v", payload, r)
		}
	}
}

func TestReportErrorComesBack(t *testing.T) {
	sent := RefuseProperty(5, &Violation{CodeValue, RuleRange, 3, 6, "too much"}, "S")
	var got ReportError
	if err := json.Unmarshal(sent.Payload(), &got); err != nil || !cmp.Equal(sent, got) {
		t.Errorf("%v, %v", got, err)
	}
	if json.Unmarshal([]byte(`{"id":"x"}`), &got) == nil {
		t.Error("an id in quotes was taken")
	}
}

func TestSplit(t *testing.T) {
	var refs []PropertyRef
	for i := range 150 {
		refs = append(refs, PropertyRef{DID: strings.Repeat("d", MaxDID), SIID: 2, PIID: i + 1})
	}
	for _, c := range []struct{ items, bytes int }{{0, 0}, {10, 0}, {0, MinCommandBytes}, {1, 0}, {1000, 100000}} {
		commands, err := SplitGet(refs, c.items, c.bytes)
		if err != nil {
			t.Fatal(err)
		}
		var joined []PropertyRef
		for _, command := range commands {
			joined = append(joined, command...)
			size := len(GetProperties(-9223372036854775808, command).Payload())
			if len(command) == 0 || len(command) > MaxCommandItems || c.items > 0 && len(command) > c.items || size > MaxCommandBytes || c.bytes > 0 && size > c.bytes {
				t.Errorf("%+v: a command of %d items and %d bytes", c, len(command), size)
			}
		}
		if !cmp.Equal(joined, refs) {
			t.Errorf("%+v: the commands together are not the references in order", c)
		}
	}
	if commands, err := SplitGet(nil, 0, 0); err != nil || len(commands) != 0 {
		t.Errorf("nothing splits into %v, %v", commands, err)
	}
	long := []PropertyValue{{"D", 2, 1, StringValue(strings.Repeat("x", 5000)).Raw()}}
	if _, err := SplitSet(long, 0, 0); err == nil {
		t.Error("a value of 5,000 bytes was put into a command")
	}
}
