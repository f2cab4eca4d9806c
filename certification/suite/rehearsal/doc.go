// Package rehearsal brings a virtual device to a bench and stands in for the
// operator at it: what a person would do to a real device, it does to this one.
//
//	New → Attach: the device dials the bench in memory, and runs until the run ends
//	      Ask:    power, local changes, events, the reset key; yes to what only eyes can see
//
// It is what `proofmark test --virtual` runs, and what certifies the suite. It
// judges nothing.
package rehearsal
