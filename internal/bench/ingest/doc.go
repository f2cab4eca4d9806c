// Package ingest measures QoS 1 reports: devices that keep a window of unacknowledged ones full, against one broker after
// another, in interleaved rounds.
//
// It owns the pace of the devices, the app that listens to all of them, and [Verify], which drives a gateway that is killed
// and tells what it had acknowledged.
//
// One run: connect all → warm up → count PUBACKs that arrive within the measured span → stop → wait for the rest. A report
// that the gateway refuses fails the bench: what is refused is acknowledged too, but not stored.
package ingest
