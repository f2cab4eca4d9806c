// Package signing holds the keys that the programme signs with, and reads what
// they signed.
//
// A key has one purpose: certificates, the log's checkpoints, or the status list.
// The private half is a file in the data folder, which only its owner may read;
// the public half is in the store, with the time for which it stands, so that all
// processes and all verifiers know the same keys. Rotation ends a key and begins
// the next: what the old one signed stays valid, and its public half stays
// published. A key that was compromised is revoked: nothing counts that it signed
// from then on, and of logs and status lists, which are always signed again,
// nothing at all.
//
// The package refuses to sign with a key that the store does not call current.
// Signatures are Ed25519; certificates and status lists are compact JWS (RFC
// 7515) by go-jose, with exactly the header members alg, kid and typ.
package signing
