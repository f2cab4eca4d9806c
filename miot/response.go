package miot

import "encoding/json"

// Response is a device's answer to a request. Exactly one of Result and Error is set; Results and Action are readings of Result.
type Response struct {
	ID      int64
	Result  json.RawMessage
	Results []ItemResult  // when the result is an array of objects with siid and piid
	Action  *ActionResult // when the result is an object with a code
	Error   *CallError
}

// ItemResult is the answer to one item of get_properties or set_properties. Where an entry has not the right form, Fault says so.
type ItemResult struct {
	DID   string
	SIID  int
	PIID  int
	Code  Code
	Value json.RawMessage // nil unless the property was read
	Fault string
}

// ActionResult is the answer to an action.
type ActionResult struct {
	DID   string
	SIID  int
	AIID  int
	Code  Code
	Out   []Argument
	Fault string
}

// CallError says why a whole request was refused.
type CallError struct {
	Code    Code            `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func (e *CallError) Error() string { return "device answered " + e.Code.String() + ": " + e.Message }

// AnswerItems makes the device's answer to get_properties or set_properties.
func AnswerItems(id int64, results []ItemResult) Response {
	raw := []byte{'['}
	for i, r := range results {
		raw = r.append(comma(raw, i))
	}
	return Response{ID: id, Result: append(raw, ']'), Results: results}
}

// AnswerAction makes the device's answer to an action.
func AnswerAction(id int64, result ActionResult) Response {
	return Response{ID: id, Result: result.append(nil), Action: &result}
}

// Answer makes the device's answer to any other method; result must be valid JSON.
func Answer(id int64, result json.RawMessage) Response { return Response{ID: id, Result: result} }

// AnswerError makes the device's refusal of a whole request.
func AnswerError(id int64, code Code, message string) Response {
	return Response{ID: id, Error: &CallError{Code: code, Message: message}}
}

// Response is the refusal that ParseRequest's error calls for; ok is false when the id is not known and so nobody can be answered.
func (e *MessageError) Response() (r Response, ok bool) {
	return AnswerError(e.ID, e.Code, e.Message), e.HasID
}

// Payload is the response as it goes over the wire.
func (r Response) Payload() []byte {
	dst := appendHeader(make([]byte, 0, 64+len(r.Result)), r.ID)
	if r.Error != nil {
		dst = append(dst, `,"error":`...)
		failure, err := json.Marshal(r.Error)
		if err != nil { // Data is not JSON
			failure, _ = json.Marshal(CallError{Code: r.Error.Code, Message: r.Error.Message})
		}
		return append(append(dst, failure...), '}')
	}
	dst = append(dst, `,"result":`...)
	return append(appendRaw(dst, r.Result), '}')
}

// MarshalJSON writes the response as Payload does.
func (r Response) MarshalJSON() ([]byte, error) { return r.Payload(), nil }

func (r ItemResult) append(dst []byte) []byte {
	dst = appendCode(appendHead(dst, r.DID, r.SIID, "piid", r.PIID), r.Code)
	if r.Value != nil {
		dst = append(dst, `,"value":`...)
		dst = append(dst, r.Value...)
	}
	return append(dst, '}')
}

func (r ActionResult) append(dst []byte) []byte {
	dst = appendCode(appendHead(dst, r.DID, r.SIID, "aiid", r.AIID), r.Code)
	dst = append(dst, `,"out":`...)
	return append(appendArguments(dst, r.Out), '}')
}
