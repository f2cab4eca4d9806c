package miot

import (
	"bytes"
	"fmt"
)

// MaxReportItems bounds one message; a gateway product with 200 sub-devices needs some hundreds.
const MaxReportItems = 1024

// Report is what a device said of itself.
type Report struct {
	ID     int64
	Method string // MethodPropertiesChanged or MethodEventOccured
	TS     *int64 // Unix ms, nil when absent
	Items  []Item // one for an event
}

// ParseReport reads what a device published on up/<method>. The error is a *MessageError; a bad item is not an error but has a
// Fault, as items are judged one by one (§4). Values alias the payload.
func ParseReport(method string, payload []byte) (Report, error) {
	e, bad := open(payload)
	if bad != nil {
		return Report{}, bad
	}
	named, bad := e.methodName()
	if bad != nil {
		return Report{}, bad
	}
	if named != method {
		return Report{}, e.refuse(CodeInvalidRequest, "method is %q, the topic says %q", named, method)
	}
	report := Report{ID: e.id, Method: method}
	switch method {
	case MethodPropertiesChanged:
		bad = report.readProperties(&e)
	case MethodEventOccured:
		bad = report.readEvent(&e)
	default:
		bad = e.refuse(CodeInvalidRequest, "method %q is no report", method)
	}
	if bad != nil {
		return Report{}, bad
	}
	if e.ts != nil && !isNull(e.ts) {
		// A ts that is no whole number reads as 1970, so that the rule for implausible times covers it: receive time, quality late.
		var ts int64
		if w, ok := wholeNumber(e.ts); ok {
			ts, _ = w.int64()
		}
		report.TS = &ts
	}
	return report, nil
}

func (r *Report) readProperties(e *envelope) *MessageError {
	walk, ok := arrayElements(e.params)
	if !ok {
		return e.refuse(CodeInvalidParams, "params is %s, needs an array", describe(e.params))
	}
	r.Items = make([]Item, 0, min(bytes.Count(e.params, []byte{'{'}), MaxReportItems))
	did := ""
	for raw, ok := walk.next(); ok; raw, ok = walk.next() {
		if len(r.Items) == MaxReportItems {
			return e.refuse(CodeInvalidParams, "params has more than %d items", MaxReportItems)
		}
		item := readEntry(raw, "piid", "", did)
		did = item.DID
		r.Items = append(r.Items, item.Item)
	}
	if len(r.Items) == 0 {
		return e.refuse(CodeInvalidParams, "params has no items")
	}
	return nil
}

func (r *Report) readEvent(e *envelope) *MessageError {
	if len(e.params) == 0 || e.params[0] != '{' {
		return e.refuse(CodeInvalidParams, "params is %s, needs an object", describe(e.params))
	}
	item := readEntry(e.params, "eiid", "arguments", "")
	// arguments is to be there even when empty (§2): without it the event is a bad item, not a bad message.
	if item.Fault == "" {
		var fault string
		if item.Arguments, fault = readArguments(item.list); fault != "" {
			item.Fault = fmt.Sprintf("arguments %s", fault)
			item.SIID, item.IID = 0, 0
		}
	}
	r.Items = []Item{item.Item}
	return nil
}
