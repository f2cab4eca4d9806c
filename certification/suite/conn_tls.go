package suite

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// It SHALL offer TLS 1.2 or higher with ECDHE and AEAD, and nothing broken.
		&Case{
			ID: "CONN-02", Version: 1, Requirement: "CONN-02", Title: "What the device offers in TLS", Level: Mandatory,
			Needs: Needs{TLS: true},
			Hint:  "Offer TLS 1.2 or 1.3 with ECDHE and AES-GCM or ChaCha20-Poly1305 suites only, and the configured host name as SNI.",
			Run:   conn02,
		},
		// It SHALL reject a server certificate from an unknown CA.
		&Case{
			ID: "CONN-03", Version: 1, Requirement: "CONN-03", Title: "Rejects a certificate of an unknown CA", Level: Mandatory,
			Needs: Needs{TLS: true},
			Hint:  "Verify the chain up to the configured CA by its key, not by its name, and close before any MQTT.",
			Run:   func(t *T) { t.rejects(bench.CertUnknownCA) },
		},
		// … a wrong SAN.
		&Case{
			ID: "CONN-04", Version: 1, Requirement: "CONN-04", Title: "Rejects a certificate for another name", Level: Mandatory,
			Needs: Needs{TLS: true},
			Hint:  "Set the host name in the TLS library (mbedtls_ssl_set_hostname): without it the name is not compared.",
			Run:   func(t *T) { t.rejects(bench.CertWrongName) },
		},
		// … an expired or not yet valid one.
		&Case{
			ID: "CONN-05", Version: 1, Requirement: "CONN-05", Title: "Rejects a certificate out of its dates", Level: Mandatory,
			Needs: Needs{TLS: true},
			Hint:  "Set the clock before TLS, and build the TLS library with date checks (MBEDTLS_HAVE_TIME_DATE).",
			Run:   func(t *T) { t.rejects(bench.CertExpired); t.rejects(bench.CertNotYet) },
		},
		// It SHALL never fall back to plaintext, anonymous or another host.
		&Case{
			ID: "CONN-06", Version: 1, Requirement: "CONN-06", Title: "Never falls back", Level: Mandatory,
			Needs: Needs{TLS: true, Hand: true},
			Hint:  "There is one host, one port, one credential, and TLS: no fallback for when they do not answer.",
			Run:   conn06,
		},
		// It SHOULD take a long chain.
		&Case{
			ID: "CONN-09", Version: 1, Requirement: "CONN-09", Title: "Takes a long chain", Level: Optional,
			Needs: Needs{TLS: true},
			Hint:  "A chain of three RSA-4096 certificates has 8 KB: the handshake buffer has to hold it, and RSA-4096 to be built in.",
			Run:   conn09,
		},
		// It SHOULD receive TLS records of 16,384 bytes.
		&Case{
			ID: "CONN-10", Version: 1, Requirement: "CONN-10", Title: "Takes the largest TLS record", Level: Optional,
			Needs: Needs{TLS: true},
			Hint:  "An incoming record may have 16,384 bytes (MBEDTLS_SSL_IN_CONTENT_LEN), whatever the device uses of it.",
			Run:   conn10,
		},
	)
}

// Parts of the names of suites that nobody may offer: CBC with DES covers 3DES.
var brokenSuites = []string{"_NULL_", "_EXPORT", "_anon_", "_RC4_", "_DES_", "_DES40_", "_3DES_", "_RC2_"}

const tls12, tls13 = 0x0303, 0x0304

func conn02(t *T) {
	if t.Wire.Hello == nil {
		t.Await(RetryLimit, func(*Event) bool { return t.Wire.Hello != nil })
	}
	h := t.Wire.Hello
	if !t.Check(h != nil, "a ClientHello", "none") {
		return
	}
	v13 := slices.Contains(h.Versions, tls13)
	t.Check(v13 || slices.Contains(h.Versions, tls12), "TLS 1.2 or 1.3 offered", versions(h.Versions))
	t.Advise(!slices.ContainsFunc(h.Versions, func(v uint16) bool { return v < tls12 }), "nothing below TLS 1.2 offered", versions(h.Versions))
	var broken, good []string
	for _, name := range h.Names {
		switch {
		case slices.ContainsFunc(brokenSuites, func(part string) bool { return strings.Contains(name, part) }):
			broken = append(broken, name)
		case strings.Contains(name, "_ECDHE_") && aead(name), v13 && tls13Suite(name):
			good = append(good, name)
		}
	}
	t.Check(len(good) > 0, "a suite with ECDHE and AEAD", strings.Join(h.Names, ", "))
	t.Check(len(broken) == 0, "no NULL, EXPORT, anonymous, RC4, DES or 3DES suite", strings.Join(broken, ", "))
	if want := t.Header.ServerName; want != "" && net.ParseIP(want) == nil { // RFC 6066: no address is sent as SNI
		t.Check(strings.EqualFold(h.ServerName, want), "the configured name "+quoted(want)+" as SNI", quoted(h.ServerName))
	}
}

func aead(suite string) bool {
	return strings.Contains(suite, "_GCM_") || strings.Contains(suite, "_CCM") || strings.Contains(suite, "CHACHA20_POLY1305")
}

// tls13Suite: those of TLS 1.3 name no key exchange, which is always ephemeral.
func tls13Suite(suite string) bool { return aead(suite) && !strings.Contains(suite, "_WITH_") }

func versions(list []uint16) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = fmt.Sprintf("%#04x", v)
	}
	return strings.Join(names, ", ")
}

