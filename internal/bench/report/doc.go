// Package report chooses what bench devices say: properties_changed reports (protocol §2) that a gateway must accept, of the
// notify properties of a spec, with values that are legal and on the step, and report ids that count up from a random start.
//
// The messages themselves are miot's.
package report
