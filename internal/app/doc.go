// Package app wires the service together and owns its life: New checks the
// configuration, Start brings the parts up in the order in which they need each
// other, Stop takes them down in the reverse order.
//
//	store → bus → auth, registry → payments → jobs → broker → HTTP, metrics → demo
//
// Nothing else in the project knows all parts.
package app
