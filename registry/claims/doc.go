// Package claims owns how a device comes to its owner, and leaves again: claim
// codes, claims, handovers and releases.
//
// It refuses a code that is not on the device's label, a device that is not there
// to prove its key, and to tell anybody whether a did exists. It does not refuse
// who holds a device that somebody else ordered: the claim stands, and is marked.
//
// The flow of a claim:
//
//	code right? (limits per account, did and address) → device online: it logged in with
//	its key → asked now, answers over that session → whose order? → one transaction:
//	code used, owner, home, claim, audit, notice device.claimed → a new key (miIO.config_key)
//
// The flow back:
//
//	Release: miIO.restore → one transaction: claim ended, nobody's, history gone, label's
//	code good again, key of the factory good again, all others dead
//
// Why a device has to be online, and why a button press alone frees none:
// docs/decisions/0023-homes-claims-and-factories.md.
package claims
