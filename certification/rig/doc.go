// Package rig runs submissions' devices through the suite on the service.
//
//	Start, Resume → a queued run → a node with a bench takes it, under a lease
//	front         → each connection of a device goes to the bench of its run
//	execute       → suite.Live in a folder; progress on the bus, questions to people
//	conclude      → transcripts, report and results into the stores, then the state
//
// The transcripts are the run: a process that is killed leaves them in the run's
// folder, and the next start of the node makes an interrupted run of them that can
// be resumed. The folder stays until its evidence is stored elsewhere, and until
// then no other node takes the run up.
//
// It refuses to run what is not in testing, to count what was another firmware,
// spec, declaration or suite, and to keep a secret: that of a bench follows from
// the installation's key each time it is needed.
package rig
