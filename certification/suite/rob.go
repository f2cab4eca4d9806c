package suite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// Malformed JSON SHALL have no effect, and the device stay alive.
		&Case{
			ID: "ROB-01", Version: 1, Requirement: "ROB-01", Title: "Malformed JSON has no effect", Level: Mandatory,
			Hint: "Parse the whole payload before acting on any of it; check the length before reading beyond it.",
			Run:  rob01,
		},
		// Deep or wide JSON SHALL leave the device alive.
		&Case{
			ID: "ROB-02", Version: 1, Requirement: "ROB-02", Title: "Deep and wide JSON is survived", Level: Mandatory,
			Hint: "Bound the recursion of the parser (32 levels are plenty) and the memory that one message may take.",
			Run:  rob02,
		},
		// An oversized payload SHALL be refused or dropped, and the device be alive
		// within 30 s, with at most one reconnect.
		&Case{
			ID: "ROB-03", Version: 1, Requirement: "ROB-03", Title: "Oversized payloads are survived", Level: Mandatory,
			Hint: "Compare the remaining length of a PUBLISH with the buffer before reading it; what is too large is read and thrown away.",
			Run:  rob03,
		},
		// An unknown method SHALL be answered with error −32601 under the same id.
		&Case{
			ID: "ROB-04", Version: 1, Requirement: "ROB-04", Title: "An unknown method gets an error", Level: Mandatory,
			Hint: `The last branch of the dispatcher answers {"id":…,"error":{"code":-32601,"message":"method not found"}}.`,
			Run:  rob04,
		},
		// An odd request id SHALL be echoed or the request ignored, and the device stay alive.
		&Case{
			ID: "ROB-05", Version: 1, Requirement: "ROB-05", Title: "Odd ids are echoed or ignored", Level: Mandatory,
			Hint: "Keep the id as a 64-bit integer or as its text, not as a float or an int; a request without a whole id is ignored.",
			Run:  rob05,
		},
		// Answers to what the device never asked SHALL be ignored, or answered by a
		// close and a return.
		&Case{
			ID: "ROB-06", Version: 1, Requirement: "ROB-06", Title: "Stray answers are survived", Level: Mandatory,
			Hint: "Look an id up before using what was kept under it: it may not be there.",
			Run:  rob06,
		},
		// A flood of requests SHALL leave the device answering within 10 s after it,
		// without a reboot.
		&Case{
			ID: "ROB-07", Version: 1, Requirement: "ROB-07", Title: "A flood of requests is survived", Level: Mandatory,
			Hint: "Bound the queue of requests and drop what does not fit; feed the watchdog while working it off.",
			Run:  rob07,
		},
		// An empty payload and a retained request older than the session SHALL have
		// no effect.
		&Case{
			ID: "ROB-08", Version: 1, Requirement: "ROB-08", Title: "Empty and retained requests have no effect", Level: Mandatory,
			Hint: "Ignore a request with the RETAIN flag: it was meant for another time.",
			Run:  rob08,
		},
		// Illegal MQTT from the broker SHALL make the device close, back off and return.
		&Case{
			ID: "ROB-09", Version: 1, Requirement: "ROB-09", Title: "Illegal MQTT closes the connection", Level: Mandatory,
			Hint: "MQTT asks for it: check reserved flags, QoS 3, the length and the UTF-8 of topics, and close the connection on any of them.",
			Run:  rob09,
		},
		// A slow drip SHALL be handled or closed, and the device stay alive.
		&Case{
			ID: "ROB-10", Version: 1, Requirement: "ROB-10", Title: "A slow drip is survived", Level: Mandatory,
			Hint: "Reading a packet must not block everything else: keep what came of it and go on, or close after a time.",
			Run:  rob10,
		},
		// The device SHOULD live through 10,000 fuzzed messages without a reboot.
		&Case{
			ID: "ROB-11", Version: 1, Requirement: "ROB-11", Title: "Fuzzed messages are survived", Level: Optional,
			Hint: "The finding names the round of 100 messages; the same seed sends the same ones again. Run the parser under a fuzzer on a PC.",
			Run:  rob11,
		},
	)
}

// sendBytes publishes any bytes on the request topic.
func (t *T) sendBytes(payload []byte) {
	r := bench.Request{QoS: 1}
	if utf8.Valid(payload) {
		r.Payload = string(payload)
	} else {
		r.PayloadHex = payload
	}
	t.Do(r)
}

func rob01(t *T) {
	t.Ready(ConnectLimit)
	b := t.before()
	w, ok := t.witness()
	for i, kind := range malformations {
		valid := miot.Call(t.nextID(), miot.MethodInfo, nil).Payload()
		if ok {
			valid = t.write(w)
		}
		payload := kind.make(t.Rand, valid)
		t.Step("payload %d of %d, %s", i+1, len(malformations), kind.name)
		t.sendBytes(payload)
		what := fmt.Sprintf("payload %d (%s)", i+1, kind.name)
		switch {
		case !ok:
			t.Check(t.answers(AnswerLimit), "the device alive after "+what, "no answer within "+AnswerLimit.String())
		case kind.lawful:
			t.holdsStill(w, what, t.Advise)
		default:
			t.untouched(w, what)
		}
	}
	t.survived(b, 0, AnswerLimit, "malformed JSON")
}

