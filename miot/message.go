package miot

import (
	"fmt"
	"unicode/utf8"
)

// The methods of §2 and §3.
const (
	MethodGetProperties     = "get_properties"
	MethodSetProperties     = "set_properties"
	MethodAction            = "action"
	MethodPropertiesChanged = "properties_changed"
	MethodEventOccured      = "event_occured" // the ecosystem's own spelling
	MethodInfo              = "miIO.info"
	MethodOTA               = "miIO.ota"
	MethodOTAState          = "miIO.get_ota_state"
	MethodOTAProgress       = "miIO.get_ota_progress"
	MethodRestore           = "miIO.restore"
	MethodConfigKey         = "miIO.config_key"
)

// MessageError says why bytes are not the message they should be. Code is -32700, -32600 or -32602.
type MessageError struct {
	Code    Code
	Message string
	ID      int64
	HasID   bool // whether the id could be read
}

func (e *MessageError) Error() string {
	return fmt.Sprintf("message refused with %s: %s", e.Code, e.Message)
}

// envelope is the outermost object of any message: raw members, nil where absent.
type envelope struct {
	id                             int64
	hasID                          bool
	method, params, result, failed []byte
	ts                             []byte
}

// open reads a message: exactly one UTF-8 JSON object (§2), no member that counts named twice.
func open(payload []byte) (envelope, *MessageError) {
	var e envelope
	if !utf8.Valid(payload) {
		return e, e.refuseBytes(payload, "invalid UTF-8 at byte %d", invalidUTF8(payload))
	}
	begin, end, bad := scanDocument(payload)
	if bad != nil {
		return e, e.refuseBytes(payload, "%s", bad)
	}
	walk, ok := objectMembers(payload[begin:end])
	if !ok {
		return e, &MessageError{Code: CodeInvalidRequest, Message: "message is " + kindOf(payload[begin:end]) + ", needs an object"}
	}
	var id []byte
	for name, value, ok := walk.next(); ok; name, value, ok = walk.next() {
		var member *[]byte
		switch string(name) {
		case "id":
			member = &id
		case "method":
			member = &e.method
		case "params":
			member = &e.params
		case "result":
			member = &e.result
		case "error":
			member = &e.failed
		case "ts":
			member = &e.ts
		default:
			continue
		}
		if *member != nil {
			return e, e.refuse(CodeInvalidRequest, "member %q is there twice", name)
		}
		if *member = value; member == &id {
			e.id, e.hasID = integer(id)
		}
	}
	if !e.hasID {
		return e, e.refuse(CodeInvalidRequest, "id is %s, needs a whole number", describe(id))
	}
	return e, nil
}

func (e *envelope) refuse(code Code, format string, args ...any) *MessageError {
	return &MessageError{Code: code, Message: fmt.Sprintf(format, args...), ID: e.id, HasID: e.hasID}
}

// refuseBytes looks for the id in what stands before the fault, so that the sender learns which message it was.
func (e *envelope) refuseBytes(payload []byte, format string, args ...any) *MessageError {
	if walk, ok := objectMembers(payload); ok {
		for name, value, ok := walk.next(); ok && !e.hasID; name, value, ok = walk.next() {
			if string(name) == "id" {
				e.id, e.hasID = integer(value)
			}
		}
	}
	return e.refuse(CodeParse, format, args...)
}

// methodName decodes the method; the names of §2 and §3 without allocating.
func (e *envelope) methodName() (string, *MessageError) {
	switch string(e.method) {
	case `"properties_changed"`:
		return MethodPropertiesChanged, nil
	case `"event_occured"`:
		return MethodEventOccured, nil
	case `"get_properties"`:
		return MethodGetProperties, nil
	case `"set_properties"`:
		return MethodSetProperties, nil
	case `"action"`:
		return MethodAction, nil
	}
	name, ok := unquote(e.method)
	if !ok || name == "" {
		return "", e.refuse(CodeInvalidRequest, "method is %s, needs a name", describe(e.method))
	}
	return name, nil
}

// describe shows a scalar and names anything larger.
func describe(value []byte) string {
	if len(value) == 0 || value[0] == '{' || value[0] == '[' {
		return kindOf(value)
	}
	return excerpt(value)
}
