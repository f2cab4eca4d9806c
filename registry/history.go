package registry

import (
	"encoding/json"
	"time"
)

// Point is one value of one property, or one event, in a device's history.
type Point struct {
	At      time.Time
	Method  string // MethodProperties or MethodEvent
	SIID    int
	IID     int
	Value   json.RawMessage // the property's value, or the event's arguments
	Quality Quality
}

// Resolution is the width of a rolled-up bucket.
type Resolution string

// The resolutions of history.
const (
	Raw    Resolution = "raw"
	Hourly Resolution = "hour"
	Daily  Resolution = "day"
)

// Bucket is the summary of one numeric property over one hour or one day (UTC).
type Bucket struct {
	DID            string
	SIID, PIID     int
	Resolution     Resolution
	Start          time.Time
	Count          int64
	Min, Max, Mean float64
}

// HistoryQuery selects points of one device.
type HistoryQuery struct {
	DID       string
	SIID, IID int       // 0: all
	Method    string    // "": both
	From, To  time.Time // To is exclusive
	Limit     int       // at most this many, oldest first; 0: all
}
