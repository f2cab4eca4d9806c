package virtual

import (
	"crypto/tls"
	"math/rand/v2"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Behaviour is where a mutant departs from the conforming device. The zero value conforms. A func that is nil, and a flag
// that is false, change nothing.
type Behaviour struct {
	// Connection.
	Backoff       func(random *rand.Rand, failures int) time.Duration // the pause after so many failures in a row
	ForgetFailure bool                                                // any session, however short, resets the backoff
	Deaf          bool                                                // does not notice a mute broker
	Unsubscribed  bool                                                // does not subscribe again after the first connect
	HeartbeatEach time.Duration                                       // PINGREQ interval other than ¾ keep-alive
	Password      func(secret string, failures int) string            // what is sent instead of the secret

	Secure         func(*tls.Config)                // what is wrong with the TLS that it speaks
	FallBack       int                              // after so many failures in a row it dials Config.Plain
	ConnectAfter   time.Duration                    // between the open socket and CONNECT
	SubscribeAfter func(sessions int) time.Duration // between CONNACK and SUBSCRIBE; sessions counts from 1
	LargestPacket  int                              // closes the connection on a larger one
	WillTopic      string                           // of a last will; by default there is none
	Patience       time.Duration                    // how long PINGRESP may take
	NeverReset     bool                             // no session, however long, resets the backoff

	// Power.
	BootTime       time.Duration // between power and the first attempt to connect
	KeepsPower     bool          // a power cut does not reach it
	RebootWhenLost bool          // a lost connection makes it start anew
	RebootEach     time.Duration // it starts anew that often

	// Requests.
	Answer       func(request, answer []byte) []byte                                          // what is sent instead; nil: silence
	Judge        func(rule *miot.PropertyRule, raw []byte, v *miot.Violation) *miot.Violation // a write's verdict
	ActTwice     bool                                                                         // no memory of request ids
	ObeyRetained bool                                                                         // acts on retained requests

	// Reports.
	Report      func(rule *miot.PropertyRule, v miot.Value) miot.Value // what is reported instead; the zero Value: nothing
	Interval    time.Duration                                          // between two reports of a property, other than minInterval
	Resend      func(payload []byte) []byte                            // what is sent again instead; nil: nothing
	NoFullState bool                                                   // nothing is reported after a reconnect
	ReportReads bool                                                   // every read causes a report
	Retain      bool                                                   // publishes with RETAIN
}
