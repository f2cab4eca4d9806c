package broker

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry/bridges"
)

// bridge is what a hub's connection has beside what every app's has.
type bridge struct {
	bridges.Bridge
	receipts receipts
	shelf    shelf
}

func newBridge(c *client, v Viewer) *bridge {
	return &bridge{Bridge: bridges.Bridge{Token: v.Token, Account: v.Account, Home: v.Home}, receipts: receipts{client: c}}
}

// commandCodes are what a v5 bridge is told in PUBACK and PUBREC: of the codes that
// MQTT 5 §3.4.2.1 has for these, the nearest. Its reason string says it in words.
var commandCodes = map[bridges.End]byte{
	bridges.Done:      packets.CodeSuccess.Code,
	bridges.Queued:    packets.CodeSuccess.Code,
	bridges.Malformed: packets.ErrTopicNameInvalid.Code,
	bridges.Unknown:   packets.ErrTopicNameInvalid.Code,
	bridges.Refused:   packets.ErrNotAuthorized.Code,
	bridges.Revoked:   packets.ErrNotAuthorized.Code,
	bridges.Value:     packets.ErrPayloadFormatInvalid.Code,
	bridges.TooOften:  packets.ErrQuotaExceeded.Code,
	bridges.Offline:   packets.ErrImplementationSpecificError.Code,
	bridges.Rejected:  packets.ErrImplementationSpecificError.Code,
	bridges.Expired:   packets.ErrImplementationSpecificError.Code,
	bridges.Failed:    packets.ErrUnspecifiedError.Code,
}

// onCommand takes a bridge's publish. It returns when the command has been taken;
// the acknowledgement follows when it has ended.
func (c *client) onCommand(pk *packets.Packet) error {
	b := c.app.Load().bridge
	ticket, err := b.receipts.open(pk.PacketID, pk.FixedHeader.Qos)
	if err != nil || ticket == again {
		return err
	}
	c.broker.stats.commands.Add(1)
	c.broker.config.Bridges.Command(b.Bridge, readCommand(pk.TopicName, pk.Payload), func(o bridges.Outcome) {
		b.ended(ticket, o)
	})
	return nil
}

func (b *bridge) ended(t ticket, o bridges.Outcome) {
	c := b.receipts.client
	v := verdict{code: commandCodes[o.End]}
	if !o.OK() {
		c.broker.stats.refused[RuleCommand].Add(1)
		v.words = [][]byte{[]byte(string(o.End) + ": " + o.Text)}
	}
	b.receipts.settle(t, v, false)
	if o.End == bridges.Revoked {
		c.stop(tokenEnded)
	}
}

// readCommand takes the topics of protocol §6 apart:
//
//	home/{home}/set/{did}/{siid}/{piid}
//	home/{home}/action/{did}
//
// RETAIN on them says nothing: a command is carried out once and not kept.
func readCommand(topic string, payload []byte) bridges.Command {
	levels := strings.Split(topic, "/")
	if len(levels) < 4 || levels[0] != "home" || levels[1] == "" || !validDID(levels[3]) {
		return unreadable(topic)
	}
	c := bridges.Command{Home: strings.Clone(levels[1]), DID: strings.Clone(levels[3]), Payload: payload}
	switch {
	case levels[2] == "action" && len(levels) == 4:
		return c
	case levels[2] == "set" && len(levels) == 6:
		c.SIID, c.PIID = number(levels[4]), number(levels[5])
		if c.SIID > 0 && c.PIID > 0 {
			return c
		}
	}
	return unreadable(topic)
}

func unreadable(topic string) bridges.Command {
	return bridges.Command{Fault: fmt.Sprintf(
		"topic %.100q: a bridge publishes on home/{home}/set/{did}/{siid}/{piid} and home/{home}/action/{did}", topic)}
}

// number reads a siid or piid as a topic has it: 1 to 65,535 without leading zeros;
// 0 for everything else.
func number(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || s[0] == '0' || s[0] == '+' {
		return 0
	}
	return int(n)
}
