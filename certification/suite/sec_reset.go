package suite

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

// resetSettings is how many settings SEC-06 changes.
const resetSettings = 5

// sec06 resets the device twice: what it holds after the first time is its default.
// In between it is given settings and a login secret of its own.
func sec06(t *T) {
	t.resettable()
	t.Ready(ConnectLimit)
	t.Step("the device is reset, to see what it holds by default")
	t.reset()
	byDefault := t.settings()
	t.unsettle()
	secret := t.Wire.Connect != nil && t.Wire.Connect.Password != ""
	if secret {
		t.configure()
	}
	t.Step("the device is reset again, which has to erase all that")
	var logins []*Event
	stop := t.Observe(func(e *Event) {
		if e.Is(transcript.In, "CONNECT") {
			logins = append(logins, e)
		}
	})
	defer stop()
	t.reset()
	for _, v := range t.changed(byDefault, t.settings()) {
		t.Check(false, fmt.Sprintf("%s at its default, %s, after a factory reset", MemberName(v.SIID, v.PIID), shown(v.Value)), "another value", t.last)
	}
	t.Check(true, "the settings at their defaults", "")
	t.dropped(bench.DropClose)
	for _, e := range logins {
		if secret {
			t.Check(e.P.Password == marked(factorySecret), "a login with the factory key after a factory reset", e.P.Password, e)
		}
		t.Check(e.P.ClientID == t.Header.DID, "the factory did "+t.Header.DID+" after a factory reset", e.P.ClientID, e)
	}
	t.Alive(t.Wire, 0)
}

// marked is how a transcript shows a secret.
func marked(name string) string { return "«secret:" + name + "»" }

// resettable skips what nobody can do.
func (t *T) resettable() {
	if t.Declaration.FactoryReset != "request" {
		t.person("the factory reset is done at the device: " + t.Declaration.FactoryReset)
	}
}

// reset brings the device to its factory state and back to the bench. Where it
// forgets its network, somebody has to join it again.
func (t *T) reset() {
	mark := t.Wire
	if t.Declaration.FactoryReset == "request" {
		r := t.Ask(miot.MethodRestore, nil)
		t.Check(r.R != nil && r.R.Error == nil, "an answer to "+miot.MethodRestore+", before it is done", r.describe(), r.Event)
	} else {
		t.Operator(bench.Question{Kind: bench.ResetKey, Text: "Reset the device to its factory state: " + t.Declaration.FactoryReset + ". Then join it to the network again if it has forgotten that."})
	}
	if t.AwaitReturn(mark, RestoreLimit) {
		return
	}
	if t.Header.Operator != "" {
		t.Operator(bench.Question{Kind: bench.Confirm, Text: "The device was reset and has not come back. Join it to the network again."})
		if t.AwaitReturn(mark, RestoreByHand) {
			return
		}
	}
	t.Skip("the device did not come back after a factory reset: somebody has to join it to the network again (%s)", t.absence(mark))
}

// unsettle gives some settings other values.
func (t *T) unsettle() {
	n := 0
	for _, p := range t.witnesses() {
		v, err := miot.DecodeValue(t.Get(t.Ref(p.SIID, p.PIID))[0].Value)
		if err != nil || n == resetSettings {
			continue
		}
		if raw, ok := t.another(p, v); ok {
			if code, ok := t.askSet(p, raw).Code(); ok && code.OK() {
				n++
			}
		}
	}
	t.Step("%s changed", plural(n, "setting"))
}

// configure gives the device a login secret, which it uses from its next login on.
func (t *T) configure() {
	params, err := json.Marshal(map[string]string{"secret": marked(configuredSecret)})
	if err != nil {
		panic(err)
	}
	used := false
	stop := t.Observe(func(e *Event) {
		used = used || e.Is(transcript.In, "CONNECT") && e.P.Password == marked(configuredSecret)
	})
	defer stop()
	mark := t.Wire
	r := t.Ask(miot.MethodConfigKey, params)
	if !t.Check(r.R != nil && r.R.Error == nil, "a login secret taken by "+miot.MethodConfigKey, r.describe(), r.Event) {
		return
	}
	if !t.AwaitReturn(mark, ConnectLimit) {
		t.dropped(bench.DropClose) // it keeps the connection, which is its right
	}
	password := ""
	if t.Wire.Connect != nil {
		password = t.Wire.Connect.Password
	}
	t.Check(used, "a login with the configured secret", "a login with "+strings.Trim(password, "«»"))
}

// sec07 is done by hand: the bench does not reach the local interface.
func sec07(t *T) {
	local := t.Declaration.LocalInterface
	if local == "" {
		t.NotApplicable("the declaration says that the device has no local interface")
	}
	t.person("the local interface has to be tried: " + local)
	t.resettable()
	t.Ready(ConnectLimit)
	t.Step("the device is reset, so that nobody owns it")
	t.reset()
	w, ok := t.witness()
	if !ok {
		t.NotApplicable("no property can be written and read")
	}
	t.confirmed(bench.Question{
		Kind: bench.Confirm, Evidence: "pcap", SIID: w.p.SIID, PIID: w.p.PIID, Value: w.other, Timeout: 30 * time.Minute,
		Text: fmt.Sprintf("The device has no owner now. Try to set %s to %s over its local interface (%s), without any login, and capture it. Was it refused?", label(w.p), shown(w.other), local),
	}, "local control refused while the device has no owner")
	t.untouched(w, "the local control of an unbound device")
}
