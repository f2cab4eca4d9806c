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
	FallBack       int                              // from so many failures in a row on, every other attempt dials Config.Plain
	ConnectAfter   time.Duration                    // between the open socket and CONNECT
	SubscribeAfter func(sessions int) time.Duration // between CONNACK and SUBSCRIBE; sessions counts from 1
	LargestPacket  int                              // closes the connection on a larger one
	WillTopic      string                           // of a last will; by default there is none
	Patience       time.Duration                    // how long PINGRESP may take
	PingsWhenIdle  bool                             // no PINGREQ while something else was sent
	NeverReset     bool                             // no session, however long, resets the backoff

	// Power.
	Boot           func() time.Duration // between power and the first attempt to connect
	KeepsPower     bool                 // a power cut does not reach it
	RebootWhenLost bool                 // a lost connection makes it start anew
	RebootEach     time.Duration        // it starts anew that often

	// Requests.
	Answer       func(request, answer []byte) []byte                                          // what is sent instead; nil: silence
	Judge        func(rule *miot.PropertyRule, raw []byte, v *miot.Violation) *miot.Violation // a write's verdict
	Read         func(rule *miot.PropertyRule, raw []byte) []byte                             // what a property answers instead
	Amend        func(rule *miot.PropertyRule, raw []byte, v miot.Value) miot.Value           // what is kept of a write; the zero Value: nothing
	ActTwice     bool                                                                         // no memory of request ids
	ObeyRetained bool                                                                         // acts on retained requests

	JudgeAction    func(rule *miot.ActionRule, v *miot.Violation) *miot.Violation // a call's verdict; rule is nil for an unknown action
	AnswerTwice    bool                                                           // each answer goes out twice
	AnswerAfter    time.Duration                                                  // each answer goes out so late
	NeverCompletes bool                                                           // code 1 is all that becomes of a deferred write
	Forgetful      bool                                                           // settings do not survive a power cut

	// Reports.
	Report      func(rule *miot.PropertyRule, v miot.Value) miot.Value // what is reported instead; the zero Value: nothing
	Interval    time.Duration                                          // between two reports of a property, other than minInterval
	Resend      func(payload []byte) []byte                            // what is sent again instead; nil: nothing
	NoFullState bool                                                   // nothing is reported after a reconnect
	ReportReads bool                                                   // every read causes a report
	Retain      bool                                                   // publishes with RETAIN

	SilentSet     func(rule *miot.PropertyRule) bool // a remote change of it is not reported
	SilentLocal   bool                               // a change at the device is not reported
	ReportAll     bool                               // also what has no notify is reported
	ReportRefused bool                               // a refused write is reported
	Throttle      bool                               // what changes within the interval of the report before is not reported at all
	Chatter       time.Duration                      // every sensor is reported so often, whether it moves or not
	Clock         time.Duration                      // by which its timestamps are off

	// Events.
	Event      func(*miot.Occurrence) // what is wrong with an event
	StrayEvent int                    // an event of this eiid follows each connect
	EventQoS   func() byte            // the QoS of an event; nil: 1
	StampLate  bool                   // an event carries the time at which it is sent

	// Packets and payloads.
	Send        func(packet []byte) [][]byte // what goes out in place of a packet, CONNECT aside
	Hear        func(payload []byte) []byte  // what a request is taken for
	Crash       func(payload []byte) bool    // a request at which it starts anew
	Overload    int                          // it starts anew at more requests than this in ten seconds
	Lenient     bool                         // takes illegal MQTT without a word
	SlowReader  time.Duration                // it starts anew over a packet that takes longer to come
	Resubscribe time.Duration                // the pause after a refused subscription

	// Whom it obeys.
	AnyDID        bool // also what is meant for another did
	AnyTopic      bool // also what is sent to another device
	KeepsSettings bool // a factory reset leaves the settings
	KeepsSecret   bool // a factory reset leaves the configured secret
	ShortMemory   bool // requests are forgotten with the connection
	TellsKey      bool // miIO.info tells the login secret

	// Updates.
	NoHash        bool // a damaged image is installed
	NoSignature   bool // an image of anybody is installed
	NoFloor       bool // an image of any age is installed
	NoValidation  bool // a download from anywhere is installed
	NoRetry       bool // a download that broke off is given up
	LosesSettings bool // an update erases the settings
	Bricks        bool // a power cut during an update leaves it dead for long
}
