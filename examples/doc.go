// Package examples holds devices that are not ours: each folder is one, written
// as a maker would write it, with a library that we have no hand in. They show
// how to bring a device to a passing run, and the test of this package shows
// that the certification suite asks nothing that only our own virtual device
// does.
package examples
