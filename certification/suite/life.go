package suite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// A will, if any, SHALL be on the device's own topics only.
		&Case{
			ID: "LIFE-01", Version: 1, Requirement: "LIFE-01", Title: "A last will stays at home", Level: Mandatory,
			Hint: "No will is needed: the gateway sees a lost connection itself. One that is set names a topic of device/{did}/up/.",
			Run:  life01,
		},
		// It SHALL subscribe and answer miIO.info soon after CONNACK.
		&Case{
			ID: "LIFE-02", Version: 1, Requirement: "LIFE-02", Title: "Subscribes and tells who it is", Level: Mandatory,
			Hint: "SUBSCRIBE follows CONNACK at once; miIO.info answers model and fw_ver as declared.",
			Run:  life02,
		},
		// A power cut SHALL show as offline, power back as online.
		&Case{
			ID: "LIFE-03", Version: 1, Requirement: "LIFE-03", Title: "Power shows in presence", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "Without power nothing is sent; with power back the device is subscribed within the declared boot time.",
			Run:   life03,
		},
		// State SHALL be right after flapping.
		&Case{
			ID: "LIFE-04", Version: 1, Requirement: "LIFE-04", Title: "State after flapping", Level: Mandatory,
			Hint: "Report the full state after every connect, as it is then: what was queued for the connection before is old.",
			Run:  life04,
		},
	)
}

func life01(t *T) {
	t.Ready(returnLimit)
	will := t.Wire.Connect.Will
	if will == nil {
		t.Check(true, "no will, or one on an own topic", "")
		return
	}
	own := []string{t.topics.properties, t.topics.event, t.topics.response}
	t.Check(slices.Contains(own, will.Topic), "a will on one of "+strings.Join(own, ", "), quoted(will.Topic))
}

func life02(t *T) {
	if t.Wire.Conn == 0 {
		t.Expect(RetryLimit, "a connect", accepted)
	}
	if !t.Check(t.AwaitReady(ReadyLimit), "a subscription that covers "+t.topics.request, "none") {
		t.Stop()
	}
	took := t.Wire.ReadyAt - t.Wire.AcceptedAt
	t.Check(took <= ReadyLimit, fmt.Sprintf("subscribed within %v of CONNACK", ReadyLimit), took.String())
	id := t.Request(miot.MethodInfo, nil)
	e := t.Await(InfoLimit, Answer(id))
	if !t.Check(e != nil, fmt.Sprintf("an answer to %s within %v", miot.MethodInfo, InfoLimit), "none") {
		return
	}
	var info struct {
		Model    string `json:"model"`
		Firmware string `json:"fw_ver"`
	}
	if !t.Check(e.Response.Error == nil && json.Unmarshal(e.Response.Result, &info) == nil, "a result of "+miot.MethodInfo, clip(e.P.Payload, 200), e) {
		return
	}
	t.Check(info.Model == t.Declaration.Model, "model "+quoted(t.Declaration.Model)+" as declared", quoted(info.Model), e)
	t.Check(info.Firmware == t.Declaration.Firmware, "fw_ver "+quoted(t.Declaration.Firmware)+" as declared", quoted(info.Firmware), e)
}

func life03(t *T) {
	t.powered()
	t.Ready(returnLimit)
	mark, limit := t.Wire, t.goneLimit()
	_, off := t.AskOperator(bench.Question{Kind: bench.PowerOff, Text: "Cut the power of the device and answer in that moment."})
	var sign *Event
	t.Idle(limit, func(e *Event) {
		// A gateway takes a device for offline after 1.5 keep-alives of silence.
		if e.Dir == transcript.In && e.At > off+MuteGrace {
			sign = e
		}
	})
	t.Check(sign == nil, fmt.Sprintf("no sign of life later than %v after the power was cut, so that it is offline within %v", MuteGrace, limit), signOf(sign), sign)
	boot := min(time.Duration(t.Declaration.BootTime), OnlineLimit)
	_, on := t.AskOperator(bench.Question{Kind: bench.PowerOn, Text: "Switch the device on again and answer in that moment."})
	t.Check(t.AwaitReturn(mark, boot-(t.now-on)), fmt.Sprintf("online within %v of power", boot), t.absence(mark))
}

func signOf(e *Event) string {
	if e == nil {
		return ""
	}
	return e.describe()
}

// life04 changes a property in the very moment of the first drop, so that its
// report is lost, or sent into a connection that is gone.
func life04(t *T) {
	const flaps = 10
	t.Ready(returnLimit)
	still := t.stillReported()
	if len(still) == 0 {
		t.NotApplicable("the spec has no property that is reported, can be read and holds still")
	}
	before := t.settings()
	if i := slices.IndexFunc(still, t.settable); i >= 0 {
		t.changeAndGo(still[i])
	}
	t.Step("%d connects, each dropped at once", flaps)
	t.Fault(bench.Fault{Drop: &bench.DropAfter{}})
	for n := range flaps {
		e := t.Await(returnLimit, accepted)
		if !t.Check(e != nil, fmt.Sprintf("connect %d of %d within %v", n+1, flaps, returnLimit), "none") {
			t.Back()
			return
		}
		t.Await(ReadyLimit, closed(e.Conn))
	}
	h := t.hear()
	defer h.stop()
	t.Heal()
	if !t.Check(t.Await(returnLimit, accepted) != nil, "a connect after the flapping", "none") {
		return
	}
	t.stateTold(h, still, t.now+StateLimit)
	t.restore(before)
}

// changeAndGo sends a write without waiting for what comes of it: its report falls
// into the first drop.
func (t *T) changeAndGo(p *miot.PropertyRule) {
	now, _ := miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
	if raw, ok := t.another(p, now); ok {
		t.Request(miot.MethodSetProperties, miot.SetProperties(0, []miot.PropertyValue{t.Val(p.SIID, p.PIID, raw)}).Params)
	}
}

// stillReported are the properties of which the gateway has to know what they
// are: reported, readable, and not such as change by themselves.
func (t *T) stillReported() []*miot.PropertyRule {
	return slices.DeleteFunc(slices.Clone(t.Rules.Properties()), func(p *miot.PropertyRule) bool {
		return !p.Notify || !p.Readable || t.Declaration.Volatile(p)
	})
}

// stateTold checks that each of the properties is reported until a moment of the run,
// and that its last report is what it reads back as.
func (t *T) stateTold(h *hearing, props []*miot.PropertyRule, latest time.Duration) {
	missing := func() string {
		for _, p := range props {
			if _, ok := h.last(p); !ok {
				return label(p)
			}
		}
		return ""
	}
	limit := latest - t.now
	if !t.Check(t.until(latest, func() bool { return missing() == "" }), fmt.Sprintf("every reported property within %v of the connect", limit), "no report of "+missing()) {
		return
	}
	var refs []miot.PropertyRef
	for _, p := range props {
		refs = append(refs, t.Ref(p.SIID, p.PIID))
	}
	for _, part := range t.split(refs) {
		results := t.Get(part...)
		for i, res := range results {
			p, _ := t.Rules.Property(part[i].SIID, part[i].PIID)
			got, _ := miot.DecodeValue(res.Value)
			same := func() bool { last, ok := h.last(p); return ok && last.Value.Equal(got) }
			ok := t.until(max(latest, t.now), same)
			last, _ := h.last(p)
			t.Check(ok, fmt.Sprintf("the last report of %s to be what it reads back as: %s", label(p), shown(res.Value)), shown(last.Raw), last.Event)
		}
	}
}
