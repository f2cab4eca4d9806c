package broker

import (
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// onConnect rewrites a CONNECT so that mochi keeps nothing across connections,
// and refuses what cannot be served with the right CONNACK; mochi answers some of
// these with v5 codes to v3 clients.
func (c *client) onConnect(cl *mqtt.Client, pk *packets.Packet) error {
	c.version = min(pk.ProtocolVersion, 5)
	cl.Properties.ProtocolVersion = c.version
	// The decoder's strings point into the packet, password and all; these ones stay for hours.
	c.id = strings.Clone(pk.Connect.ClientIdentifier)
	pk.Connect.ClientIdentifier = c.id
	c.max = int(pk.Properties.MaximumPacketSize)
	c.flow.window = c.broker.options.InFlight
	if m := int(pk.Properties.ReceiveMaximum); m > 0 {
		c.flow.window = min(c.flow.window, m)
	}
	if code := connectFault(pk); code != packets.CodeSuccess {
		return c.refuseConnect(RuleConnect, code)
	}
	c.willing = pk.Connect.WillFlag && !ownTopic(pk.Connect.WillTopic, c.id)
	if c.willing && !strings.HasPrefix(c.id, appPrefix) {
		return c.refuseConnect(RuleWill, packets.ErrNotAuthorized)
	}
	c.clampKeepAlive(cl, pk)
	pk.Connect.Clean = true
	pk.Connect.WillFlag, pk.Connect.WillRetain, pk.Connect.WillQos = false, false, 0
	pk.Connect.WillTopic, pk.Connect.WillPayload = "", nil
	p := &pk.Properties
	c.terse = p.RequestProblemInfoFlag && p.RequestProblemInfo == 0
	c.expiry = p.SessionExpiryInterval > 0
	*p = packets.Properties{MaximumPacketSize: p.MaximumPacketSize, SessionExpiryIntervalFlag: true}
	return nil
}

// connectFault checks what the protocol says about a CONNECT.
func connectFault(pk *packets.Packet) packets.Code {
	name := string(pk.Connect.ProtocolName)
	known := name == "MQTT" && (pk.ProtocolVersion == 4 || pk.ProtocolVersion == 5) || name == "MQIsdp" && pk.ProtocolVersion == 3
	if !known {
		return packets.ErrUnsupportedProtocolVersion
	}
	if code := pk.ConnectValidate(); code != packets.CodeSuccess {
		return code
	}
	if pk.Properties.AuthenticationMethod != "" {
		return packets.ErrBadAuthenticationMethod
	}
	if n := len(pk.Connect.ClientIdentifier); n == 0 || n > 256 {
		return packets.ErrClientIdentifierNotValid
	}
	return packets.CodeSuccess
}

// refuseConnect answers before mochi does.
func (c *client) refuseConnect(rule Rule, code packets.Code) error {
	c.refusal = code.Code
	ack := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: code.Code}
	c.onConnack(&ack)
	_, _ = c.Write(c.encode(&ack))
	return c.refuse(rule, code, "%s", code.Reason)
}

// clampKeepAlive keeps mochi's uint16 arithmetic from overflowing (at 43,691 s) and
// a silent client from staying for ever. Only MQTT 5 can tell the client.
func (c *client) clampKeepAlive(cl *mqtt.Client, pk *packets.Packet) {
	o := c.broker.options
	asked := time.Duration(pk.Connect.Keepalive) * time.Second
	given := max(asked, o.MinKeepAlive)
	if asked == 0 || asked > o.MaxKeepAlive {
		given = o.MaxKeepAlive
	}
	c.keepAlive = given
	pk.Connect.Keepalive = uint16(given / time.Second)
	cl.State.ServerKeepalive = given != asked
}

// onConnack completes what mochi says in its CONNACK.
func (c *client) onConnack(pk *packets.Packet) {
	pk.SessionPresent = false
	if c.refusal != 0 {
		pk.ReasonCode = c.refusal
		pk.Properties.ReasonString = ""
	}
	if c.version < 5 {
		if c.refusal != 0 {
			pk.ReasonCode = connackV3(c.refusal)
		}
		return
	}
	p := &pk.Properties
	if c.refusal != 0 {
		*p = packets.Properties{}
		return
	}
	p.MaximumPacketSize = uint32(max(c.broker.options.MaxPacket, 0))
	p.SharedSubAvailableFlag, p.SubIDAvailableFlag = true, true // both 0: not available
	p.SessionExpiryIntervalFlag = c.expiry                      // 0: whatever was asked
	// Apps do get retained states; a device has nothing retained and may retain nothing.
	p.RetainAvailableFlag = c.device != nil
}

// ownTopic tells whether a topic belongs to the device of this id.
func ownTopic(topic, did string) bool {
	rest, ok := strings.CutPrefix(topic, "device/")
	if !ok {
		return false
	}
	rest, ok = strings.CutPrefix(rest, did)
	return ok && strings.HasPrefix(rest, "/")
}
