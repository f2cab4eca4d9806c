// Package campaigns sells what does not exist yet, honestly: a campaign of a
// certified product, the orders of its backers, their payments and refunds, and a
// ledger in which every paisa has a place.
//
// It owns the states of a campaign, an order, a payment, a refund and a shipment
// and which may follow which (state.go and the files named after them), how stock
// is given out (decide.go), and the chart of accounts with the postings of each
// change (account.go, posting.go).
//
// It refuses to sell more than there is, to sell after the deadline or while the
// certificate gate is closed, to take money twice, and to keep money that belongs
// to no order.
//
// The flow of an order:
//
//	Book.Reserve, Capture, Cancel, Release … ── one queue per process
//	    │  what queued while the last commit ran is the next transaction
//	Store.Apply: lock the campaigns' counters, load what the batch is about
//	    │
//	Decide(snapshot, batch): a pure function; each gets its answer, in order
//	    │
//	one commit: counters, orders, postings ── then everybody is answered
package campaigns
