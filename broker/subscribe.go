package broker

import (
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"
)

// onSubscribe decides about each filter, answers, and only then starts what the
// filters are for.
func (c *client) onSubscribe(pk *packets.Packet) error {
	if code := pk.SubscribeValidate(); code != packets.CodeSuccess {
		return c.refuse(RuleMalformed, code, "%s", code.Reason)
	}
	if len(pk.Properties.SubscriptionIdentifier) > 0 {
		return c.refuse(RuleBadFilter, packets.ErrSubscriptionIdentifiersNotSupported, "SUBSCRIBE has a subscription identifier")
	}
	codes := make([]byte, len(pk.Filters))
	var after func()
	if c.device != nil {
		for i, s := range pk.Filters {
			codes[i] = c.device.subscribe(s)
		}
		after = func() {
			if c.device.settled() {
				c.device.session.Ready()
			}
		}
	} else {
		after = c.watchAll(pk.Filters, codes)
	}
	c.noteFilters(pk.Filters, codes)
	c.answer(packets.Suback, pk.PacketID, codes)
	after()
	return nil
}

func (c *client) onUnsubscribe(pk *packets.Packet) error {
	if code := pk.UnsubscribeValidate(); code != packets.CodeSuccess {
		return c.refuse(RuleMalformed, code, "%s", code.Reason)
	}
	codes := make([]byte, len(pk.Filters))
	for i, s := range pk.Filters {
		if c.device != nil {
			codes[i] = c.device.unsubscribe(s.Filter)
		} else {
			codes[i] = c.unwatch(s.Filter)
		}
	}
	if c.device != nil {
		c.device.settled()
	}
	c.answer(packets.Unsuback, pk.PacketID, codes)
	return nil
}

// answer sends a SUBACK or UNSUBACK. v3 knows one failure (0x80), and an UNSUBACK
// without codes.
func (c *client) answer(kind byte, id uint16, codes []byte) {
	if c.version < 5 {
		for i, code := range codes {
			if code >= packets.ErrUnspecifiedError.Code {
				codes[i] = packets.ErrUnspecifiedError.Code
			}
		}
	}
	bytes := c.encode(&packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id, ReasonCodes: codes})
	c.post(func(b []byte) []byte { return append(b, bytes...) })
}

// noteFilters counts the refused filters, and logs them in one line.
func (c *client) noteFilters(filters packets.Subscriptions, codes []byte) {
	var refused []string
	for i, code := range codes {
		rule := RuleNone
		switch {
		case code < packets.ErrUnspecifiedError.Code:
			continue
		case code == packets.ErrNotAuthorized.Code:
			rule = RuleForeignFilter
		case code == packets.ErrQuotaExceeded.Code:
			rule = RuleFilterCount
		case code == packets.ErrServerUnavailable.Code, code == packets.ErrUnspecifiedError.Code:
			rule = RuleUnavailable
		default:
			rule = RuleBadFilter
		}
		c.broker.stats.refused[rule].Add(1)
		if len(refused) < 8 {
			refused = append(refused, rule.String()+" "+filters[i].Filter)
		}
	}
	if len(refused) > 0 {
		c.broker.log.Warn("subscriptions refused", "client", c.id, "conn", c.number, "filters", strings.Join(refused, ", "))
	}
}
