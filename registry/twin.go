package registry

import (
	"encoding/json"
	"time"
)

// DesiredState is the life of a desired value.
type DesiredState string

// A desired value is open until one of the others happens, once.
const (
	DesiredOpen       DesiredState = "open"
	DesiredMet        DesiredState = "met"        // reported equal
	DesiredOverridden DesiredState = "overridden" // reported differently later: somebody turned the knob
	DesiredExpired    DesiredState = "expired"    // its time to live ended
	DesiredRefused    DesiredState = "refused"    // the device answered with an error
	DesiredReplaced   DesiredState = "replaced"   // a newer wish for the same property
)

// Desired is a value that somebody wants a read+write property to have.
type Desired struct {
	ID         string // des_…
	DID        string
	Account    string // on whose right it waits; empty: on nobody's that ends
	SIID, PIID int
	Value      json.RawMessage
	State      DesiredState
	Reason     string // why it was refused; empty otherwise
	CreatedAt  time.Time
	ExpiresAt  time.Time
	EndedAt    time.Time // zero while open
}

// DesiredEnd closes one open desired value.
type DesiredEnd struct {
	ID     string
	State  DesiredState
	Reason string
	At     time.Time
}

// Twin is what is known of a device: the last reported values and the open wishes.
type Twin struct {
	DID      string
	Reported []TwinValue
	Desired  []Desired
}