func rob02(t *T) {
	t.Ready(ConnectLimit)
	b := t.before()
	for _, m := range []struct{ what, member string }{
		{fmt.Sprintf("%d objects in each other", jsonDepth), nested(`{"a":`, "}", jsonDepth-1)},
		{fmt.Sprintf("%d arrays in each other", jsonDepth), nested("[", "]", jsonDepth-1)},
		{fmt.Sprintf("%d keys", jsonKeys), wide(jsonKeys)},
		{"as many keys as the declared maximum takes", wide((t.Declaration.MaxPayload - 200) / len(`"k000":0,`))},
	} {
		t.Step("a request with %s", m.what)
		method, params := t.harmlessRead()
		if params == nil {
			params = []byte("[]")
		}
		t.sendBytes(fmt.Appendf(nil, `{"id":%d,"method":%q,"params":%s,"x":%s}`, t.nextID(), method, params, m.member))
		t.Alive(b.wire, 0)
	}
	t.notRebooted(b, "deep and wide JSON")
}

func nested(open, shut string, depth int) string {
	return string(bytes.Repeat([]byte(open), depth)) + "0" + string(bytes.Repeat([]byte(shut), depth))
}

func wide(keys int) string {
	out := []byte{'{'}
	for i := range max(keys, 1) {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `"k%03d":0`, i)
	}
	return string(append(out, '}'))
}

func rob03(t *T) {
	t.Ready(ConnectLimit)
	start := t.Wire
	w, ok := t.witness()
	for _, size := range []int{t.Declaration.MaxPayload + 1, 64 << 10, 128 << 10, 256 << 10} {
		if t.Wire.Connects > start.Connects {
			t.Calm() // it closed on the one before, and would be the slower for it
		}
		b := t.before()
		request := miot.Call(t.nextID(), miot.MethodInfo, nil).Payload()
		if ok {
			request = t.write(w)
		}
		what := fmt.Sprintf("a request of %d bytes", size)
		t.Step("%s", what)
		t.sendBytes(padded(request, size))
		if t.survived(b, 1, RecoverLimit, what) && ok {
			t.untouched(w, what)
		}
	}
}

// padded is a request brought to a size by a member that nobody asks for.
func padded(request []byte, size int) []byte {
	tail := []byte(`,"pad":""}`)
	body := bytes.TrimSuffix(request, []byte("}"))
	fill := bytes.Repeat([]byte("x"), max(0, size-len(body)-len(tail)))
	return append(append(append(body[:len(body):len(body)], tail[:len(tail)-2]...), fill...), `"}`...)
}

func rob04(t *T) {
	t.Ready(ConnectLimit)
	mark := t.Wire
	r := t.Ask("foo", nil)
	want := "error -32601 under the id of the request"
	if t.Check(r.R != nil && r.R.Error != nil, want, r.describe(), r.Event) {
		t.Advise(r.R.Error.Code.Meaning() == miot.MeaningNoMethod, want, r.describe(), r.Event)
	}
	t.Alive(mark, 0)
}

// oddIDs are ids as they are written; the empty one is none. What a careless
// parser makes of one (0) is asked last.
var oddIDs = []string{"", `"a"`, "-1", "9007199254740992", "0"}

func rob05(t *T) {
	t.Ready(ConnectLimit)
	b := t.before()
	method, params := t.harmlessRead()
	if params == nil {
		params = []byte("[]")
	}
	var odd []*Event // answers to none of the suite's own requests
	stop := t.Observe(func(e *Event) {
		own := e.Response != nil && t.gave(e.Response.ID)
		if e.Is(transcript.In, "PUBLISH") && e.P.Topic == t.topics.response && !own {
			odd = append(odd, e)
		}
	})
	defer stop()
	for i, id := range oddIDs {
		member := `"id":` + id + ","
		if id == "" {
			member, id = "", "none"
		}
		t.Step("a request with the id %s", id)
		t.sendBytes(fmt.Appendf(nil, `{%s"method":%q,"params":%s}`, member, method, params))
		t.Alive(b.wire, 0)
		t.echoes(odd, oddIDs[:i+1])
		odd = nil
	}
	t.Idle(time.Second, nil)
	t.echoes(odd, oddIDs)
	t.notRebooted(b, "odd ids")
}

// echoes checks that each answer carries an id that was asked under.
func (t *T) echoes(answers []*Event, asked []string) {
	for _, e := range answers {
		id := rawID(e.P.Bytes())
		t.Check(echoed(id, asked), "an answer under the id of the request, or none", clip(e.P.Payload, 200), e)
	}
}

func echoed(id json.RawMessage, asked []string) bool {
	for _, a := range asked {
		switch {
		case a == "" && (len(id) == 0 || string(id) == "null"):
			return true
		case string(id) == "null" && a[:1] == `"`:
			return true // JSON-RPC's way to answer an id that could not be read
		case a == string(id):
			return true
		}
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(string(id), 64)
		if errX == nil && errY == nil && x == y {
			return true
		}
	}
	return false
}
