package suite

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// Each unit SHALL have its own key and secret, not derivable from its MAC
		// address or serial number.
		&Case{
			ID: "SEC-01", Version: 1, Requirement: "SEC-01", Title: "Each unit has a secret of its own", Level: Mandatory,
			Needs: Needs{SecondUnit: true},
			Hint:  "Draw 256 random bits for each unit in the factory; a hash of the MAC address is no secret.",
			Run:   sec01,
		},
		// Open ports SHALL equal the declaration, without telnet and without
		// unauthenticated administration.
		&Case{
			ID: "SEC-02", Version: 1, Requirement: "SEC-02", Title: "Open ports are as declared", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "Build without the debug server; declare each port that stays open, and put a login before it.",
			Run:   sec02,
		},
		// A command meant for another did SHALL NOT act.
		&Case{
			ID: "SEC-03", Version: 1, Requirement: "SEC-03", Title: "A command for another device does not act", Level: Mandatory,
			Hint: "Compare both the did in the topic and that of each item with the device's own (or a bound sub-device's).",
			Run:  sec03,
		},
		// An old command SHALL NOT act again.
		&Case{
			ID: "SEC-04", Version: 1, Requirement: "SEC-04", Title: "A replayed command does not act again", Level: Mandatory,
			Hint: "The memory of the last 32 request ids has to outlive the connection.",
			Run:  sec04,
		},
		// No secret SHALL appear in payloads, logs or open HTTP.
		&Case{
			ID: "SEC-05", Version: 1, Requirement: "SEC-05", Title: "No secret crosses the wire but in CONNECT", Level: Mandatory,
			Hint:    "Leave keys and tokens out of every answer and report; the login secret belongs in CONNECT's password and nowhere else.",
			Monitor: sec05,
		},
		// A factory reset SHALL erase owner, settings and the configured login secret,
		// and keep the factory identity.
		&Case{
			ID: "SEC-06", Version: 1, Requirement: "SEC-06", Title: "A factory reset erases what was configured", Level: Mandatory,
			Needs: Needs{Hand: true},
			Hint:  "Erase the settings partition and the configured secret, keep did and factory key, start anew.",
			Run:   sec06,
		},
		// The local interface of an unbound device SHALL refuse control.
		&Case{
			ID: "SEC-07", Version: 1, Requirement: "SEC-07", Title: "Unbound, it refuses local control", Level: Conditional,
			Needs: Needs{Hand: true},
			Hint:  "Without an owner there is nobody to obey: answer only what binding needs.",
			Run:   sec07,
		},
		// A device key SHALL be EC of 256 bits or RSA of 2,048 bits or more, its
		// certificate in date.
		&Case{
			ID: "SEC-08", Version: 1, Requirement: "SEC-08", Title: "The device key is strong, its certificate in date", Level: Conditional,
			Hint: "Make a P-256 key in the secure element and a certificate that outlives the support period.",
			Run:  sec08,
		},
		// The maker SHALL give a contact for disclosure, a support period and a
		// software bill of materials.
		&Case{
			ID: "SEC-09", Version: 1, Requirement: "SEC-09", Title: "Contact, support period and bill of materials", Level: Mandatory,
			Needs: Needs{Offline: true},
			Hint:  "Submit the SBOM (SPDX or CycloneDX) and the disclosure policy, and declare disclosure_contact and support_until.",
			Run:   sec09,
		},
		// Debug ports SHALL be closed or declared.
		&Case{
			ID: "SEC-10", Version: 1, Requirement: "SEC-10", Title: "Debug ports are closed or declared", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "Burn the fuses for JTAG and SWD, leave the UART pads without a shell, and say in debug_ports what is there.",
			Run:   sec10,
		},
	)
}

