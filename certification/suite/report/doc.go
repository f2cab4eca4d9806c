// Package report shows what a run came to: to people, to CI systems and to
// programs. Everything in a report follows from the transcripts of the run; it
// judges nothing itself.
//
//	New(suite.Report) → Document
//	Document → JSON       the same, for programs, and for `proofmark judge` to compare with
//	         → JUnit XML  one test suite a group, as CI systems read it
//	         → HTML       one file without scripts and without a network: each failure with its bytes
//	Terminal              lines of a run that goes on, and its end
package report
