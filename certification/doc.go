// Package certification is the programme: a submission, its runs, the verdicts, the review, the certificate and its log.
//
// Its sub-packages are the bench: virtual is a conforming device that exists in software only; suite judges devices.
package certification
