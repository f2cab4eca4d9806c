package broker

import (
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

// Rule names what a client broke, in logs and counters.
type Rule uint8

// The rules. What happens to the one who breaks them stands in doc.go.
const (
	RuleNone Rule = iota
	RuleConnectTimeout
	RuleConnectLimit
	RuleConnectRate
	RuleTLS
	RuleMalformed
	RulePacketSize
	RuleConnect
	RuleClientID
	RuleWill
	RuleLogin
	RuleUnavailable
	RuleSecondConnect
	RuleAuth
	RuleUnexpected
	RuleForeignTopic
	RuleDollarTopic
	RuleWildcardTopic
	RuleTopicAlias
	RuleRetain
	RuleAppPublish
	RuleWindow
	RuleRate
	RuleForeignFilter
	RuleBadFilter
	RuleFilterCount
	RuleTooSlow
	RuleCommand
	rules // their number
)

var ruleNames = [rules]string{
	"", "connect-timeout", "connection-limit", "connect-rate", "tls-handshake", "malformed", "packet-size", "connect",
	"client-id", "will", "login", "unavailable", "second-connect", "auth", "unexpected-packet", "foreign-topic",
	"dollar-topic", "wildcard-topic", "topic-alias", "retain", "app-publish", "receive-maximum", "rate",
	"foreign-filter", "bad-filter", "filter-count", "too-slow", "command",
}

// String is the rule's name, such as "foreign-topic".
func (r Rule) String() string { return ruleNames[r] }

// ending is why and how a connection ends. The first one counts.
type ending struct {
	reason registry.Reason
	rule   Rule
	code   byte   // of the DISCONNECT that a v5 client gets; 0 sends none
	text   string // its reason string
}

func broke(rule Rule, code packets.Code, text string) ending {
	if text == "" {
		text = code.Reason
	}
	return ending{reason: registry.ReasonProtocol, rule: rule, code: code.Code, text: text}
}

// endingFor says for each reason that comes from outside what a v5 client is told.
func endingFor(reason registry.Reason) ending {
	code := packets.ErrAdministrativeAction
	switch reason {
	case registry.ReasonReplaced:
		code = packets.ErrSessionTakenOver
	case registry.ReasonRevoked:
		code = packets.ErrNotAuthorized
	case registry.ReasonQuarantine:
		code = packets.ErrBanned
	case registry.ReasonStopping, registry.ReasonNodeLost:
		code = packets.ErrServerShuttingDown
	case registry.ReasonKeepAlive:
		code = packets.ErrKeepAliveTimeout
	case registry.ReasonTooSlow:
		code = packets.ErrQuotaExceeded
	case registry.ReasonProtocol:
		code = packets.ErrProtocolViolation
	case registry.ReasonClosed, registry.ReasonLost:
		return ending{reason: reason}
	}
	return ending{reason: reason, code: code.Code, text: string(reason)}
}

// tokenEnded is what an app or a bridge is told whose token no longer opens.
var tokenEnded = ending{reason: registry.ReasonRevoked, code: packets.ErrNotAuthorized.Code, text: "the token has ended"}

// homeLeft is what an app is told that has lost a home: its token still opens, and a
// new SUBSCRIBE says what it may see now.
var homeLeft = ending{reason: "home left", code: packets.ErrAdministrativeAction.Code, text: "no longer in that home: connect and subscribe again"}

// connackV3 turns a v5 reason code into the return code of MQTT 3.1.1 §3.2.2.3.
func connackV3(code byte) byte {
	switch code {
	case packets.CodeSuccess.Code:
		return 0
	case packets.ErrUnsupportedProtocolVersion.Code:
		return 1
	case packets.ErrClientIdentifierNotValid.Code:
		return 2
	case packets.ErrServerUnavailable.Code, packets.ErrServerBusy.Code:
		return 3
	case packets.ErrBadUsernameOrPassword.Code:
		return 4
	}
	return 5
}
