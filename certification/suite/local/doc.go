// Package local is the suite on a startup's own table: what `proofmark test` and
// `proofmark judge` do, without an account and without a service.
//
//	Options → Test: reads files, opens a listener (or makes a virtual device), tells how to
//	          reach the bench, runs the suite, writes the report
//	Init:     writes a declaration to start from
//	Rejudge:  the verdicts again, from the transcripts of a folder alone
package local
