// Package certify runs many certification benches at once in one process, each
// with a virtual device of its own, in real time, and counts what the load did to
// the verdicts: the same device alone is the reference. It measures the suite, not
// a device.
package certify
