package miot

import (
	"bytes"
	"fmt"
)

// ParseRequest reads a request on the device's side. The error is a *MessageError: -32700 for what is not JSON, -32600 for what is
// no request, -32602 for params of get_properties, set_properties or action that have not their form. Unknown methods are
// no error here: the device answers them with -32601. Params aliases the payload.
func ParseRequest(payload []byte) (Request, error) {
	e, bad := open(payload)
	if bad != nil {
		return Request{}, bad
	}
	method, bad := e.methodName()
	if bad != nil {
		return Request{}, bad
	}
	r := Request{ID: e.id, Method: method, Params: e.params}
	var err error
	switch method {
	case MethodGetProperties, MethodSetProperties:
		if _, bad := r.items(); bad != nil {
			err = bad
		}
	case MethodAction:
		_, err = r.ActionParams()
	}
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

// items reads the params of get_properties and set_properties; an item without its form spoils the request.
func (r Request) items() ([]Item, *MessageError) {
	walk, ok := arrayElements(r.Params)
	if !ok {
		return nil, r.refuse("params: " + describe(trim(r.Params)) + ", needs an array")
	}
	items, did := make([]Item, 0, bytes.Count(r.Params, []byte{'{'})), ""
	for raw, ok := walk.next(); ok; raw, ok = walk.next() {
		if len(items) == MaxReportItems {
			return nil, r.refuse(fmt.Sprintf("params: more than %d items", MaxReportItems))
		}
		e := readEntry(raw, "piid", "", did)
		if e.Fault != "" {
			return nil, r.refuse(fmt.Sprintf("params/%d: %s", len(items), e.Fault))
		}
		did = e.DID
		items = append(items, e.Item)
	}
	return items, nil
}

func (r Request) refuse(message string) *MessageError {
	return &MessageError{Code: CodeInvalidParams, Message: message, ID: r.ID, HasID: true}
}
