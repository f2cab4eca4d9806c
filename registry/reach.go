package registry

import "github.com/proofmark/proofmark/miot"

// A gateway says that it cannot reach a sub-device by answering an item of it
// with -704042011; the sub-device's next report takes that back.

// noteReach reads an answer for such words.
func (l *Live) noteReach(raw []byte) {
	k, err := l.current(l.reg.ctx)
	if err != nil || len(k.children) == 0 {
		return
	}
	resp, err := miot.ParseResponse(raw)
	if err != nil {
		return // the caller is told
	}
	for _, res := range resp.Results {
		if res.Code == miot.CloudOffline {
			l.setReach(k.children[res.DID], false)
		}
	}
	if a := resp.Action; a != nil && a.Code == miot.CloudOffline {
		l.setReach(k.children[a.DID], false)
	}
}

// reached takes the word back for a device that has just reported.
func (l *Live) reached(k *known, did string) {
	if did != l.did {
		l.setReach(k.children[did], true)
	}
}

// setReach notes what is said of a sub-device (nil: of none that is known) and
// has it written in the order in which it was said.
func (l *Live) setReach(sub *known, online bool) {
	if sub == nil {
		return
	}
	did := sub.device.DID
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.detached || l.unreachable[did] == !online {
		return
	}
	if online {
		delete(l.unreachable, did)
	} else {
		if l.unreachable == nil {
			l.unreachable = make(map[string]bool)
		}
		l.unreachable[did] = true
	}
	l.reg.presence.reach(l, sub, online)
}
