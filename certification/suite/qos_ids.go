package suite

import (
	"fmt"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// flight is what a device has sent on one connection and what is not acknowledged.
type flight map[uint16]*Event

// qos04 follows the packet ids of each connection; with it all of them are free
// again, for the gateway keeps no session.
func qos04(w *Watch) {
	conns := make(map[int]flight)
	for _, e := range w.Events {
		if e.Kind == transcript.KindClose {
			delete(conns, e.Conn)
		}
		if e.P == nil {
			continue
		}
		if conns[e.Conn] == nil {
			conns[e.Conn] = make(flight)
		}
		conns[e.Conn].see(w, e)
	}
}

func (f flight) see(w *Watch, e *Event) {
	if e.Dir == transcript.Out {
		switch e.Name {
		case "PUBACK", "PUBCOMP", "SUBACK", "UNSUBACK":
			delete(f, e.P.ID)
		case "PUBREC":
			if e.P.Reason >= 0x80 { // it ends the handshake in MQTT 5.0
				delete(f, e.P.ID)
			}
		}
		return
	}
	switch {
	case e.Name == "PUBLISH" && e.P.QoS > 0, e.Name == "SUBSCRIBE", e.Name == "UNSUBSCRIBE":
	default:
		return
	}
	w.Check(e.P.ID != 0, e, "a packet id from 1 to 65535 [MQTT-2.3.1-1]", fmt.Sprintf("%s with packet id 0", e.Name))
	used := f[e.P.ID]
	w.Check(used == nil || repeats(e, used), e, "a packet id that is not in flight [MQTT-2.3.1-2]", fmt.Sprintf("packet id %d again, which %s still holds", e.P.ID, used.since()))
	f[e.P.ID] = e
}

// repeats says whether a PUBLISH is an open one sent again, which keeps its id.
func repeats(e, used *Event) bool {
	return e.P.Dup && used.Name == "PUBLISH" && e.P.Topic == used.P.Topic && string(e.P.Bytes()) == string(used.P.Bytes())
}

// since names a packet by its type and place.
func (e *Event) since() string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf("the %s of record %d", e.Name, e.Seq)
}
