package miot

import "encoding/json"

// ReportError is what the gateway publishes on down/error: why a report, or one item of it, was refused (§4).
type ReportError struct {
	ID      *int64 // of the report; nil where it could not be read, written as null
	Code    Code
	Message string
	Data    *Refused // nil where the whole report was refused
}

// Refused names the item and the rule it broke.
type Refused struct {
	DID  string `json:"did,omitempty"` // only where the item is a sub-device's
	SIID int    `json:"siid"`
	PIID int    `json:"piid,omitempty"`
	EIID int    `json:"eiid,omitempty"`
	Rule string `json:"rule"`
}

// RefuseProperty answers an item of properties_changed. subDevice is empty unless the item is a sub-device's.
func RefuseProperty(id int64, v *Violation, subDevice string) ReportError {
	return ReportError{
		ID: &id, Code: v.Code, Message: v.Message,
		Data: &Refused{DID: subDevice, SIID: v.SIID, PIID: v.IID, Rule: v.Rule},
	}
}

// RefuseEvent answers an event_occured.
func RefuseEvent(id int64, v *Violation, subDevice string) ReportError {
	return ReportError{
		ID: &id, Code: v.Code, Message: v.Message,
		Data: &Refused{DID: subDevice, SIID: v.SIID, EIID: v.IID, Rule: v.Rule},
	}
}

// RefuseReport answers a payload that ParseReport could not read.
func RefuseReport(e *MessageError) ReportError {
	r := ReportError{Code: e.Code, Message: e.Message}
	if e.HasID {
		r.ID = &e.ID
	}
	return r
}

// reportErrorForm is the form on the wire.
type reportErrorForm struct {
	ID    *int64 `json:"id"`
	Error struct {
		Code    Code     `json:"code"`
		Message string   `json:"message"`
		Data    *Refused `json:"data,omitempty"`
	} `json:"error"`
}

// MarshalJSON writes {"id":…,"error":{…}}.
func (r ReportError) MarshalJSON() ([]byte, error) {
	form := reportErrorForm{ID: r.ID}
	form.Error.Code, form.Error.Message, form.Error.Data = r.Code, r.Message, r.Data
	return json.Marshal(form)
}

// UnmarshalJSON reads it, for the device's side.
func (r *ReportError) UnmarshalJSON(data []byte) error {
	var form reportErrorForm
	if err := json.Unmarshal(data, &form); err != nil {
		return err
	}
	*r = ReportError{ID: form.ID, Code: form.Error.Code, Message: form.Error.Message, Data: form.Error.Data}
	return nil
}

// Payload is the message as it goes over the wire.
func (r ReportError) Payload() []byte {
	raw, _ := json.Marshal(r) // numbers and strings always marshal
	return raw
}
