package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func rob06(t *T) {
	t.Ready(ConnectLimit)
	w, ok := t.witness()
	item := `"ok"`
	if ok {
		item = fmt.Sprintf(`[{"did":%q,"siid":%d,"piid":%d,"code":0,"value":%s}]`, t.Header.DID, w.p.SIID, w.p.PIID, w.other)
	}
	packetID := func() uint16 { return uint16(30000 + t.Rand.IntN(30000)) }
	for _, stray := range []struct {
		what string
		send func()
	}{
		{"a result", func() { t.sendBytes(fmt.Appendf(nil, `{"id":%d,"result":%s}`, t.Rand.Int64N(1<<40), item)) }},
		{"an error", func() {
			t.sendBytes(miot.AnswerError(t.Rand.Int64N(1<<40), miot.CodeInternal, "nothing was asked").Payload())
		}},
		{"a refusal of a report", func() {
			t.Do(bench.Publish{Topic: t.topics.complaint, Request: bench.Request{
				Payload: fmt.Sprintf(`{"id":%d,"error":{"code":-4005,"message":"no such report"}}`, t.Rand.Int64N(1<<40)), QoS: 1,
			}})
		}},
		{"PUBACK", func() { t.Do(bench.RawPacket{Type: "PUBACK", ID: packetID()}) }},
		{"SUBACK", func() { t.Do(bench.RawPacket{Type: "SUBACK", ID: packetID(), Reasons: []int{1}}) }},
		{"PINGRESP", func() { t.Do(bench.RawPacket{Type: "PINGRESP"}) }},
	} {
		b := t.before()
		t.Step("%s that nobody asked for", stray.what)
		stray.send()
		t.survived(b, 1, returnLimit, "a stray "+stray.what)
	}
	if ok {
		t.untouched(w, "a stray result")
	}
}

func rob08(t *T) {
	t.Ready(ConnectLimit)
	w, ok := t.witness()
	request := miot.Call(t.nextID(), miot.MethodInfo, nil)
	payload := request.Payload()
	if ok {
		payload = t.write(w)
	}
	b, mark := t.before(), t.Wire
	t.Step("an empty payload")
	t.sendBytes(nil)
	t.Alive(mark, 0)

	t.Step("a retained request waits as the device subscribes")
	t.Fault(bench.Fault{AtSubscribe: []bench.Publish{{Topic: t.topics.request, Request: bench.Request{Payload: string(payload), QoS: 1}}}})
	t.Drop(bench.DropClose)
	waiting := func(e *Event) bool { return e.Is(transcript.Out, "PUBLISH") && e.P.Retain }
	if t.Expect(returnLimit, "the device to subscribe, and be sent the retained request,", waiting) == nil {
		return
	}
	t.Heal()
	mark = t.Wire
	if ok {
		t.Idle(time.Second, nil)
		t.untouched(w, "a retained request")
	} else {
		t.Never(time.Second, "an answer to a retained request", Answer(request.ID))
	}
	t.Alive(mark, 0)
	t.notRebooted(b, "an empty payload or a retained request")
}

// illegal are bytes that MQTT 3.1.1 forbids a server to send.
func (t *T) illegal() []struct {
	what, rule string
	bytes      []byte
} {
	publish := func(first byte, topic string) []byte {
		body := append([]byte{byte(len(topic) >> 8), byte(len(topic))}, topic...)
		if first>>1&3 != 0 {
			body = append(body, 0x75, 0x30) // a packet id
		}
		body = append(body, "{}"...)
		return append([]byte{first, byte(len(body))}, body...)
	}
	return []struct {
		what, rule string
		bytes      []byte
	}{
		{"PINGRESP with a reserved flag", "MQTT-2.2.2-2", []byte{0xd1, 0x00}},
		{"PUBLISH with QoS 3", "MQTT-3.3.1-4", publish(0x36, t.topics.request)},
		{"a remaining length of five bytes", "MQTT 2.2.3", []byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x7f}},
		{"PUBLISH on a topic that is no UTF-8", "MQTT-1.5.3-1", publish(0x30, t.topics.down+"\xc3\x28")},
	}
}

func rob09(t *T) {
	t.Ready(ConnectLimit)
	var opens []*Event
	stop := t.Observe(func(e *Event) {
		if opened(e) {
			opens = append(opens, e)
		}
	})
	defer stop()
	for _, bad := range t.illegal() {
		conn := t.Wire.Conn
		t.Step("%s", bad.what)
		t.Do(bench.Raw{Hex: bad.bytes})
		end := t.Expect(IllegalCloseLimit, "a close of the connection after "+bad.what+" ["+bad.rule+"]", closed(conn))
		if end != nil {
			t.Check(bench.ByDevice(end.Record), "a close by the device after "+bad.what, end.Name, end)
		} else if t.Wire.Conn == conn {
			t.dropped(bench.DropReset)
		}
		t.Ready(returnLimit)
	}
	most := 0
	for i := range opens {
		most = max(most, within(opens[i:], time.Minute))
	}
	t.Check(most <= AttemptsMost, fmt.Sprintf("at most %d connections in 60s", AttemptsMost), plural(most, "connection"))
	t.Alive(t.Wire, 0)
}

func rob10(t *T) {
	t.Calm()
	b := t.before()
	conn := t.Wire.Conn
	t.Step("a request comes at 1 byte a second")
	t.Fault(bench.Fault{Drip: 1})
	method, params := t.harmlessRead()
	id := t.Request(method, params)
	e := t.Await(DripFor, func(e *Event) bool { return Answer(id)(e) || closed(conn)(e) })
	switch {
	case e == nil:
		t.Step("the device is still reading; the rest comes at once")
	case e.Kind == transcript.KindClose:
		t.Check(bench.ByDevice(e.Record), "the device to read on, or to close", e.Name, e)
	}
	t.Heal()
	t.survived(b, 1, RecoverLimit, "a slow drip")
}

func rob07(t *T) {
	t.Ready(ConnectLimit)
	b := t.before()
	method, params := t.harmlessRead()
	t.Step("%d requests a second for %v", floodRate, floodFor)
	for until := t.now + floodFor; t.now < until; {
		t.Request(method, params)
		t.Idle(time.Second/floodRate, nil)
	}
	t.survived(b, 0, FloodRecoverLimit, "a flood of requests")
}
