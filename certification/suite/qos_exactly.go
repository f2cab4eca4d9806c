package suite

import (
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// qos05 lets a report go through the QoS 2 handshake undisturbed, then with PUBREC
// lost, then with PUBCOMP lost. PUBREC means stored (protocol §4): a report without
// it is sent again on the next connection, under its own id, by which the gateway
// knows a repeat.
func qos05(t *T) {
	if !t.Declaration.QoS2 {
		t.NotApplicable("the declaration says that the device does not publish at QoS 2")
	}
	t.Ready(ConnectLimit)
	for _, lost := range []string{"", "PUBREC", "PUBCOMP"} {
		t.handshake(lost)
		t.Heal()
		t.Ready(returnLimit)
	}
}

// handshake follows one report, with one packet of the bench's lost.
func (t *T) handshake(lost string) {
	t.rest()
	var sent []*Event // QoS 2 reports
	released := make(map[uint16]bool)
	stop := t.Observe(func(e *Event) {
		switch {
		case e.Is(transcript.In, "PUBLISH") && e.P.QoS == 2 && e.Report != nil:
			sent = append(sent, e)
		case e.Is(transcript.In, "PUBREL"):
			released[e.P.ID] = true
		}
	})
	defer stop()
	if lost != "" {
		t.Step("the bench sends no %s", lost)
		t.Fault(bench.Fault{Withhold: []string{lost}})
	}
	t.causeReport(func() bool { return len(sent) > 0 })
	first := sent[0]
	if lost != "PUBREC" {
		ok := t.until(first.At+HandshakeLimit, func() bool { return released[first.P.ID] })
		t.Check(ok, "PUBREL within "+HandshakeLimit.String()+" after PUBREC", "none", first)
	}
	if lost == "" {
		t.Idle(repeatPatience, nil)
		t.Check(count(first, sent) == 1, "the report once", plural(count(first, sent), "time")+" on one connection", first)
		return
	}
	t.Drop(bench.DropReset)
	t.Heal()
	before := len(sent)
	if t.Expect(returnLimit, "a new connection", accepted) == nil {
		return
	}
	again := func() bool { return repeatOf(first, sent[before:]) != nil }
	t.until(t.now+ResendLimit, again)
	if lost == "PUBREC" {
		t.Check(again(), "the report without PUBREC again within "+ResendLimit.String()+" after CONNACK, the same bytes", "it did not come", first)
	}
	if other := sameID(first, sent[before:]); other != nil {
		t.Check(again(), "a repeat with the same bytes, by which it is known", clip(other.P.Payload, 200), other)
	}
	n := count(first, sent[before:])
	t.Check(n <= 1, "the report at most once on the new connection", plural(n, "time"), first)
}

// count says how often a message was sent.
func count(o *Event, among []*Event) int {
	n := 0
	for _, e := range among {
		if e.P.Topic == o.P.Topic && string(e.P.Bytes()) == string(o.P.Bytes()) {
			n++
		}
	}
	return n
}

// rest lets what earlier steps caused be reported.
func (t *T) rest() { t.Idle(t.reportWithin(ReportLimit)+time.Second, nil) }
