// Package factory owns how devices come to exist in number: batches of keys for a
// certified model, and the import of devices that were made elsewhere.
//
// It refuses to make more than was allowed, to keep a key or a claim code in clear,
// and to hand a manifest over twice.
//
// The flow of a batch:
//
//	Grant (an operator, with a reason) or campaigns (units funded + agreed spares)
//	→ Make: dids, keys, claim codes → manifest, signed (JWS) and sealed (age, X25519)
//	  to the factory's public key; only hashes and the sealed bytes are stored, in one
//	  transaction with the quota
//	→ Deliver, once: the sealed bytes leave and are forgotten here
//	→ lost? Revoke: the devices nobody claimed are gone, their units may be made again
package factory
