package suite

import (
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func init() {
	register(
		// The device SHALL open MQTT 3.1.1 or 5.0 with its own id.
		&Case{
			ID: "CONN-01", Version: 1, Requirement: "CONN-01", Title: "CONNECT with its own id", Level: Mandatory,
			Hint: "Send CONNECT right after the handshake, as MQTT 3.1.1 or 5.0; client id and user name are the did.",
			Run:  conn01,
		},
		// Refused credentials SHALL NOT cause a tight loop, nor another credential to be tried.
		&Case{
			ID: "CONN-07", Version: 1, Requirement: "CONN-07", Title: "Backs off when its credentials are refused", Level: Mandatory,
			Hint: "CONNACK 4 or 5 is a failure like any other: back off, and stay with the one credential that was configured.",
			Run:  conn07,
		},
		// CONNACK 1, 2 and 3 likewise.
		&Case{
			ID: "CONN-08", Version: 1, Requirement: "CONN-08", Title: "Backs off when it is refused otherwise", Level: Mandatory,
			Hint: "CONNACK 1, 2 or 3 is a failure like any other: back off, and do not try another protocol version or client id.",
			Run:  conn08,
		},
	)
}

func conn01(t *T) {
	// A device that is refused, or never gets ready, is judged by what it said.
	t.until(t.now+RetryLimit, func() bool { return t.Wire.Connect != nil || t.Wire.Breach != "" })
	c, g := t.Wire.Connect, t.Wire.Greeting
	t.Check(t.Wire.Breach == "", "no breach of MQTT", t.Wire.Breach)
	if !t.Check(c != nil, "a CONNECT", plural(t.Wire.Attempts, "connection")+" without one") {
		return
	}
	level := byte(4)
	if t.Declaration.MQTT == "5.0" {
		level = 5
	}
	t.Check(c.Version == level, fmt.Sprintf("MQTT %s (level %d) as declared", t.Declaration.MQTT, level), fmt.Sprintf("level %d", c.Version))
	took := g.Connected - g.Secured
	t.Check(took <= ConnectLimit, fmt.Sprintf("CONNECT within %v of the connection", ConnectLimit), took.Round(time.Millisecond).String())
	t.Check(c.ClientID == t.Header.DID, "the did as client id: "+quoted(t.Header.DID), quoted(c.ClientID))
	if t.Header.Transport != bench.MTLS || c.Username != "" {
		t.Check(c.Username == t.Header.DID, "the did as user name: "+quoted(t.Header.DID), quoted(c.Username))
	}
}

func conn07(t *T) {
	const badCredentials, notAuthorized = 4, 5
	t.Ready(returnLimit)
	own := t.credentials()
	var other *Event
	stop := t.Observe(func(e *Event) {
		if e.Is(transcript.In, "CONNECT") && (e.P.Password != own.Password || e.P.Username != own.Username || e.P.ClientID != own.ClientID) {
			other = e
		}
	})
	defer stop()
	t.ladders(
		func() (Ladder, bool) { return t.climb(bench.Fault{ConnackCode: badCredentials}, nil) },
		func() (Ladder, bool) { return t.climb(bench.Fault{ConnackCode: notAuthorized}, nil) },
	)
	if other != nil {
		t.Check(false, "the same credential in each CONNECT: "+shownLogin(own), shownLogin(other.P), other)
	}
}

// credentials are those of the last CONNECT.
func (t *T) credentials() *transcript.Packet { return t.Wire.Connect }

// shownLogin is a login as findings quote it; the transcript holds no password.
func shownLogin(p *transcript.Packet) string {
	password := p.Password
	if password == "" {
		password = "no password"
	}
	return fmt.Sprintf("client id %q, user name %q, %s", p.ClientID, p.Username, password)
}

// conn08 takes turns: a single refusal of each kind would show no backoff.
func conn08(t *T) {
	turn := func(n int) bench.Fault { return bench.Fault{ConnackCode: byte(n%3 + 1)} }
	climb := func() (Ladder, bool) {
		return t.climb(turn(0), func(n int) { t.Fault(turn(n)) })
	}
	t.ladders(climb, climb)
}
