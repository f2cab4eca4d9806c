package broker

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/proofmark/proofmark/registry"
)

// change is the payload of the bus subject device.<token>.changed: what was
// accepted of one report, for one device.
type change struct {
	DID    string    `json:"did"`
	Parent string    `json:"parent"`
	Method string    `json:"method"`
	At     int64     `json:"at"`
	Items  []changed `json:"items"`
}

// changed is one item of a change.
type changed struct {
	SIID      int             `json:"siid"`
	IID       int             `json:"iid"`
	Value     json.RawMessage `json:"value"`
	Arguments json.RawMessage `json:"arguments"`
}

// topic is where one item goes.
func (ch *change) topic(i int) string {
	return "device/" + ch.DID + "/up/" + ch.Method + "/" + strconv.Itoa(ch.Items[i].SIID) + "/" + strconv.Itoa(ch.Items[i].IID)
}

// onChanged makes one message of each item and hands them to who watches.
func (x *watchIndex) onChanged(d *watched, data []byte) {
	var ch change
	event := false
	err := json.Unmarshal(data, &ch)
	switch ch.Method {
	case registry.MethodProperties:
	case registry.MethodEvent:
		event = true
	default:
		err = errors.Join(err, errors.ErrUnsupported)
	}
	if err != nil || !validDID(ch.DID) || (ch.Parent != "" && !validDID(ch.Parent)) {
		x.broker.stats.badEvents.Add(1)
		return
	}
	messages := make([]message, len(ch.Items))
	d.mu.Lock()
	defer d.mu.Unlock()
	var parcels []parcel
	for _, w := range d.watchers {
		parcels = parcels[:0]
		for i, item := range ch.Items {
			qos := w.qos(event, item.SIID, item.IID)
			if qos < 0 {
				continue
			}
			m := &messages[i]
			if m.topic == "" {
				m.topic = ch.topic(i)
				m.payload = ch.payload(i)
			}
			parcels = append(parcels, parcel{m.frame(w.client.version, byte(qos)), byte(qos)})
		}
		w.changes++
		if len(parcels) > 0 && w.client.flow.send(parcels...) {
			x.broker.stats.delivered.Add(uint64(len(parcels)))
		}
	}
}

// qos is the highest of the filters that match, -1 if none does: one message to a
// client, however many of its filters match ([MQTT-3.3.5-1] allows both).
func (w *watcher) qos(event bool, siid, iid int) int {
	qos := -1
	for i := range w.filters {
		if f := &w.filters[i]; f.matches(event, siid, iid) {
			qos = max(qos, int(f.qos))
		}
	}
	return qos
}

// payload is the message of protocol §6 for one item. The raw value is passed on
// as it came: a 64-bit number must survive. Dids have been checked, so they need
// no escaping.
func (ch *change) payload(i int) []byte {
	item := &ch.Items[i]
	iid, member, value := `,"piid":`, `,"value":`, item.Value
	if ch.Method == registry.MethodEvent {
		iid, member, value = `,"eiid":`, `,"arguments":`, item.Arguments
		if len(value) == 0 {
			value = json.RawMessage("[]")
		}
	}
	if len(value) == 0 {
		value = json.RawMessage("null")
	}
	b := make([]byte, 0, 128+len(value))
	b = append(b, `{"method":"`...)
	b = append(b, ch.Method...)
	b = append(b, `","params":{"did":"`...)
	b = append(b, ch.DID...)
	b = append(b, `","siid":`...)
	b = strconv.AppendInt(b, int64(item.SIID), 10)
	b = append(b, iid...)
	b = strconv.AppendInt(b, int64(item.IID), 10)
	b = append(b, member...)
	b = append(b, value...)
	b = append(b, '}')
	if ch.Parent != "" {
		b = append(b, `,"parent":"`...)
		b = append(b, ch.Parent...)
		b = append(b, '"')
	}
	return append(b, '}')
}

// onPresence passes a change of presence on, not retained: the retained state is
// for those who come later, and is read from the store then.
func (x *watchIndex) onPresence(d *watched, data []byte) {
	var s State
	if err := json.Unmarshal(data, &s); err != nil || !validDID(s.DID) {
		x.broker.stats.badEvents.Add(1)
		return
	}
	m := message{topic: "device/" + s.DID + "/state", payload: s.payload()}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.watchers {
		qos := -1
		for _, f := range w.filters {
			if f.own {
				qos = max(qos, int(f.qos))
			}
		}
		if qos >= 0 {
			x.sendState(w, s, &m, byte(qos))
		}
	}
}

// state sends a state that was read, if the device is still watched.
func (x *watchIndex) state(w *watcher, s State, m *message, qos byte) {
	d, err := x.hold(s.DID)
	if err != nil {
		return
	}
	empty := len(d.watchers) == 0
	for _, o := range d.watchers {
		if o == w {
			w.sent = State{} // asked for: also if it is the one sent last
			x.sendState(w, s, m, qos)
		}
	}
	d.mu.Unlock()
	if empty {
		x.tidy(s.DID)
	}
}

// sendState skips what is not newer than what the app has: what was read at
// SUBSCRIBE and what came over the bus cross each other.
func (x *watchIndex) sendState(w *watcher, s State, m *message, qos byte) {
	if s.At < w.sent.At || (s.At == w.sent.At && s.Online == w.sent.Online && s.At != 0) {
		return
	}
	w.sent = State{At: s.At, Online: s.Online}
	if w.client.flow.send(parcel{m.frame(w.client.version, qos), qos}) {
		x.broker.stats.delivered.Add(1)
	}
}
