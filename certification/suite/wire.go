package suite

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// Event is a record as a case looks at it.
type Event struct {
	*transcript.Record
	P        *transcript.Packet // nil unless it is a packet
	Report   *miot.Report       // of a PUBLISH on an up topic that holds a readable report
	Response *miot.Response     // of a PUBLISH on up/response that holds a readable answer
	Bad      error              // why a payload on an up topic could not be read
}

// Is says whether the event is a packet of the type, in the direction.
func (e *Event) Is(dir transcript.Direction, packet string) bool {
	return e.Kind == transcript.KindPacket && e.Dir == dir && e.Name == packet
}

// The device's own topics.
type topics struct{ request, complaint, properties, event, response, up, down string }

func topicsOf(did string) topics {
	d := "device/" + did
	return topics{
		request: d + "/down/request", complaint: d + "/down/error",
		properties: d + "/up/properties_changed", event: d + "/up/event_occured", response: d + "/up/response",
		up: d + "/up/", down: d + "/down/",
	}
}

// read makes an event of a record.
func (tp topics) read(r *transcript.Record) *Event {
	e := &Event{Record: r}
	p, ok := r.Packet()
	if !ok {
		return e
	}
	e.P = p
	if r.Dir != transcript.In || r.Name != "PUBLISH" {
		return e
	}
	switch p.Topic {
	case tp.properties:
		e.report(miot.MethodPropertiesChanged)
	case tp.event:
		e.report(miot.MethodEventOccured)
	case tp.response:
		resp, err := miot.ParseResponse(p.Bytes())
		if err != nil {
			e.Bad = err
			return e
		}
		e.Response = &resp
	}
	return e
}

func (e *Event) report(method string) {
	rep, err := miot.ParseReport(method, e.P.Bytes())
	if err != nil {
		e.Bad = err
		return
	}
	e.Report = &rep
}

// Wire is what follows from the records so far: who is connected and what was
// said. It is folded from every record that the case passes, in their order.
type Wire struct {
	Conn       int           // the connection with a CONNACK 0; 0: none
	Ready      bool          // it is subscribed to its request topic
	ReadyAt    time.Duration // since when
	AcceptedAt time.Duration // when CONNACK 0 was sent
	Connects   int           // CONNECT packets so far
	Connect    *transcript.Packet
	Attempts   int           // connections accepted so far
	Reboots    int           // as far as the device lets know: report ids that begin anew
	TookAt     time.Duration // when it last answered that it took a write or an action

	Greeting Greeting          // how the last connection with a CONNECT began
	Hello    *transcript.Hello // what the device offered in its last handshake; nil without TLS
	Breach   string            // how the last connection ended on which the device broke MQTT; empty: none did

	opening Greeting // of the last connection that was accepted
}

// Greeting is how a connection began.
type Greeting struct {
	Conn      int
	Opened    time.Duration
	Secured   time.Duration // the end of the TLS handshake; Opened without TLS
	Connected time.Duration // CONNECT
}

func (w *Wire) fold(e *Event, tp topics) {
	if e.Kind == transcript.KindClose && strings.HasPrefix(e.Name, "bench: protocol error") {
		w.Breach = e.Name
	}
	if e.took() {
		w.TookAt = e.At
	}
	switch {
	case e.Kind == transcript.KindOpen:
		w.Attempts++
		w.opening = Greeting{Conn: e.Conn, Opened: e.At, Secured: e.At}
	case e.Kind == transcript.KindTLS:
		w.secured(e)
	case e.Kind == transcript.KindClose && e.Conn == w.Conn:
		w.Conn, w.Ready = 0, false
	case e.Is(transcript.In, "CONNECT"):
		w.Connects++
		w.Connect = e.P
		if e.Conn == w.opening.Conn {
			w.Greeting = w.opening
			w.Greeting.Connected = e.At
		}
	case e.Is(transcript.Out, "CONNACK") && e.P.Reason == 0:
		w.Conn, w.Ready, w.AcceptedAt = e.Conn, false, e.At
	case e.Is(transcript.In, "SUBSCRIBE") && e.Conn == w.Conn:
		for _, f := range e.P.Filters {
			if covers(f.Topic, tp.request) {
				w.Ready, w.ReadyAt = true, e.At
			}
		}
	}
}

// secured takes the end of a handshake.
func (w *Wire) secured(e *Event) {
	var facts transcript.TLS
	if json.Unmarshal(e.Data, &facts) != nil || facts.Hello == nil {
		return // an alert that came later
	}
	w.Hello = facts.Hello
	if e.Conn == w.opening.Conn {
		w.opening.Secured = e.At
	}
}

// covers says whether an MQTT filter matches a topic.
func covers(filter, topic string) bool {
	for {
		f, restF, moreF := cutLevel(filter)
		t, restT, moreT := cutLevel(topic)
		switch {
		case f == "#":
			return true
		case f != "+" && f != t:
			return false
		case !moreF && !moreT:
			return true
		case !moreT:
			return restF == "#"
		case !moreF:
			return false
		}
		filter, topic = restF, restT
	}
}

func cutLevel(s string) (level, rest string, more bool) {
	for i := range len(s) {
		if s[i] == '/' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}
