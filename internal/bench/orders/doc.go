// Package orders measures orders of one hot campaign over HTTP: 256 kept connections, each with one order on its way, every
// order with an idempotency key of its own, against one server that batches and one that gives every order a transaction, by
// turns.
//
// It owns the load generator, a client of HTTP/1.1 that does no more than it must, and [Shop], which a test that kills the
// server uses too.
//
// One run: connect → warm up → count answers 201 that arrive within the measured span → stop → audit the books. A run whose
// books do not agree, or that lacks an acknowledged order, fails the bench.
package orders
