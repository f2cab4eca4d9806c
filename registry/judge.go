package registry

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// arrived is a report on its way to the store.
type arrived struct {
	live  *Live
	known *known
	done  func(Outcome)
	at    time.Time // received
	seen  []Seen    // what the store remembered of this did, with the first report of a connection

	report  Report  // Items: the accepted ones
	one     [1]Item // where the item of most reports lies
	refused []refusal
	repeat  bool
}

// refusal is one item, or one whole message, that broke a rule: whose it was,
// what was offered, and the answer for down/error.
type refusal struct {
	did       string
	siid, iid int
	rule      string
	value     []byte
	answer    miot.ReportError
}

// The accepted span of a report's own time stamp (protocol §2).
const (
	tsPast   = 24 * time.Hour
	tsFuture = 2 * time.Second
)

// judge splits a message into what the spec accepts and what it refuses. It is
// a pure function of the message, the device's record and the receive time.
func (in *arrived) judge(a Arrival) {
	in.report = Report{
		Fingerprint: fingerprint(a.Method, a.Payload),
		Method:      a.Method, At: in.at, Quality: QualityGood,
	}
	rep, err := miot.ParseReport(a.Method, a.Payload)
	in.report.ID = rep.ID
	if err != nil {
		in.refuseMessage(err, a.Payload)
		return
	}
	in.report.At, in.report.Quality = valueTime(rep.TS, in.at)
	in.report.Items = in.one[:0]
	if len(rep.Items) > 1 {
		in.report.Items = make([]Item, 0, len(rep.Items))
	}
	for i := range rep.Items {
		in.judgeItem(&rep.Items[i])
	}
}

func (in *arrived) refuseMessage(err error, payload []byte) {
	bad := &miot.MessageError{Code: miot.CodeInternal, Message: err.Error()}
	errors.As(err, &bad)
	rule := "json-rpc"
	if bad.Code == miot.CodeParse {
		rule = "json"
	}
	in.report.ID = bad.ID
	in.refused = append(in.refused, refusal{did: in.live.did, rule: rule, value: payload, answer: miot.RefuseReport(bad)})
}

func (in *arrived) judgeItem(it *miot.Item) {
	k, known := in.owner(it.DID)
	switch {
	case it.Fault != "":
		if !known {
			k = in.known
		}
		in.refuse(k, it, &miot.Violation{Code: miot.CodeInvalidParams, Rule: "item", Message: it.Fault})
		return
	case !known:
		in.refuse(in.known, it, &miot.Violation{
			Code: miot.CodeWrongDID, Rule: "did", SIID: it.SIID, IID: it.IID,
			Message: "did " + quote(it.DID) + " is neither the sender nor one of its sub-devices",
		})
		return
	}
	item := Item{DID: k.device.DID, SIID: it.SIID, IID: it.IID}
	var bad *miot.Violation
	if in.report.Method == MethodEvent {
		_, bad = k.validator.CheckEvent(it.SIID, it.IID, it.Arguments)
		item.Arguments = arguments(it.Arguments)
	} else {
		_, bad = k.validator.CheckReport(it.SIID, it.IID, it.Value)
		item.Value = it.Value
	}
	if bad != nil {
		in.refuse(k, it, bad)
		return
	}
	in.report.Items = append(in.report.Items, item)
}

func (in *arrived) refuse(k *known, it *miot.Item, bad *miot.Violation) {
	did := k.device.DID
	sub := ""
	if did != in.live.did {
		sub = did
	}
	r := refusal{did: did, siid: it.SIID, iid: it.IID, rule: bad.Rule, value: it.Value}
	if in.report.Method == MethodEvent {
		r.answer, r.value = miot.RefuseEvent(in.report.ID, bad, sub), arguments(it.Arguments)
	} else {
		r.answer = miot.RefuseProperty(in.report.ID, bad, sub)
	}
	in.refused = append(in.refused, r)
}

// owner is the device an item speaks of: the sender or one of its sub-devices.
func (in *arrived) owner(did string) (*known, bool) {
	if did == in.live.did {
		return in.known, true
	}
	k, ok := in.known.children[did]
	return k, ok
}

func arguments(args []miot.Argument) json.RawMessage {
	if len(args) == 0 {
		return json.RawMessage("[]")
	}
	b, err := json.Marshal(args)
	if err != nil { // a value that is no JSON; CheckEvent refuses it
		return nil
	}
	return b
}

// valueTime takes the device's own time where it is believable.
func valueTime(ts *int64, received time.Time) (time.Time, Quality) {
	if ts == nil {
		return received, QualityGood
	}
	t := time.UnixMilli(*ts)
	if t.Before(received.Add(-tsPast)) || t.After(received.Add(tsFuture)) {
		return received, QualityLate
	}
	return t, QualityGood
}
