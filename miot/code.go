package miot

import "strconv"

// Code is a result code: per item or per call on the device side, or the cloud form towards apps.
type Code int

// Per-item codes of §2.
const (
	CodeDone        Code = 0
	CodeAccepted    Code = 1 // the result follows by properties_changed
	CodeNotReadable Code = -4001
	CodeNotWritable Code = -4002
	CodeNotFound    Code = -4003 // no such property, action or event
	CodeInternal    Code = -4004
	CodeValue       Code = -4005
	CodeArguments   Code = -4006
	CodeWrongDID    Code = -4007
	CodeState       Code = -704053100 // not possible in the present state
)

// Call-level codes, as in JSON-RPC 2.0.
const (
	CodeParse          Code = -32700 // no JSON
	CodeInvalidRequest Code = -32600 // JSON, but no request
	CodeNoMethod       Code = -32601
	CodeInvalidParams  Code = -32602
)

// Codes towards apps: -70xxxyzzz, xxx an HTTP status, y the place (0 client, 1 platform, 2 cloud, 3 device, 4 spec), zzz the reason.
const (
	CloudBadRequest  Code = -704000000
	CloudNotReadable Code = -704030013
	CloudNotWritable Code = -704030023
	CloudNoService   Code = -704040002
	CloudNoProperty  Code = -704040003
	CloudNoEvent     Code = -704040004
	CloudNoAction    Code = -704040005
	CloudWrongDID    Code = -704042001
	CloudOffline     Code = -704042011
	CloudState       Code = CodeState
	CloudTimeout     Code = -704083036
	CloudArguments   Code = -704220035
	CloudValue       Code = -704220043
	CloudInternal    Code = -705003000
)

// OK tells whether the item was done, or accepted to be done.
func (c Code) OK() bool { return c == CodeDone || c == CodeAccepted }

// IsCloud tells whether the code has the form towards apps.
func (c Code) IsCloud() bool { return c <= -700000000 && c > -710000000 }

// Cloud gives the form towards apps; codes that have it already stay as they are. Not found is taken for a property:
// for an action use CloudAction.
func (c Code) Cloud() Code {
	if c.IsCloud() {
		return c
	}
	switch c {
	case CodeDone, CodeAccepted:
		return c
	case CodeNotReadable:
		return CloudNotReadable
	case CodeNotWritable:
		return CloudNotWritable
	case CodeNotFound:
		return CloudNoProperty
	case CodeNoMethod:
		return CloudNoAction
	case CodeValue:
		return CloudValue
	case CodeArguments, CodeInvalidParams:
		return CloudArguments
	case CodeWrongDID:
		return CloudWrongDID
	case CodeParse, CodeInvalidRequest:
		return CloudBadRequest
	}
	return CloudInternal
}

// CloudAction is Cloud for the result of an action.
func (c Code) CloudAction() Code {
	if c == CodeNotFound {
		return CloudNoAction
	}
	return c.Cloud()
}

// String writes the number and what it means: "-4005 (bad value)".
func (c Code) String() string { return strconv.Itoa(int(c)) + " (" + c.Meaning().String() + ")" }
