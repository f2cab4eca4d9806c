// Package transcript is the evidence of a run: an append-only file of JSON
// lines that holds everything that crossed the wire, every step and fault of
// the bench, and every answer of an operator, in one order with monotonic time.
//
// A verdict is a pure function of a transcript, so nothing that a case looks at
// may come from anywhere else. Record 0 is the [Header]: what was tested, by
// which release of the suite, with which declaration, seed and plan.
//
// What it refuses to hold: secrets. A [Writer] is told them and writes
// «secret:NAME» in their place, in text and in raw bytes.
package transcript
