package registry

import (
	"encoding/json"
	"time"
)

// Quality says how far the time of a value can be trusted.
type Quality string

// The qualities of a stored value.
const (
	QualityGood Quality = "good" // the device's own ts, or the receive time of a report without one
	QualityLate Quality = "late" // its ts lay more than 24 h back or 2 s ahead: the receive time stands in
	QualityRead Quality = "read" // not reported: read from the device by get_properties
)

// The two methods by which a device speaks unasked (protocol §2).
const (
	MethodProperties = "properties_changed"
	MethodEvent      = "event_occured" // the ecosystem's own spelling
)

// Report is one accepted message of a device, as history keeps it.
type Report struct {
	ID          int64     // the device's own report id
	Fingerprint uint64    // of method, id and payload: what makes a repeat a repeat
	Method      string    // MethodProperties or MethodEvent
	At          time.Time // the values' time, by Quality
	Quality     Quality
	Items       []Item // accepted ones; may be empty when all were refused
}

// Item is one accepted value or event of a report.
type Item struct {
	DID       string          // whose it is: the sender's, or a sub-device's
	SIID      int             //
	IID       int             // piid or eiid by the report's method
	Value     json.RawMessage // a property's value
	Arguments json.RawMessage // an event's arguments: [{"piid":1,"value":3}]
}

// Chunk is the reports of one device within one commit: one stored row. Values
// belong to DID; the fingerprints (in the sender's own chunk) are the memory by
// which repeats are told.
type Chunk struct {
	DID     string
	At      time.Time // of the commit; with DID and Batch the row's key
	Batch   int64     // random per commit, so that two nodes never collide
	Reports []Report
}

// TwinValue is the last value reported for one property.
type TwinValue struct {
	DID        string
	SIID, PIID int
	Value      json.RawMessage
	At         time.Time // the value's own time; an older one never replaces a newer one
	ReceivedAt time.Time
	Quality    Quality
}

// Violation counts the refused items of one device, rule and member on one day.
type Violation struct {
	DID       string
	Day       time.Time // UTC midnight
	Rule      string    // such as "value-range"; "json" and "json-rpc" for whole messages
	SIID, IID int       // 0 where the message could not be read that far
	Firmware  string    // as last told by miIO.info
	Count     int64
	LastAt    time.Time
	Last      string // the last offending value or message, at most 256 bytes
}

// Batch is what one commit stores, all or nothing.
type Batch struct {
	Chunks     []Chunk
	Twin       []TwinValue // at most one per property
	Violations []Violation // counts to add
	Ended      []DesiredEnd
}
