package registry

import (
	"encoding/json"

	"github.com/proofmark/proofmark/internal/bus"
)

// connectedEvent tells every node that did has a newer connection.
type connectedEvent struct {
	DID   string `json:"did"`
	Node  string `json:"node"`
	Epoch int64  `json:"epoch"`
}

// counted takes the epoch that the store gave this connection, and announces it:
// whichever node still holds an older one closes it.
func (l *Live) counted(epoch int64) {
	r := l.reg
	if epoch == 0 { // the device was removed after it logged in
		l.link.Close(ReasonRemoved)
		return
	}
	r.custody.counted(l.did, epoch, r.now())
	r.field.connected(l)
	l.epoch.Store(epoch)
	l.wakeNumbered()
	if l.newer.Load() > epoch {
		l.link.Close(ReasonReplaced)
		return
	}
	b, err := json.Marshal(connectedEvent{DID: l.did, Node: r.node, Epoch: epoch})
	if err == nil {
		err = r.bus.Publish(subjectOf(l.did, "connected"), b)
	}
	if err != nil {
		r.log.Error("new connection was not announced to other nodes", "did", l.did, "err", err)
	}
	l.announce(Presence{DID: l.did, Online: true, Reason: ReasonConnected, Node: r.node, Epoch: epoch, Since: l.since})
}

// announce tells of this connection's presence.
func (l *Live) announce(p Presence) {
	k, err := l.current(l.reg.ctx)
	if err != nil {
		l.reg.log.Warn("presence not announced", "did", l.did, "online", p.Online, "err", err)
		return
	}
	l.reg.announcePresence(p, k)
}

func (r *Registry) onConnectedElsewhere(m bus.Message) {
	var e connectedEvent
	if err := json.Unmarshal(m.Data, &e); err != nil {
		r.log.Error("connected event is not JSON", "subject", m.Subject, "err", err)
		return
	}
	if e.Node == r.node {
		return
	}
	l, ok := r.find(e.DID)
	if !ok {
		return
	}
	for {
		old := l.newer.Load()
		if e.Epoch <= old || l.newer.CompareAndSwap(old, e.Epoch) {
			break
		}
	}
	if mine := l.epoch.Load(); mine != 0 && mine < e.Epoch {
		l.link.Close(ReasonReplaced)
	}
}
