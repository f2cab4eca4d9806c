package broker

import (
	"errors"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

// onPublish takes a publish. It returns when the report is queued, not
// when it is stored: the acknowledgement comes from settle, out of line.
func (c *client) onPublish(pk *packets.Packet) error {
	if err := c.checkPublish(pk); err != nil {
		return err
	}
	d := c.device
	if d == nil {
		return c.onCommand(pk)
	}
	rest, _ := strings.CutPrefix(pk.TopicName[len("device/")+len(d.did):], "/up/")
	switch rest {
	case registry.MethodProperties, registry.MethodEvent, "response":
	default:
		return c.refuse(RuleForeignTopic, packets.ErrTopicNameInvalid,
			"topic %q: a device publishes on its own up/properties_changed, up/event_occured and up/response", pk.TopicName)
	}
	ticket, err := d.receipts.open(pk.PacketID, pk.FixedHeader.Qos)
	if err != nil || ticket == again {
		return err
	}
	if rest == "response" {
		c.broker.stats.responses.Add(1)
		d.session.Response(pk.Payload)
		d.settle(ticket, registry.Outcome{})
		return nil
	}
	method := registry.MethodProperties // not a slice of the packet, which it would keep alive
	if rest == registry.MethodEvent {
		method = registry.MethodEvent
	}
	c.broker.stats.reports.Add(1)
	err = d.session.Report(c.ctx, registry.Arrival{Method: method, Payload: pk.Payload, Droppable: pk.FixedHeader.Qos == 0},
		func(o registry.Outcome) { d.settle(ticket, o) })
	return c.reportFailed(pk, err)
}

// reportFailed deals with a report that will not be stored. It is never
// acknowledged: the device keeps it and sends it again.
func (c *client) reportFailed(pk *packets.Packet, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, registry.ErrBusy) && pk.FixedHeader.Qos == 0:
		c.broker.stats.dropped.Add(1)
		return nil
	case c.ctx.Err() != nil: // it ends anyway
	case errors.Is(err, registry.ErrStopped):
		c.stop(endingFor(registry.ReasonStopping))
	default:
		c.stop(ending{reason: registry.ReasonLost, code: packets.ErrUnspecifiedError.Code, text: "report not taken: " + err.Error()})
	}
	return errRejected
}

// checkPublish is what a publish must be before it is looked at.
func (c *client) checkPublish(pk *packets.Packet) error {
	code := pk.PublishValidate(0)
	switch {
	case code == packets.ErrProtocolViolationSurplusWildcard:
		return c.refuse(RuleWildcardTopic, packets.ErrTopicNameInvalid, "topic %q has a wildcard", pk.TopicName)
	case code == packets.ErrTopicAliasInvalid:
		return c.refuse(RuleTopicAlias, code, "topic alias %d: the maximum is 0", pk.Properties.TopicAlias)
	case code != packets.CodeSuccess:
		return c.refuse(RuleMalformed, code, "%s", code.Reason)
	case c.device == nil && c.app.Load().bridge != nil:
		return nil // whatever is wrong with its topic is answered: hubs also publish what is not for us
	case c.device == nil:
		return c.refuse(RuleAppPublish, packets.ErrNotAuthorized, "an app does not publish; it commands over HTTPS")
	case strings.HasPrefix(pk.TopicName, "$"):
		return c.refuse(RuleDollarTopic, packets.ErrTopicNameInvalid, "topic %q is the broker's", pk.TopicName)
	case !ownTopic(pk.TopicName, c.device.did):
		return c.refuse(RuleForeignTopic, packets.ErrNotAuthorized, "topic %q is not device %s's", pk.TopicName, c.device.did)
	case pk.FixedHeader.Retain:
		return c.refuse(RuleRetain, packets.ErrRetainNotSupported, "publish on %q with RETAIN", pk.TopicName)
	}
	return nil
}
