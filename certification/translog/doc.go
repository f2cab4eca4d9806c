// Package translog is the programme's transparency log: everything that ever
// happened to a certificate, in an order that nobody can change unseen.
//
// A leaf is an [Event] in canonical JSON. It is appended in the transaction of
// the fact itself ([Head.Append], called by the store), so there is no fact
// without a leaf and no leaf without a fact. The Merkle tree over the leaves is
// that of RFC 6962, by golang.org/x/mod/sumdb/tlog; the store keeps the leaves,
// the hashes of the tiles, and the right edge of the tree, which is all that an
// append has to read.
//
//	transaction ─Append─▶ leaf, hashes, edge
//	            commit  ─▶ Signer: consistent with all that was signed before? ─▶ checkpoint
//	                                                                  Log ─▶ tiles, entries, proofs
//
// [Signer] signs committed sizes, each a continuation of the one before. It
// refuses, and says so loudly, when the tree it finds is another one than it has
// signed, as after a restored old backup: two different logs under one key must
// not exist. [Log] serves what the newest checkpoint covers, as C2SP tlog-tiles
// (https://c2sp.org/tlog-tiles) with a C2SP tlog-checkpoint
// (https://c2sp.org/tlog-checkpoint), and makes proofs from tiles that it has
// checked against that checkpoint.
//
// The package knows neither HTTP nor SQL. What a verifier needs
// ([ParseCheckpoint], [Inclusion], [Consistency]) needs no store.
package translog
