package miot

import "encoding/json"

// Request is a command from the gateway to a device.
type Request struct {
	ID     int64           `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params,omitempty"`
}

// PropertyRef names a property of a device.
type PropertyRef struct {
	DID  string `json:"did"`
	SIID int    `json:"siid"`
	PIID int    `json:"piid"`
}

// PropertyValue is a property to set, or one that changed.
type PropertyValue struct {
	DID   string          `json:"did"`
	SIID  int             `json:"siid"`
	PIID  int             `json:"piid"`
	Value json.RawMessage `json:"value"`
}

// ActionCall is an action to invoke.
type ActionCall struct {
	DID  string     `json:"did"`
	SIID int        `json:"siid"`
	AIID int        `json:"aiid"`
	In   []Argument `json:"in"`
}

// GetProperties makes a get_properties request.
func GetProperties(id int64, refs []PropertyRef) Request {
	params := []byte{'['}
	for i, ref := range refs {
		params = ref.append(comma(params, i))
	}
	return Request{ID: id, Method: MethodGetProperties, Params: append(params, ']')}
}

// SetProperties makes a set_properties request.
func SetProperties(id int64, values []PropertyValue) Request {
	return Request{ID: id, Method: MethodSetProperties, Params: appendValues(nil, values)}
}

// InvokeAction makes an action request.
func InvokeAction(id int64, call ActionCall) Request {
	params := appendHead(nil, call.DID, call.SIID, "aiid", call.AIID)
	params = append(params, `,"in":`...)
	params = appendArguments(params, call.In)
	return Request{ID: id, Method: MethodAction, Params: append(params, '}')}
}

// Call makes a request of any method, miIO.* above all. params must be valid JSON or nil, which sends an empty array.
func Call(id int64, method string, params json.RawMessage) Request {
	if params == nil {
		params = json.RawMessage("[]")
	}
	return Request{ID: id, Method: method, Params: params}
}

// Payload is the request as it goes over the wire.
func (r Request) Payload() []byte {
	dst := appendHeader(make([]byte, 0, 64+len(r.Params)), r.ID)
	dst = append(dst, `,"method":`...)
	dst = appendString(dst, r.Method)
	if r.Params != nil {
		dst = append(dst, `,"params":`...)
		dst = append(dst, r.Params...)
	}
	return append(dst, '}')
}

// GetParams reads the params of get_properties.
func (r Request) GetParams() ([]PropertyRef, error) {
	items, bad := r.items()
	if bad != nil {
		return nil, bad
	}
	refs := make([]PropertyRef, len(items))
	for i, item := range items {
		refs[i] = PropertyRef{DID: item.DID, SIID: item.SIID, PIID: item.IID}
	}
	return refs, nil
}

// SetParams reads the params of set_properties; a value that is absent stays nil.
func (r Request) SetParams() ([]PropertyValue, error) {
	items, bad := r.items()
	if bad != nil {
		return nil, bad
	}
	values := make([]PropertyValue, len(items))
	for i, item := range items {
		values[i] = PropertyValue{DID: item.DID, SIID: item.SIID, PIID: item.IID, Value: item.Value}
	}
	return values, nil
}

// ActionParams reads the params of action. An absent or null in is empty.
func (r Request) ActionParams() (ActionCall, error) {
	e := readEntry(r.Params, "aiid", "in", "")
	if e.Fault != "" {
		return ActionCall{}, r.refuse("params: " + e.Fault)
	}
	call := ActionCall{DID: e.DID, SIID: e.SIID, AIID: e.IID}
	if e.list != nil && !isNull(e.list) {
		var fault string
		if call.In, fault = readArguments(e.list); fault != "" {
			return ActionCall{}, r.refuse("params: in " + fault)
		}
	}
	return call, nil
}
