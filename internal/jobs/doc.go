// Package jobs runs durable work: rows that a process leases, runs and completes,
// so that what was begun is finished after a crash, by whichever process lives.
//
//   - A job runs at least once. A handler that was cut off runs again, in another
//     process perhaps, so it must be able to find its work half done.
//   - Enqueue with a key keeps one live job per kind and key.
//   - A job that fails is tried again later and later, and after its last attempt
//     is kept as dead for a person to look at.
//   - What recurs (Every) is one row too: completing a run writes the next one in
//     the same transaction, so that there never are two or none.
//
// The Relay is the other half: it publishes the events that were committed to the
// outbox, in order and at least once, from one process at a time.
package jobs
