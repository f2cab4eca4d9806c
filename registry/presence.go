package registry

import "time"

// Reason says why a device is online or offline.
type Reason string

// The reasons of a presence change.
const (
	ReasonConnected   Reason = "connected"
	ReasonClosed      Reason = "closed by device"       // MQTT DISCONNECT
	ReasonLost        Reason = "connection lost"        // socket closed or reset without one
	ReasonKeepAlive   Reason = "keep-alive missed"      // silent for 1.5 × keep-alive
	ReasonReplaced    Reason = "replaced"               // a newer connection of the same did
	ReasonRevoked     Reason = "credential revoked"     //
	ReasonQuarantine  Reason = "device quarantined"     // it may be a clone
	ReasonRemoved     Reason = "device removed"         //
	ReasonProtocol    Reason = "protocol error"         // it broke MQTT's or the topic rules
	ReasonTooSlow     Reason = "does not read"          // its queue of outgoing bytes is full
	ReasonStopping    Reason = "gateway stopping"       //
	ReasonNodeLost    Reason = "gateway node lost"      // the node's lease ended
	ReasonUnreachable Reason = "unreachable by gateway" // a sub-device, by its gateway's word
)

// Presence is the connection's own truth about a device.
type Presence struct {
	DID    string
	Online bool
	Reason Reason
	Node   string // the node that holds or held the connection
	Epoch  int64  // counts the device's connections; only the newest one may write
	Since  time.Time
}

// Node is one gateway process; its lease speaks for its devices when it dies.
type Node struct {
	ID         string // nod_…
	StartedAt  time.Time
	LeaseUntil time.Time
}

// PresenceChanged is the event device.<did>.presence.
type PresenceChanged struct {
	DID    string `json:"did"`
	Name   string `json:"name"`
	Online bool   `json:"online"`
	Reason Reason `json:"reason"`
	Model  string `json:"model"`
	UID    string `json:"uid"` // the account it belongs to
	At     int64  `json:"at"`  // Unix ms
}

func presenceChanged(p Presence, k *known) PresenceChanged {
	return PresenceChanged{
		DID: k.device.DID, Name: k.device.Name, Online: p.Online, Reason: p.Reason,
		Model: k.model, UID: k.device.Account, At: p.Since.UnixMilli(),
	}
}

// announcePresence tells of a device and of the sub-devices that it speaks for.
func (r *Registry) announcePresence(p Presence, k *known) {
	r.announce(p.DID, "presence", func() any { return presenceChanged(p, k) })
	for did, sub := range k.children {
		r.announce(did, "presence", func() any { return presenceChanged(p, sub) })
	}
}
