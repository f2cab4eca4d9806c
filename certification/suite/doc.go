// Package suite is the certification suite: the cases that judge a device, one
// file per group of docs/catalogue.md, and what runs and judges them.
//
// It owns the verdict. A [Verdict] is a pure function of a transcript: a case's
// Run speaks to a [T], which sees the run only through the records of the
// transcript, whether they are being written (a live run against a bench) or
// were stored long ago ([Judge]). The same code gives both verdicts.
//
// The flow of a live run:
//
//	Run → for each case of the plan: begin record → Case.Run(T) → end record
//	T.Do → "do" record → the bench acts → what crosses the wire is appended
//	T.Expect, T.Never, T.Ask → the next records, or a time-out record
//	Judge(records) → results, for the report; the live run keeps nothing else
//
// It refuses to pass what executed nothing, to turn a FAIL into a pass within
// one attempt, and to hold a secret.
package suite
