// Package device is a device on the load bench: it logs in, subscribes to its down topics, answers what the gateway asks
// (miIO.info, get_properties, set_properties, action; -32601 for the rest) and counts what the gateway refuses on down/error.
//
// It owns no pace: the caller loops over Next and publishes reports between. The same device runs against every broker, so
// that a comparison compares brokers.
package device
