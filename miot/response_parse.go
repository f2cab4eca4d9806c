package miot

import (
	"bytes"
	"fmt"
)

// ParseResponse reads a device's answer on the gateway's side. The error is a *MessageError. Raw values alias the payload.
// Results and Action say only what was answered: that it fits the question is for the caller to check.
func ParseResponse(payload []byte) (Response, error) {
	e, bad := open(payload)
	if bad != nil {
		return Response{}, bad
	}
	r := Response{ID: e.id}
	failed := e.failed != nil && !isNull(e.failed)
	switch {
	case failed && e.result != nil && !isNull(e.result):
		return Response{}, e.refuse(CodeInvalidRequest, "answer has both result and error")
	case failed:
		if r.Error, bad = e.callError(); bad != nil {
			return Response{}, bad
		}
		return r, nil
	case e.result == nil:
		return Response{}, e.refuse(CodeInvalidRequest, "answer has neither result nor error")
	}
	r.Result = e.result
	switch e.result[0] {
	case '[':
		if r.Results, bad = e.itemResults(); bad != nil {
			return Response{}, bad
		}
	case '{':
		r.Action = readAction(e.result)
	}
	return r, nil
}

func (e *envelope) callError() (*CallError, *MessageError) {
	walk, ok := objectMembers(e.failed)
	if !ok {
		return nil, e.refuse(CodeInvalidRequest, "error is %s, needs an object", describe(e.failed))
	}
	var failure CallError
	hasCode := false
	for name, value, ok := walk.next(); ok; name, value, ok = walk.next() {
		switch string(name) {
		case "code":
			code, ok := integer(value)
			failure.Code, hasCode = Code(code), ok
		case "message":
			failure.Message, _ = unquote(value)
		case "data":
			failure.Data = value
		}
	}
	if !hasCode {
		return nil, e.refuse(CodeInvalidRequest, "error has no code that is a whole number")
	}
	return &failure, nil
}

// itemResults reads an array of objects; an array of anything else (miIO.* has such) is left to Result.
func (e *envelope) itemResults() ([]ItemResult, *MessageError) {
	walk, _ := arrayElements(e.result)
	results, did := make([]ItemResult, 0, min(bytes.Count(e.result, []byte{'{'}), MaxReportItems)), ""
	for raw, ok := walk.next(); ok; raw, ok = walk.next() {
		if raw[0] != '{' {
			return nil, nil
		}
		if len(results) == MaxReportItems {
			return nil, e.refuse(CodeInvalidRequest, "result has more than %d items", MaxReportItems)
		}
		item := readEntry(raw, "piid", "", did)
		did = item.DID
		item.needCode()
		results = append(results, ItemResult{
			DID: item.DID, SIID: item.SIID, PIID: item.IID, Code: item.code, Value: item.Value, Fault: item.Fault,
		})
	}
	return results, nil
}

// readAction reads the answer to an action; nil when the object has neither code nor aiid and so is the answer to something else.
// Devices in the field leave out did, siid and aiid: the request id says what was asked.
func readAction(raw []byte) *ActionResult {
	e := readEntry(raw, "aiid", "out", "")
	if !e.hasCode && e.IID == 0 {
		return nil
	}
	e.Fault = ""
	e.needCode()
	result := &ActionResult{DID: e.DID, SIID: e.SIID, AIID: e.IID, Code: e.code, Fault: e.Fault}
	if e.list != nil && !isNull(e.list) {
		var fault string
		if result.Out, fault = readArguments(e.list); fault != "" {
			result.Fault = fmt.Sprintf("out %s", fault)
		}
	}
	return result
}

// needCode makes an entry without a code an internal error of the device.
func (e *entry) needCode() {
	if !e.hasCode {
		e.code = CodeInternal
		if e.Fault == "" {
			e.Fault = "code is missing or no whole number"
		}
	}
}
