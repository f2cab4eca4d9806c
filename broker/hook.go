package broker

import (
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// hook is all that mochi knows of us.
type hook struct {
	mqtt.HookBase
	broker *Broker
}

// ID implements mqtt.Hook.
func (h *hook) ID() string { return "proofmark" }

// Provides implements mqtt.Hook.
func (h *hook) Provides(b byte) bool {
	switch b {
	case mqtt.OnPacketRead, mqtt.OnPacketEncode, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish, mqtt.OnWill:
		return true
	}
	return false
}

// OnPacketRead is called with the CONNECT, before mochi looks at it.
func (h *hook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	d, ok := cl.Net.Conn.(*door)
	if !ok || pk.FixedHeader.Type != packets.Connect {
		return pk, errRejected
	}
	d.guest = cl
	err := d.client.onConnect(cl, &pk)
	return pk, err
}

// OnConnectAuthenticate asks the Backend, waits for the session before this one
// to be gone, and is the last chance to say no.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	d, ok := cl.Net.Conn.(*door)
	return ok && d.client.login(&pk)
}

// OnPacketEncode is called with the CONNACK.
func (h *hook) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if d, ok := cl.Net.Conn.(*door); ok && pk.FixedHeader.Type == packets.Connack {
		d.client.onConnack(&pk)
	}
	return pk
}

// OnACLCheck, OnPublish and OnWill cannot be reached: mochi sees no packet after
// CONNECT, and that one without its will. Should it ever, nothing gets through.

// OnACLCheck refuses every publish and every subscription.
func (h *hook) OnACLCheck(*mqtt.Client, string, bool) bool { return false }

// OnPublish refuses with the one error that keeps mochi from acknowledging and
// delivering; with any other it does both.
func (h *hook) OnPublish(_ *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	return pk, packets.ErrRejectPacket
}

// OnWill refuses by emptying.
func (h *hook) OnWill(*mqtt.Client, mqtt.Will) (mqtt.Will, error) { return mqtt.Will{}, nil }