// rejects shows a bad certificate three times. The device must give the
// connection up before any byte of MQTT, and come back when the good one is shown.
func (t *T) rejects(certificate string) {
	const times, patience = 3, time.Minute
	t.Ready(returnLimit)
	t.Step("the bench shows a certificate that is %s", certificate)
	t.Fault(bench.Fault{Certificate: certificate})
	t.Drop(bench.DropClose)
	for n := range times {
		open := t.Expect(RetryLimit+time.Second, fmt.Sprintf("attempt %d", n+1), opened)
		if open == nil {
			break
		}
		var said *Event
		end := t.Await(patience, func(e *Event) bool {
			if e.Conn == open.Conn && e.Dir == transcript.In && (e.Kind == transcript.KindPacket || e.Kind == transcript.KindBytes) {
				said = e
			}
			return said != nil || closed(open.Conn)(e)
		})
		switch {
		case said != nil && !t.Declaration.Clock && (certificate == bench.CertExpired || certificate == bench.CertNotYet):
			t.Advise(false, "a certificate that is "+certificate+" rejected", said.describe()+" (the device declares that it has no clock)", said)
		case said != nil:
			t.Check(false, "no MQTT to a server whose certificate is "+certificate, said.describe(), said)
		default:
			t.Check(end != nil && bench.ByDevice(end.Record), "an alert or a close by the device", endOf(end), end)
		}
		if said != nil {
			break // once is enough, and a device that got in may stay
		}
	}
	t.Heal()
	if t.Wire.Conn != 0 {
		t.Drop(bench.DropClose) // it was let in by the bad certificate
		t.Await(RetryLimit, accepted)
	}
	t.Ready(returnLimit)
}

// endOf says how a connection ended.
func endOf(e *Event) string {
	if e == nil {
		return "the connection stays open"
	}
	return e.Name
}

// conn06 closes the port, and then shows a certificate of nobody: what a device
// tries instead of TLS is seen there by its first byte.
func conn06(t *T) {
	t.Ready(returnLimit)
	own := t.credentials()
	var fallen *Event
	stop := t.Observe(func(e *Event) {
		switch {
		case fallen != nil:
		case e.Kind == transcript.KindBytes && e.Dir == transcript.In:
			fallen = e
		case e.Is(transcript.In, "CONNECT") && (e.P.Username != own.Username || e.P.Password != own.Password):
			fallen = e
		}
	})
	defer stop()
	t.Step("the port is closed for %v", PortClosed)
	t.Fault(bench.Fault{Down: bench.DownReset})
	t.Idle(PortClosed/2, nil)
	t.Step("now it is open, but TLS fails: the server is unknown")
	t.Fault(bench.Fault{Certificate: bench.CertUnknownCA})
	t.Idle(PortClosed/2, nil)
	name := t.Wire.Hello
	t.Back()
	if fallen != nil {
		t.Check(false, "no plaintext and no other login while TLS fails", what(fallen), fallen)
	} else {
		t.Check(true, "no plaintext and no other login while TLS fails", "")
	}
	if want := t.Header.ServerName; name != nil && want != "" && net.ParseIP(want) == nil {
		t.Check(strings.EqualFold(name.ServerName, want), "the configured name "+quoted(want)+" asked for all the time", quoted(name.ServerName))
	}
	t.Each("capture", func() {
		if t.Header.Operator == "" {
			t.Skip("what the device sends to other hosts only a capture shows; this run had no operator to upload one")
		}
		t.confirmed(bench.Question{
			Kind: bench.Upload, Evidence: "pcap",
			Text: fmt.Sprintf("Upload the capture of the device's network for the %v that the port was closed. Answer no if it holds a packet "+
				"to a host or port that is not declared (DNS, NTP and DHCP excepted), else yes.", PortClosed),
		}, "no packet to an undeclared host or port")
	})
}

// what says what an event shows of plaintext or of a login.
func what(e *Event) string {
	if e.P != nil {
		return shownLogin(e.P)
	}
	return fmt.Sprintf("%d bytes of no TLS: %q", len(e.Raw), clip(string(e.Raw), 40))
}

func conn09(t *T) {
	t.Ready(returnLimit)
	mark := t.Wire
	t.Fault(bench.Fault{Certificate: bench.CertLongChain})
	t.Drop(bench.DropClose)
	t.Check(t.AwaitReturn(mark, RetryLimit), "the device to connect to a server with a chain of three 4096-bit certificates", t.absence(mark))
	t.Heal()
	if !t.Wire.Ready {
		t.Ready(returnLimit)
	}
}

func conn10(t *T) {
	t.Ready(returnLimit)
	mark := t.Wire
	// A lawful question in a lawful envelope, but far above what a device has to
	// take of one: an error or no answer will do, and the PUBACK is asked for.
	request := miot.Call(t.nextID(), miot.MethodInfo, []byte(`{"pad":""}`)).Payload()
	pad := strings.Repeat("x", TLSRecord-len(request))
	request = []byte(strings.Replace(string(request), `"pad":""`, `"pad":"`+pad+`"`, 1))
	t.SendRequest(request)
	var id uint16
	acked := t.Await(AnswerLimit, func(e *Event) bool {
		if e.Is(transcript.Out, "PUBLISH") && e.P.Size == len(request) {
			id = e.P.ID
		}
		return id != 0 && e.Is(transcript.In, "PUBACK") && e.P.ID == id
	})
	t.Check(acked != nil, fmt.Sprintf("PUBACK for a publish of %d bytes within %v", TLSRecord, AnswerLimit), "none")
	t.AwaitReady(returnLimit)
	t.Alive(mark, 0)
}
