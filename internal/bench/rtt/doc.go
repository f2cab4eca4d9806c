// Package rtt measures command round trips, one at a time.
//
// Against the gateway a command is HTTP → device → HTTP: POST /api/v1/devices/{did}/requests on a kept connection, the device
// on its own MQTT connection answering; the devices take turns. Against a bare broker it is the same request and response between two MQTT clients,
// every hop at QoS 1 as the gateway does it. (Arbitrary clients cannot talk to each other through the gateway: its ACL is
// there to prevent it. So the bare figure comes from bare mochi, the library that the gateway's broker is.)
//
// The device is the same code in all cases, in this process, as is the caller.
package rtt
