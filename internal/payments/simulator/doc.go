// Package simulator is a payment service provider that moves no money: a real
// one in every other respect. It is the default, so that a service works, and
// fails, without an account anywhere.
//
// It owns its orders, payments, refunds and balance in a SQLite file of its own,
// its HTTP API, its pay page, and the loop that delivers its signed events. It
// refuses to know who uses it: [Client] reaches it as it would reach any provider,
// over HTTP (or over the same handler without a socket).
//
// The flow of a payment:
//
//	POST /v1/orders → pay page → an instrument is chosen → what that instrument does
//	→ captured (or not) → event queue → POST to the webhook, signed, until it is taken
//
// How a payment goes is chosen by its test instrument (a UPI address, a card number,
// a bank: [Instruments]); how calls and events go wrong, by [Faults]. Everything
// happens at a planned instant of the PSP's own clock, which can be put forward, and
// nothing is answered or sent before it is stored. A real card number is refused, and no
// card number is kept: only its last four digits.
//
// All orders are held in memory beside the file: right for tests, demonstrations
// and benches up to some millions, and not meant for more.
package simulator
