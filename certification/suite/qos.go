package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// The device SHALL acknowledge each QoS 1 message once, within 2 s, in order.
		&Case{
			ID: "QOS-01", Version: 1, Requirement: "QOS-01", Title: "Each message is acknowledged once, in order", Level: Mandatory,
			Hint: "Send PUBACK as soon as the request is taken over, before it is carried out, and for each packet id once.",
			Run:  qos01,
		},
		// A QoS 1 report that was not acknowledged SHALL be sent again within 30 s
		// after the next CONNACK, with the same payload and id.
		&Case{
			ID: "QOS-02", Version: 1, Requirement: "QOS-02", Title: "An unacknowledged report is sent again", Level: Mandatory,
			Hint: "Keep each report as bytes until its PUBACK; after a reconnect send those bytes again, the id in them unchanged.",
			Run:  qos02,
		},
		// A redelivered request SHALL act once.
		&Case{
			ID: "QOS-03", Version: 1, Requirement: "QOS-03", Title: "A redelivered request acts once", Level: Mandatory,
			Hint: "Remember the ids of the last 32 requests for 60 s with their answers; a repeat gets the first answer and does nothing.",
			Run:  qos03,
		},
		// Packet ids SHALL be non-zero and not be used again while in flight.
		&Case{
			ID: "QOS-04", Version: 1, Requirement: "QOS-04", Title: "Packet ids are not used twice at once", Level: Mandatory,
			Hint:    "Count packet ids from 1 to 65535 and leave out those that still wait for PUBACK, PUBCOMP or SUBACK.",
			Monitor: qos04,
		},
		// A device that uses QoS 2 SHALL deliver exactly once.
		&Case{
			ID: "QOS-05", Version: 1, Requirement: "QOS-05", Title: "QoS 2 delivers exactly once", Level: Conditional,
			Hint: "PUBLISH, wait for PUBREC, PUBREL, wait for PUBCOMP. What was not received (no PUBREC) is sent again after a reconnect, the same bytes.",
			Run:  qos05,
		},
	)
}

// acknowledgements watches how the bench's messages are acknowledged.
type acknowledgements struct {
	open  []*Event // PUBLISHes without a PUBACK, in their order
	took  []time.Duration
	late  []*Event
	wrong []*Event // PUBACKs out of order
	stray []*Event // PUBACKs of these messages a second time
	sent  map[uint16]bool
}

func (a *acknowledgements) see(e *Event) {
	switch {
	case e.Is(transcript.Out, "PUBLISH") && e.P.QoS == 1:
		a.open = append(a.open, e)
		if a.sent == nil {
			a.sent = make(map[uint16]bool)
		}
		a.sent[e.P.ID] = true
	case e.Is(transcript.In, "PUBACK"):
		for i, p := range a.open {
			if p.P.ID != e.P.ID || p.Conn != e.Conn {
				continue
			}
			if i > 0 {
				a.wrong = append(a.wrong, e)
			}
			if e.At-p.At > AcknowledgeLimit {
				a.late = append(a.late, e)
			}
			a.took = append(a.took, e.At-p.At)
			a.open = append(a.open[:i:i], a.open[i+1:]...)
			return
		}
		if a.sent[e.P.ID] { // one of before the case may come late: QOS-04 watches the whole run
			a.stray = append(a.stray, e)
		}
	}
}

func qos01(t *T) {
	t.Ready(ConnectLimit)
	window := qosWindow
	if c := t.Wire.Connect; c != nil && c.ReceiveMax > 0 {
		window = min(window, c.ReceiveMax)
	}
	mark := t.Wire
	acks := new(acknowledgements)
	asked := make(map[int64]bool)
	stop := t.Observe(func(e *Event) {
		acks.see(e)
		if e.Response != nil {
			delete(asked, e.Response.ID)
		}
	})
	defer stop()
	method, params := t.harmlessRead()
	for sent := 0; sent < qosMessages; {
		clear(asked)
		for range min(window, qosMessages-sent) {
			asked[t.Request(method, params)] = true
			sent++
		}
		// The answers are only waited for so that the device is not flooded: ROB-07 does that.
		t.until(t.now+AnswerLimit, func() bool { return len(asked) == 0 && len(acks.open) == 0 })
		if len(acks.open) > 0 {
			break
		}
	}
	// A client may acknowledge the alive check's request after it has answered it.
	stop()
	t.Alive(mark, 0)
	if len(acks.open) > 0 {
		t.Check(false, fmt.Sprintf("a PUBACK for packet id %d within %v", acks.open[0].P.ID, AcknowledgeLimit), "none", acks.open[0])
	}
	for _, fault := range []struct {
		found []*Event
		want  string
	}{
		{acks.late, "each PUBACK within " + AcknowledgeLimit.String()},
		{acks.wrong, "PUBACKs in the order of the messages [MQTT-4.6.0-2]"},
		{acks.stray, "one PUBACK for each message, none for what is not in flight"},
	} {
		if n := len(fault.found); n > 0 {
			t.Check(false, fault.want, fmt.Sprintf("%s of another kind, the first for packet id %d", plural(n, "PUBACK"), fault.found[0].P.ID), fault.found[:min(n, maxFindings)]...)
		}
	}
	t.Check(len(acks.took) > 0, "PUBACKs", "none")
}

