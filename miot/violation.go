package miot

import "fmt"

// The rules a value, item or command can violate. They are the "rule" of down/error (§4) and a label of field health: never renamed.
const (
	RuleExists    = "exists"      // the spec has no such property, action or event
	RuleAccess    = "access"      // read, write or notify is not in its access list
	RuleFormat    = "format"      // the JSON value does not fit the format
	RuleRange     = "value-range" // below min or above max
	RuleStep      = "step"        // between two steps
	RuleList      = "value-list"  // not one of the listed values
	RuleArguments = "arguments"   // too few, too many, or not those the spec names
	RuleWhole     = "whole-number"
)

// Violation is a refusal (or, from PropertyRule.Warning, an advice) with what is needed to answer and count it.
type Violation struct {
	Code    Code   // how to answer
	Rule    string // one of the Rule constants
	SIID    int
	IID     int // piid, aiid or eiid
	Message string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%d.%d: %s: %s", v.SIID, v.IID, v.Rule, v.Message)
}

func missing(kind Kind, siid, iid int) *Violation {
	return &Violation{
		Code: CodeNotFound, Rule: RuleExists, SIID: siid, IID: iid,
		Message: fmt.Sprintf("the spec has no %s %d.%d", kind, siid, iid),
	}
}
