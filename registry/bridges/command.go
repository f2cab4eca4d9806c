package bridges

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Bridge is a token that is bound to a home, and who made it.
type Bridge struct {
	Token   string // tok_…
	Account string // acc_…
	Home    string // hom_…
}

// Command is what a bridge asks for: to set a property, or to run an action.
type Command struct {
	Home, DID  string
	SIID, PIID int    // of the property; both 0: an action, which Payload names
	Payload    []byte // the value; or {"siid", "aiid", "in"}
	Fault      string // why it could not be read; the rest is empty then
}

// End is how a command ended.
type End string

// The ends of a command.
const (
	Done      End = "done"
	Queued    End = "queued"    // the device is offline: it gets it when it comes back in time
	Malformed End = "malformed" // topic or payload have not the form
	Refused   End = "refused"   // not this bridge's home or device, or its maker may not
	Revoked   End = "revoked"   // the token has ended
	Unknown   End = "unknown"   // the spec has no such thing, or nothing that can be set
	Value     End = "value"     // the spec refuses the value or the arguments
	TooOften  End = "too often" //
	Offline   End = "offline"   //
	Rejected  End = "rejected"  // by the device
	Expired   End = "expired"   // not done in time
	Failed    End = "failed"    // it could not be tried: nothing is wrong with the command
)

// Outcome is how a command ended, and what there is to say of it.
type Outcome struct {
	End  End
	Text string
}

// OK says whether the command was done, or will be.
func (o Outcome) OK() bool { return o.End == Done || o.End == Queued }

func outcome(end End, format string, args ...any) Outcome {
	return Outcome{end, fmt.Sprintf(format, args...)}
}

// invocation is the payload of an action.
type invocation struct {
	SIID int             `json:"siid"`
	AIID int             `json:"aiid"`
	In   json.RawMessage `json:"in"`
}

// Limits of commands.
const (
	// Within is when every command has ended: half a second is left of the 8 s in which
	// the one who gave it is told.
	Within = 7500 * time.Millisecond

	Every = 50 * time.Millisecond // a token's commands in the long run
	Burst = 100                   // at once

	MostWaiting = 64 // for one device
	MaxPayload  = miot.MaxCommandBytes
)
