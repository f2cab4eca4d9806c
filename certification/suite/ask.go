package suite

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// Reply is a device's answer to a request, or the lack of one.
type Reply struct {
	ID    int64
	Event *Event         // nil: no answer within the limit
	Took  time.Duration  // from the request's record to the answer's
	R     *miot.Response // nil: no answer, or one that cannot be read
}

// nextID is a request id that is unique in the run: each attempt of each case has
// a thousand of its own, which follow from the transcript. A transcript that goes
// on from another one begins behind it (firstID): a device remembers its last 32
// ids for a minute, and answers a repeat without acting (protocol §2).
func (t *T) nextID() int64 {
	t.asked++
	return t.id(t.asked)
}

func (t *T) id(n int64) int64 { return (t.Header.FirstID+int64(t.first)*idsPerRecord+n)%mostID + 1 }

const (
	idsPerRecord = 1000
	mostID       = 1<<31 - 1
)

// newFirstID is where the ids of a new run begin: somewhere else each time, so
// that the next run of the same device does not ask what the last one asked.
func newFirstID(seed uint64, now time.Time) int64 {
	return rand.New(rand.NewPCG(seed, uint64(now.UnixNano()))).Int64N(mostID-1) + 1
}

// nextFirstID is where they begin in a transcript that goes on from others.
func nextFirstID(first int64, earlier [][]*transcript.Record) int64 {
	for _, records := range earlier {
		first += int64(len(records)+1) * idsPerRecord
	}
	return first % mostID
}

// gave says whether this attempt gave an id to a request.
func (t *T) gave(id int64) bool {
	for n := int64(1); n <= t.asked; n++ {
		if t.id(n) == id {
			return true
		}
	}
	return false
}

// Request sends a request without waiting for its answer, and returns its id.
func (t *T) Request(method string, params json.RawMessage) int64 {
	id := t.nextID()
	t.SendRequest(miot.Call(id, method, params).Payload())
	return id
}

// SendRequest publishes any bytes on the device's request topic, at QoS 1.
func (t *T) SendRequest(payload []byte) {
	t.Do(bench.Request{Payload: string(payload), QoS: 1})
}

// Answer says whether an event is the answer to the request of that id.
func Answer(id int64) Match {
	return func(e *Event) bool { return e.Response != nil && e.Response.ID == id }
}

// Ask sends a request and waits AnswerLimit for its answer. It judges nothing.
func (t *T) Ask(method string, params json.RawMessage) Reply {
	id := t.Request(method, params)
	sent := t.now
	e := t.Await(AnswerLimit, Answer(id))
	if e == nil {
		return Reply{ID: id}
	}
	return Reply{ID: id, Event: e, Took: e.At - sent, R: e.Response}
}

// MustAsk is Ask with the check that an answer came; without one the case (or
// member) ends.
func (t *T) MustAsk(method string, params json.RawMessage) Reply {
	r := t.Ask(method, params)
	if !t.Check(r.R != nil, fmt.Sprintf("an answer to %s within %v", method, AnswerLimit), "none") {
		t.Stop()
	}
	return r
}

// Get reads properties of the device; one result per reference, or none when
// the device did not answer as protocol §2 wants, which fails the case.
func (t *T) Get(refs ...miot.PropertyRef) []miot.ItemResult {
	r := t.MustAsk(miot.MethodGetProperties, miot.GetProperties(0, refs).Params)
	return t.items(r, len(refs))
}

// Set writes properties of the device.
func (t *T) Set(values ...miot.PropertyValue) []miot.ItemResult {
	r := t.MustAsk(miot.MethodSetProperties, miot.SetProperties(0, values).Params)
	return t.items(r, len(values))
}

func (t *T) items(r Reply, n int) []miot.ItemResult {
	if !t.Check(r.R.Error == nil && len(r.R.Results) == n, fmt.Sprintf("%d item results", n), r.describe(), r.Event) {
		t.Stop()
	}
	return r.R.Results
}

// Invoke runs an action.
func (t *T) Invoke(siid, aiid int, in ...miot.Argument) Reply {
	call := miot.ActionCall{DID: t.Header.DID, SIID: siid, AIID: aiid, In: in}
	return t.MustAsk(miot.MethodAction, miot.InvokeAction(0, call).Params)
}

// Code is the one code of an answer: of the call, of the action, or of the only item.
func (r Reply) Code() (miot.Code, bool) {
	switch {
	case r.R == nil:
		return 0, false
	case r.R.Error != nil:
		return r.R.Error.Code, true
	case len(r.R.Results) == 1:
		return r.R.Results[0].Code, true
	case r.R.Action != nil:
		return r.R.Action.Code, true
	}
	return 0, false
}

func (r Reply) describe() string {
	switch {
	case r.R == nil:
		return "no answer"
	case r.R.Error != nil:
		return "error " + r.R.Error.Code.String()
	case r.R.Results != nil:
		return fmt.Sprintf("%d item results", len(r.R.Results))
	}
	return "result " + clip(string(r.R.Result), 120)
}

// Refused judges a refusal by its meaning: accepted is a FAIL, refused with the
// wrong meaning a WARN.
func (t *T) Refused(code miot.Code, want ...miot.Meaning) {
	t.result.Checks++
	if code.OK() {
		t.Failf("accepted with code %s, should be refused as %s", code, want[0])
		return
	}
	for _, m := range want {
		if code.Meaning() == m {
			return
		}
	}
	t.Warnf("refused with code %s, should be refused as %s", code, want[0])
}

// Ref names a property of the device itself.
func (t *T) Ref(siid, piid int) miot.PropertyRef {
	return miot.PropertyRef{DID: t.Header.DID, SIID: siid, PIID: piid}
}

// Val is a property of the device itself with a value to set.
func (t *T) Val(siid, piid int, v json.RawMessage) miot.PropertyValue {
	return miot.PropertyValue{DID: t.Header.DID, SIID: siid, PIID: piid, Value: v}
}
