// Package health keeps a certificate honest with what the delivered devices do.
//
// It owns the thresholds of field health, the test that says when a firmware has
// drifted, the flags, and the reviewers' queue of them. It refuses to judge by a
// feeling: a score is a pure function of counts that everybody concerned may see,
// and no certificate is suspended by anything but a person who looked at the bytes.
//
// The flow:
//
//	registry counts device-days per product, firmware and rule   (registry/field.go)
//	       → Desk.Evaluate: Judge(days, rule) for each firmware that is certified
//	       → past its limit: a Flag with its evidence, and the notice health.flagged
//	       → a reviewer looks: Dismiss with a reason, or Uphold: the certificate is suspended
//	       → the gate closes; rollouts of the firmware stop
//
// docs/field-health.md says why this test, and how often it is wrong.
package health
