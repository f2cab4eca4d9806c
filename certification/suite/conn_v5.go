package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// A v5 device SHALL honour Server Keep Alive, Receive Maximum and Maximum Packet Size.
		&Case{
			ID: "CONN-11", Version: 1, Requirement: "CONN-11", Title: "Honours the limits of an MQTT 5 broker", Level: Conditional,
			Needs: Needs{V5: true},
			Hint:  "Take Server Keep Alive, Receive Maximum and Maximum Packet Size from the properties of CONNACK, at every connect.",
			Run:   conn11,
		},
	)
}

func conn11(t *T) {
	limits := bench.Fault{ServerKeepAlive: ServerKeepAlive, ReceiveMaximum: ReceiveMaximum, MaximumPacketSize: MaximumPacketSize}
	t.Ready(returnLimit)

	t.Step("without PUBACK at most %d publishes are in flight", ReceiveMaximum)
	mute := limits
	mute.Withhold = []string{"PUBACK", "PUBREC"}
	l := t.reconnect(mute)
	t.burst()
	t.Idle(StateLimit, nil)
	t.Check(l.flight <= ReceiveMaximum, fmt.Sprintf("at most %d publishes in flight", ReceiveMaximum), plural(l.flight, "message")+" without a PUBACK", l.crowd)
	l.stop()

	t.Step("large answers, and then silence")
	l = t.reconnect(limits)
	defer l.stop()
	t.burst()
	t.Idle(3*ServerKeepAlive*time.Second, nil)
	l.pause(t.now)
	limit := ServerKeepAlive*time.Second + KeepAliveGrace
	t.Check(l.gap <= limit, fmt.Sprintf("a packet every %v at least, as Server Keep Alive says", limit), fmt.Sprintf("a gap of %v", l.gap.Round(time.Millisecond)), l.late)
	t.Check(l.largest <= MaximumPacketSize, fmt.Sprintf("no packet above %d bytes", MaximumPacketSize), fmt.Sprintf("%d", l.largest), l.big)
	t.Heal()
	t.Drop(bench.DropClose)
	t.Await(RetryLimit, accepted)
	t.Ready(returnLimit)
}

// load is what the device sends on one connection.
type load struct {
	flight  int // QoS 1 and 2 publishes; the bench acknowledges at once or never
	largest int
	gap     time.Duration
	at      time.Duration

	crowd, big, late *Event
	stop             func()
}

func (l *load) pause(now time.Duration) {
	l.gap, l.at = max(l.gap, now-l.at), now
}

// reconnect has the device connect under a fault, and looks at what it sends.
func (t *T) reconnect(f bench.Fault) *load {
	t.Fault(f)
	t.Drop(bench.DropClose)
	in := t.Expect(returnLimit, "a connect", accepted)
	if in == nil {
		t.Stop()
	}
	l := &load{at: in.At}
	l.stop = t.Observe(func(e *Event) {
		if e.Kind != transcript.KindPacket || e.Dir != transcript.In || e.Conn != in.Conn {
			return
		}
		if e.At-l.at > l.gap {
			l.late = e
		}
		l.pause(e.At)
		if len(e.Raw) > l.largest {
			l.largest, l.big = len(e.Raw), e
		}
		if e.Name == "PUBLISH" && e.P.QoS > 0 && len(f.Withhold) > 0 {
			l.flight++
			l.crowd = e
		}
	})
	t.Ready(ReadyLimit)
	return l
}

// burst asks for as much as the device has to answer at once. What comes of it
// is not judged here.
func (t *T) burst() {
	var refs []miot.PropertyRef
	for _, p := range t.Rules.Properties() {
		if p.Readable {
			refs = append(refs, t.Ref(p.SIID, p.PIID))
		}
	}
	for n := len(refs); n > 0 && len(refs) < t.Declaration.MaxItems; {
		refs = append(refs, refs[:n]...)
	}
	for _, part := range t.split(refs[:min(len(refs), t.Declaration.MaxItems)]) {
		t.Request(miot.MethodGetProperties, miot.GetProperties(0, part).Params)
	}
	for range ReceiveMaximum + 2 {
		t.Request(miot.MethodInfo, nil)
	}
}