func sec03(t *T) {
	t.Ready(ConnectLimit)
	mark := t.Wire
	foreign := "device/" + t.OtherDID() + "/down/request"
	w, ok := t.witness()
	if !ok {
		id := t.nextID()
		method, params := t.harmlessRead()
		t.Step("a request on the topic of another device, %s", foreign)
		t.Do(bench.Publish{Topic: foreign, Request: bench.Request{Payload: string(miot.Call(id, method, params).Payload()), QoS: 1}})
		t.Never(repeatPatience, "an answer to what was sent to "+foreign, Answer(id))
		t.Alive(mark, 0)
		return
	}
	t.Step("a write with another did in its item")
	payload := t.writeAs(w, t.OtherDID())
	t.SendRequest(payload)
	t.refusedForeign(payload)
	t.untouched(w, "a write for another did")
	t.Step("a write on the topic of another device, %s", foreign)
	t.Do(bench.Publish{Topic: foreign, Request: bench.Request{Payload: string(t.write(w)), QoS: 1}})
	t.Idle(repeatPatience, nil)
	t.untouched(w, "a write sent to "+foreign)
	t.Alive(mark, 0)
}

// refusedForeign judges the answer to a write for another did, where there is one.
func (t *T) refusedForeign(payload []byte) {
	request, err := miot.ParseRequest(payload)
	if err != nil {
		panic(err)
	}
	e := t.Await(repeatPatience, Answer(request.ID))
	if e == nil {
		return // silence is allowed
	}
	r := Reply{ID: request.ID, Event: e, R: e.Response}
	if code, ok := r.Code(); t.Check(ok, "a refusal or silence", r.describe(), e) {
		t.Refused(code, miot.MeaningWrongDID)
	}
}

func sec04(t *T) {
	t.Calm()
	w, ok := t.witness()
	if !ok {
		t.NotApplicable("no property can be written and read: nothing would show that a command acted again")
	}
	payload := t.write(w)
	request, err := miot.ParseRequest(payload)
	if err != nil {
		panic(err)
	}
	t.SendRequest(payload)
	sent := t.now
	if !t.Check(t.Await(AnswerLimit, Answer(request.ID)) != nil, "an answer to the command that is replayed later", "none") {
		return
	}
	t.Set(t.Val(w.p.SIID, w.p.PIID, w.held))
	t.Step("%s was set to %s and then to %s; after a reconnect the first command is replayed", label(w.p), shown(w.other), shown(w.held))
	t.dropped(bench.DropClose)
	if t.now-sent > ReplayWindow-AnswerLimit {
		t.Inconclusivef("the device was away for so long that the command is older than the %v for which it must be remembered", ReplayWindow)
		return
	}
	mark := t.Wire
	t.SendRequest(payload)
	t.Idle(repeatPatience, nil)
	t.untouched(w, "the replayed command")
	t.Alive(mark, 0)
}

func sec08(t *T) {
	if t.Header.Transport != bench.MTLS {
		t.NotApplicable("the device logs in with a secret: it has no key for mutual TLS")
	}
	t.Ready(returnLimit)
	t.Drop(bench.DropClose)
	e := t.Expect(returnLimit, "a handshake with a client certificate", func(e *Event) bool {
		return e.Kind == transcript.KindTLS && strings.Contains(string(e.Data), `"client_key"`)
	})
	if e == nil {
		return
	}
	var facts transcript.TLS
	if err := json.Unmarshal(e.Data, &facts); err != nil {
		t.Inconclusivef("the handshake's record cannot be read: %v", err)
		return
	}
	kind, size, _ := strings.Cut(facts.ClientKey, " ")
	bits, _ := strconv.Atoi(size)
	least := map[string]int{"ECDSA": leastECKey, "Ed25519": leastECKey, "RSA": leastRSAKey}[kind]
	t.Check(least > 0 && bits >= least, fmt.Sprintf("an EC key of %d bits or an RSA key of %d bits, or more", leastECKey, leastRSAKey), facts.ClientKey, e)
	now := t.Header.Began.Add(e.At)
	from, errFrom := time.Parse(time.RFC3339, facts.NotBefore)
	until, errUntil := time.Parse(time.RFC3339, facts.NotAfter)
	t.Check(errFrom == nil && errUntil == nil && !now.Before(from) && !now.After(until),
		"a certificate that is in date on "+now.UTC().Format(time.RFC3339), "from "+facts.NotBefore+" to "+facts.NotAfter, e)
	t.Check(facts.ClientCN == t.Header.DID, "a certificate for the did "+quoted(t.Header.DID), quoted(facts.ClientCN), e)
	t.Ready(returnLimit)
}
