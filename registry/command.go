package registry

import (
	"encoding/json"
	"time"
)

// CommandState is the life of a queued command.
type CommandState string

// A queued command is open, then sent once, then one of the final states.
const (
	CommandQueued   CommandState = "queued"
	CommandSent     CommandState = "sent"     // handed to the device; the answer is awaited
	CommandDone     CommandState = "done"     // answered; Result holds the answer
	CommandRejected CommandState = "rejected" // answered with an error; Result holds it
	CommandExpired  CommandState = "expired"  // not delivered within its time to live, or not answered
)

// Command is a request kept for a device that was offline.
type Command struct {
	ID        string // cmd_…
	DID       string
	Account   string // on whose right it waits; empty: on nobody's that ends
	Method    string
	Params    json.RawMessage
	State     CommandState
	Result    json.RawMessage // the device's whole answer once there is one
	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero until final
}
