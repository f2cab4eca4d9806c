package registry

import (
	"encoding/json"

	"github.com/proofmark/proofmark/internal/bus"
)

// recordEvent tells every node that a device's record changed. The store's
// outbox sends the like on device.<did>.credentials, without What.
type recordEvent struct {
	DID        string `json:"did"`
	What       string `json:"what,omitempty"`       // one of the what constants
	Credential string `json:"credential,omitempty"` // the one that was revoked
	Node       string `json:"node,omitempty"`       // that said so
}

const (
	whatUpdated = "updated"
	whatRemoved = "removed"
	whatRevoked = "revoked"
)

// updated forgets a record here and everywhere, and that of the gateway which
// lists it.
func (r *Registry) updated(did, parent string) {
	r.changed(recordEvent{DID: did, What: whatUpdated})
	if parent != "" {
		r.changed(recordEvent{DID: parent, What: whatUpdated})
	}
}

func (r *Registry) changed(e recordEvent) {
	e.Node = r.node
	r.forget(e)
	b, err := json.Marshal(e)
	if err == nil {
		err = r.bus.Publish(subjectOf(e.DID, "record"), b)
	}
	if err != nil {
		r.log.Error("change of a device's record was not announced; other nodes see it within 10 min", "did", e.DID, "err", err)
	}
}

// onRecordChanged forgets what is cached of a device.
func (r *Registry) onRecordChanged(m bus.Message) {
	var e recordEvent
	if err := json.Unmarshal(m.Data, &e); err != nil {
		r.log.Error("record event is not JSON", "subject", m.Subject, "err", err)
		return
	}
	if e.Node != r.node {
		r.forget(e)
	}
}

// forget drops what is cached of a device. A session of a removed device is
// closed, and one that logged in with the credential that was revoked; a session
// that logged in otherwise goes on.
func (r *Registry) forget(e recordEvent) {
	r.roster.drop(e.DID)
	l, ok := r.find(e.DID)
	switch {
	case !ok:
	case e.What == whatRemoved:
		l.link.Close(ReasonRemoved)
	case e.Credential != "" && l.credential == e.Credential, e.What == whatRevoked && l.credential == "":
		l.link.Close(ReasonRevoked)
	default:
		l.outdated()
		if e.What == whatUpdated { // it may no longer be let in
			r.background(func() { _, _ = l.reload(r.ctx) })
		}
	}
}
