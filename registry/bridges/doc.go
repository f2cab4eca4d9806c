// Package bridges owns what a hub such as Home Assistant does in a home through its
// bridge token: what it commands, how often, what became of that, and what it is
// shown of the home's devices.
//
// It refuses to know MQTT and SQL: commands come from the broker, which has read the
// topics of protocol §6, and go to the registry, which judges them as it does
// everybody's. A bridge reaches no further than the member who made it: not into
// another home, to no device that stands elsewhere, and nowhere once the member has
// become a guest or has gone, or the token has ended.
//
// The flow of a command:
//
//	Command → how often → its device's lane → rights → the spec → the device
//	        → done(Outcome), within 8 s whatever the device does
//
// Commands for one device are carried out one after the other, in the order in which
// they came; those for different devices side by side.
package bridges