// harmlessRead is a request without effect that every device answers.
func (t *T) harmlessRead() (string, []byte) {
	if ref, ok := t.AliveProperty(); ok {
		return miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params
	}
	return miot.MethodInfo, nil
}

func qos02(t *T) {
	t.Ready(ConnectLimit)
	var heard, open []*Event // reports; those at QoS 1
	stop := t.Observe(func(e *Event) {
		if e.Report != nil {
			heard = append(heard, e)
		}
	})
	defer stop()
	t.Fault(bench.Fault{Withhold: []string{"PUBACK"}})
	t.causeReport(func() bool { return len(heard) > 0 })
	t.Idle(time.Second, nil)
	for _, e := range heard {
		if e.P.QoS == 1 {
			open = append(open, e)
		}
	}
	if len(open) == 0 {
		t.NotApplicable("the device reports at QoS %d", heard[0].P.QoS)
	}
	t.Step("%s without PUBACK; the connection is dropped", plural(len(open), "report"))
	t.Drop(bench.DropReset)
	t.Heal()
	var again []*Event
	stopAgain := t.Observe(func(e *Event) {
		if e.Is(transcript.In, "PUBLISH") {
			again = append(again, e)
		}
	})
	defer stopAgain()
	if t.Expect(returnLimit, "a new connection", accepted) == nil {
		return
	}
	t.until(t.now+ResendLimit, func() bool {
		for _, o := range open {
			if repeatOf(o, again) == nil {
				return false
			}
		}
		return true
	})
	for _, o := range open {
		actual := "no report with that id"
		if other := sameID(o, again); other != nil {
			actual = "that id with another payload: " + clip(other.P.Payload, 200)
		}
		t.Check(repeatOf(o, again) != nil,
			fmt.Sprintf("report %d again within %v after CONNACK, the same bytes: %s", o.Report.ID, ResendLimit, clip(o.P.Payload, 200)), actual, o)
	}
}

// repeatOf finds the very same message.
func repeatOf(o *Event, among []*Event) *Event {
	for _, e := range among {
		if e.P.Topic == o.P.Topic && string(e.P.Bytes()) == string(o.P.Bytes()) {
			return e
		}
	}
	return nil
}

// sameID finds a report that is called the same.
func sameID(o *Event, among []*Event) *Event {
	for _, e := range among {
		if e.Report != nil && e.P.Topic == o.P.Topic && e.Report.ID == o.Report.ID {
			return e
		}
	}
	return nil
}

// causeReport makes the device report something, by a write where it can, else by
// waiting for what it reports by itself.
func (t *T) causeReport(done func() bool) {
	for _, p := range t.witnesses() {
		if done() {
			return
		}
		if !p.Notify {
			continue
		}
		v, err := miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
		if err != nil {
			continue
		}
		if raw, ok := t.another(p, v); ok {
			if code, ok := t.askSet(p, raw).Code(); ok && code.OK() {
				t.until(t.now+t.reportWithin(ReportLimit), done)
			}
		}
	}
	if slices.ContainsFunc(t.Rules.Properties(), func(p *miot.PropertyRule) bool { return p.Notify }) {
		// The full state follows each connect.
		if !done() {
			t.dropped(bench.DropClose)
		}
	} else if !slices.ContainsFunc(t.Spec.Services, func(s miot.Service) bool { return len(s.Events) > 0 }) {
		t.NotApplicable("the device reports nothing: the spec has neither a property with notify nor an event")
	}
	if !t.until(t.now+reportPatience, done) {
		t.Skip("the device reported nothing for %v, and the bench could not make it", reportPatience)
	}
}
