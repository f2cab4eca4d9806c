package registry

import "sync/atomic"

// Counters count what happened since the process started. internal/app shows
// them as metrics.
type Counters struct {
	Reports   atomic.Int64 // messages stored
	Items     atomic.Int64 // accepted values and events stored
	Refused   atomic.Int64 // items refused by the spec
	Repeats   atomic.Int64 // messages seen before and dropped
	Busy      atomic.Int64 // QoS 0 messages dropped because the queue was full
	Commits   atomic.Int64 // commits that stored reports
	Retries   atomic.Int64 // commits tried again because the store was unavailable
	Poisoned  atomic.Int64 // messages that the store refused for good
	Requests  atomic.Int64 // sent to devices
	Timeouts  atomic.Int64 // requests without an answer in time
	Unmatched atomic.Int64 // answers to no open request
	FieldLost atomic.Int64 // marks of field health that were not counted
}
