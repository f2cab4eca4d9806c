package virtual

import "time"

// Observation is one thing a device did, for tests and for the log.
type Observation struct {
	At      time.Time
	Kind    Kind
	Topic   string // of what was published or received
	ID      int64  // of the report or request
	Payload []byte // must not be changed
	Pause   time.Duration
	Err     error // why a connection or an attempt ended
}

// Kind tells what was observed.
type Kind string

// The kinds of observations.
const (
	Booted       Kind = "booted"
	PoweredOff   Kind = "powered off"
	Connecting   Kind = "connecting"
	Connected    Kind = "connected"
	Subscribed   Kind = "subscribed"
	Refused      Kind = "subscription refused"
	Disconnected Kind = "disconnected" // Err says why, Pause how long it waits
	Failed       Kind = "connect failed"
	Asked        Kind = "asked"    // a request came
	Answered     Kind = "answered" // its answer went
	Reported     Kind = "reported"
	Resent       Kind = "re-sent"
	Acknowledged Kind = "acknowledged"
	Lost         Kind = "lost"       // an event for which the buffer had no room
	Complained   Kind = "complained" // the gateway refused a report: down/error
	Ignored      Kind = "ignored"    // a message that asks for nothing: retained, foreign, too large
	Updating     Kind = "updating"   // the OTA state changed; Topic is the new one
	Restored     Kind = "restored"
	Rekeyed      Kind = "rekeyed"
)
